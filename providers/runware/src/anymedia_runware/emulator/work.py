"""What a task is to do: how many results, how long each takes, what it costs and what it yields."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from anymedia_runware.emulator.behaviour import Behaviour
from anymedia_runware.emulator.inputs import Inputs
from anymedia_runware.emulator.media import Artefact, MediaHost
from anymedia_runware.emulator.models import Catalogue, ModelFacts
from anymedia_runware.emulator.shapes import number_in, object_of

__all__ = [
    "AUDIO_SECONDS",
    "IMAGE_SECONDS",
    "MODEL_SECONDS",
    "STAGE_SECONDS",
    "TEXT_SECONDS",
    "TOOL_SECONDS",
    "TRAINING_SECONDS",
    "VIDEO_SECONDS",
    "VIDEO_TOOL_SECONDS",
    "Order",
    "Product",
    "Work",
]

# How long the emulated service takes for one result, in emulated seconds.
IMAGE_SECONDS = 4.0
TOOL_SECONDS = 2.0
AUDIO_SECONDS = 8.0
VIDEO_SECONDS = 30.0
VIDEO_TOOL_SECONDS = 20.0
MODEL_SECONDS = 40.0
TEXT_SECONDS = 3.0
TRAINING_SECONDS = 600.0
# All stages together stay within what a synchronous answer may take.
STAGE_SECONDS = 20.0


@dataclass(frozen=True)
class Order:
    """An accepted request with all that is needed to carry it out.

    Args:
        task: The request as sent.
        task_type: Its current name, also where the legacy one was sent.
        model: The model that does it.
        limits: The windows that hold for it.
        catalogue: Where new models go.
        inputs: Its media.
        host: Where results are put.
        behaviour: The service's choices.
        rng: Where seeds come from.
    """

    task: Mapping[str, Any]
    task_type: str
    model: ModelFacts
    limits: Mapping[str, Any]
    catalogue: Catalogue
    inputs: Inputs
    host: MediaHost
    behaviour: Behaviour
    rng: random.Random

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter, from `settings` too, where the 2026 dialect puts some."""
        value = self.task.get(name)
        if value is None:
            value = object_of(self.task.get("settings")).get(name)
        return default if value is None else value

    def number(self, name: str, default: float) -> float:
        """A parameter that is a number, or `default`."""
        return number_in({name: self.get(name)}, name, default)

    def whole(self, name: str, default: int) -> int:
        """A parameter that is a whole number, or `default`."""
        return round(self.number(name, default))

    def format(self, default: str) -> str:
        """The extension of the result's file."""
        return str(self.get("outputFormat", default)).lower()

    def keep(self, kind: str, format: str, render: Callable[[], bytes], about: str = "") -> Artefact:
        """Put a result on the media host, for as long as the request says; `about` is what it shows."""
        lifetime = self.number("ttl", self.behaviour.url_lifetime)
        return self.host.add(kind, format, str(self.task["taskType"]), render, lifetime, about=about)


@dataclass(frozen=True)
class Product:
    """One result: plain fields, and a medium with the prefix its fields carry; without one it stands in `outputs`."""

    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    artefact: Artefact | None = None
    prefix: str = ""


@dataclass(frozen=True)
class Work:
    """A task worked out.

    Args:
        count: How many results it yields.
        seconds: Emulated seconds one result takes.
        price: US dollars per result.
        produce: Makes result `index`, without rendering anything yet.
        staged: Whether the results are stages of one thing, ready one after the other.
        fails: Whether the last stage is a failure.
        done: Called when result `index` is ready.
    """

    count: int
    seconds: float
    price: Decimal
    produce: Callable[[int], Product]
    staged: bool = False
    fails: bool = False
    done: Callable[[int], None] = lambda _: None
