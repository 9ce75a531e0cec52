"""Words: about media, for media, or in answer to words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic.dataclasses import dataclass

from anymedia.json import JSON
from anymedia.requests.base import CountField, InputField, PromptField, ReferencesField, Request, SeedField
from anymedia.results import Result, TextResult

__all__ = ["CaptionImage", "CaptionVideo", "EnhancePrompt", "GenerateText", "Message"]


@dataclass(frozen=True)
class Message:
    """One earlier turn of a conversation."""

    role: Literal["user", "assistant", "system"]
    content: str


class _Words(Request[TextResult]):
    """What every text has in common."""

    result_type: ClassVar[type[Result]] = TextResult


class CaptionImage(_Words):
    """What is to be seen in an image.

    Attributes:
        image: Where to look.
        prompt: What to look for, where the model can be asked.
    """

    operation: ClassVar[str] = "caption_image"

    image: InputField
    prompt: PromptField | None = None


class CaptionVideo(_Words):
    """What is to be seen, or heard, in a film.

    Attributes:
        video: Where to look.
        prompt: What to look for, where the model can be asked.
    """

    operation: ClassVar[str] = "caption_video"

    video: InputField
    prompt: PromptField | None = None


class EnhancePrompt(_Words):
    """Richer words for a generation.

    Attributes:
        prompt: What to enrich.
        max_tokens: The longest answer, in the model's tokens.
        count: How many versions.
    """

    operation: ClassVar[str] = "enhance_prompt"

    prompt: PromptField
    max_tokens: CountField | None = None
    count: CountField = 1


class GenerateText(_Words):
    """An answer in words.

    Attributes:
        prompt: What is asked.
        system_prompt: How to answer.
        messages: Earlier turns, oldest first.
        references: Media the prompt is about.
        max_tokens: The longest answer, in the model's tokens.
        temperature: How freely words are chosen; 0 is not at all.
        top_p: The share of likely words that are chosen from, 0 to 1.
        json_schema: What the answer must look like, as a JSON Schema; the answer is then JSON.
        stream: Whether the text is sent piece by piece: `Snapshot.text` of `task.events()` is what there is so
            far. A stream is one text.
        count: How many answers.
        seed: Repeats a result where the model allows it.
    """

    operation: ClassVar[str] = "generate_text"

    prompt: PromptField
    system_prompt: str | None = Field(default=None, min_length=1)
    messages: Annotated[Sequence[Message], AfterValidator(tuple)] = ()
    references: ReferencesField = ()
    max_tokens: CountField | None = None
    temperature: float | None = Field(default=None, ge=0)
    top_p: float | None = Field(default=None, ge=0, le=1)
    json_schema: Mapping[str, JSON] | None = None
    stream: bool = False
    count: CountField = 1
    seed: SeedField | None = None

    @model_validator(mode="after")
    def _one_text_in_a_stream(self) -> Self:
        if self.stream and self.count > 1:
            raise ValueError("a stream is one text: count is 1")
        return self
