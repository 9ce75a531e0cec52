"""What the made-up vendor sells: one model that draws from a prompt."""

from anymedia.catalog import Capabilities, Catalog, ModelInfo, Range, Size

__all__ = ["CATALOG"]

_SKETCH = Capabilities(
    fields=frozenset({"prompt", "size", "seed"}),
    sides=Range(16, 1024, 16),
    size_required=True,
    default_size=Size(512, 512),
    prompt=Range(1, 1000),
    seeds=Range(0, 2**31 - 1, 1),
    confirmed=frozenset({"sizes", "prompt", "seeds"}),
)
CATALOG = Catalog(
    "example",
    [ModelInfo(id="sketch-1", names=("sketch",), operations={"text_to_image": _SKETCH})],
    defaults={"text_to_image": "sketch-1"},
)
