"""controlNetPreprocess: the guide pictures that ControlNets take."""

from anymedia.testing import render
from anymedia.testing.render.pictures import encoded
from anymedia_runware.emulator.asking import asked_size, subject
from anymedia_runware.emulator.masks import named_input
from anymedia_runware.emulator.prices import price
from anymedia_runware.emulator.work import TOOL_SECONDS, Order, Product, Work

__all__ = ["preprocess"]

_LOW, _HIGH = 100, 200


def preprocess(order: Order) -> Work:
    """controlNetPreprocess: the kind is named by the model, or by `preProcessorType` in older requests."""
    source, format = subject(order), order.format("jpg")

    def produce(_: int) -> Product:
        made = order.keep("image", format, lambda: _guide(order, format))
        return Product({"inputImageUUID": named_input(order, source)}, made, "guideImage")

    return Work(1, TOOL_SECONDS, price("controlNetPreprocess"), produce)


def _guide(order: Order, format: str) -> bytes:
    named = order.model.air.rpartition("@")[2].replace("-", "_")
    kind = named if named in render.GUIDES else str(order.get("preProcessorType", "canny"))
    picture = render.guide(
        subject(order).read(),
        kind,
        low=order.whole("lowThresholdCanny", _LOW),
        high=order.whole("highThresholdCanny", _HIGH),
        details=bool(order.get("includeHandsAndFaceOpenPose", True)),
        size=asked_size(order),
    )
    return encoded(picture.convert("RGB"), format)
