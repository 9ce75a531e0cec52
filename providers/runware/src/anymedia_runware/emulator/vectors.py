"""vectorize: drawings as SVG, traced from a picture or drawn from text."""

from anymedia.testing import render
from anymedia_runware.emulator.asking import first, mixed, prompt, seed_of
from anymedia_runware.emulator.prices import price
from anymedia_runware.emulator.sizes import image_size
from anymedia_runware.emulator.work import TOOL_SECONDS, Order, Product, Work

__all__ = ["vectorize"]

# What text is drawn at before it is traced, which shows no more.
_DRAWN_SIDE = 256


def vectorize(order: Order) -> Work:
    """vectorize, either way."""
    seed = seed_of(order)

    def produce(_: int) -> Product:
        return Product({}, order.keep("image", "svg", lambda: _drawing(order, seed), about=prompt(order)), "image")

    return Work(1, TOOL_SECONDS, price("vectorize"), produce)


def _drawing(order: Order, seed: int) -> bytes:
    given = first(order.inputs.of_kind("image"))
    if given is not None and not prompt(order):
        return render.trace(given.read())
    width, height = image_size(order.task, given)
    scale = min(1.0, _DRAWN_SIDE / max(width, height))
    picture = render.image(
        prompt(order),
        seed=mixed(order, seed),
        width=max(16, round(width * scale)),
        height=max(16, round(height * scale)),
        references=[] if given is None else [given.read()],
    )
    return render.trace(picture, size=(width, height))
