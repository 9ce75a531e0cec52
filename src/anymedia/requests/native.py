"""What is done with a vendor rather than with media: its own calls, and models trained there."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from anymedia.json import JSON
from anymedia.requests.base import CountField, InputField, Request
from anymedia.results import RawResult, Result, TrainingResult

__all__ = ["Native", "TrainModel"]


class TrainModel(Request[TrainingResult]):
    """A new model, taught by examples. `model` names what is trained.

    Attributes:
        dataset: A zip archive of examples.
        trigger_word: By which prompts will call for what was learned.
        steps: How long to train.
        learning_rate: How much each step changes.
        name: For people, of the new model.
    """

    operation: ClassVar[str] = "train_model"
    result_type: ClassVar[type[Result]] = TrainingResult

    dataset: InputField
    trigger_word: str | None = Field(default=None, min_length=1)
    steps: CountField | None = None
    learning_rate: float | None = Field(default=None, gt=0)
    name: str | None = Field(default=None, min_length=1)


class Native(Request[RawResult]):
    """A vendor's own call, journalled and followed like any other.

    Attributes:
        provider: Who is called.
        call: `POST /v1/sound_effect` at Runway, a task type at Runware.
        payload: The body as the vendor documents it, without ids and keys.
    """

    operation: ClassVar[str] = "native"
    result_type: ClassVar[type[Result]] = RawResult

    provider: str
    call: str = Field(min_length=1)
    payload: Mapping[str, JSON] = Field(default_factory=dict)
