"""3dInference: models as GLB files, turned from a prompt or raised from a picture."""

from anymedia.testing import render
from anymedia_runware.emulator.asking import count, first, mixed, prompt, read, seed_of
from anymedia_runware.emulator.prices import price
from anymedia_runware.emulator.work import MODEL_SECONDS, Order, Product, Work

__all__ = ["make_models"]

# More faces than this ask for a finer mesh.
_MANY_FACES = 10_000


def make_models(order: Order) -> Work:
    """3dInference: each result is one file under `outputs`."""
    seed = seed_of(order)

    def produce(index: int) -> Product:
        made = order.keep("model", "glb", lambda: _model(order, seed + index), about=prompt(order))
        files = [{"uuid": made.uuid, "url": order.host.url(made)}]
        return Product({"outputs": {"files": files}, "seed": seed + index}, made)

    return Work(count(order), MODEL_SECONDS, price("3dInference"), produce)


def _model(order: Order, seed: int) -> bytes:
    meshes = order.inputs.of_kind("model")
    picture = first(order.inputs.sources("image", "images", "referenceImages", "inputImage", "inputImages"))
    if meshes and picture is None:
        return meshes[0].read()
    faces = next((order.get(name) for name in ("faceCount", "faceLimit", "polyCount") if order.get(name)), 0)
    detail = 2 if isinstance(faces, int) and faces > _MANY_FACES else 1
    return render.model(prompt(order), seed=mixed(order, seed), picture=read(picture), detail=detail)
