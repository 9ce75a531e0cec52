"""Results as data: outputs, what they cost, and what the caller should know about them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, field_serializer, field_validator
from typing_extensions import override

from anymedia.errors import ConfigurationError, MediaError
from anymedia.json import JSON
from anymedia.logs import shorten_url
from anymedia.media import Media
from anymedia.refs import TaskRef

__all__ = [
    "AsyncSaver",
    "AudioResult",
    "Cost",
    "ImageResult",
    "Model3DResult",
    "Notice",
    "Output",
    "OutputKind",
    "RawResult",
    "Result",
    "SyncSaver",
    "TextResult",
    "TrainingResult",
    "VideoResult",
]

OutputKind = Literal["image", "video", "audio", "text", "model", "weights", "file"]
SyncSaver = Callable[["Result", "str | PathLike[str]", bool], list[Path]]
AsyncSaver = Callable[["Result", "str | PathLike[str]", bool], Awaitable[list[Path]]]


class _Value(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Cost(_Value):
    """What a task costs. An unknown cost is None in its place, never 0.

    Attributes:
        amount: How much, in `unit`.
        unit: `USD`, or the provider's `credits`.
        final: False for an estimate that may still change.
        usd: The same in US dollars, where the provider publishes a rate.
    """

    amount: Decimal
    unit: Literal["USD", "credits"]
    final: bool = True
    usd: Decimal | None = None

    @override
    def __str__(self) -> str:
        about = "" if self.final else "about "
        if self.unit == "USD":
            return f"{about}${self.amount:f}"
        return f"{about}{self.amount:f} credit{'' if self.amount == 1 else 's'}"


class Notice(_Value):
    """Something the caller should know that is not an error.

    Attributes:
        code: A stable word: `dropped`, `adjusted`, `unconfirmed`, `unknown_option`, `relabelled`, ...
        message: One sentence for a person.
        field: The request field it is about, or empty.
    """

    code: str
    message: str
    field: str = ""

    @override
    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class Output(_Value):
    """One artefact of a task. It can be the input of the next request.

    Attributes:
        kind: What it is; `model` is a three-dimensional shape, `weights` a trained model.
        url: Where it can be fetched; signed, and gone after `expires_at`.
        data: The bytes (or the text, in UTF-8), where the provider sent them inline.
        media_type: Such as `image/png`, where it is known.
        width: Pixels.
        height: Pixels.
        duration: Seconds.
        seed: What repeats it.
        vendor_ref: The vendor's id of this artefact.
        expires_at: When the URL dies.
        nsfw: What the vendor's content check said, where it was asked for.
    """

    kind: OutputKind
    url: str | None = None
    data: bytes | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    seed: int | None = None
    vendor_ref: str | None = None
    expires_at: datetime | None = None
    nsfw: bool | None = None

    @property
    def is_downloadable(self) -> bool:
        """Whether it should be saved; a trained model may stay at the vendor."""
        return self.kind != "weights" or self.url is not None or self.data is not None

    def as_media(self) -> Media:
        """This artefact as an input: its bytes where they are here, else its URL."""
        if self.data is not None:
            return Media(data=self.data, media_type=self.media_type)
        if self.url is not None:
            return Media(url=self.url, media_type=self.media_type)
        return Media(ref=self.vendor_ref, media_type=self.media_type)

    @override
    def __repr__(self) -> str:
        return f"Output({self.kind}, {self._where()})"

    __str__ = __repr__

    def _where(self) -> str:
        if self.url is not None:
            return shorten_url(self.url)
        return f"{len(self.data)} bytes" if self.data is not None else str(self.vendor_ref)


class Result(_Value):
    """All that came out of one task.

    Attributes:
        outputs: In the provider's order; at least one.
        cost: What was charged, or None where the provider does not say.
        notices: What was dropped, adjusted or is merely worth knowing.
        errors: For a partial success: why the other outputs are missing.
        saved: Where `autosave` has put the outputs.
        ref: The task's address.
        provider: Who made it.
        model: With what.
        raw: The provider's last answer, unchanged but for credentials, which are left out.
    """

    needs_outputs: ClassVar[bool] = True

    outputs: tuple[Output, ...] = ()
    cost: Cost | None = None
    notices: tuple[Notice, ...] = ()
    errors: tuple[MediaError, ...] = ()
    saved: tuple[Path, ...] = ()
    ref: TaskRef
    provider: str
    model: str
    raw: JSON = None

    _saver: SyncSaver | None = PrivateAttr(default=None)
    _async_saver: AsyncSaver | None = PrivateAttr(default=None)

    @property
    def output(self) -> Output:
        """The first output."""
        return self.outputs[0]

    @property
    def url(self) -> str | None:
        """The first output's URL."""
        return self.output.url

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> list[Path]:
        """Write every output to disk; for results of a `MediaClient`.

        Args:
            path: A file, or a folder (one that exists, or a name without a suffix). Several outputs for one file name
                become `name-1.ext`, `name-2.ext`. A file whose suffix would lie about its content gets the true one.
            overwrite: Whether a file that is there is replaced; else the new one becomes `name (2).ext`.

        Raises:
            ConfigurationError: The result belongs to no `MediaClient`.
            DownloadError: An output could not be fetched whole.
        """
        if self._saver is None:
            hint = "await result.asave(path)" if self._async_saver else "client.save(result, path)"
            raise ConfigurationError(f"this result does not come from a MediaClient; use {hint}")
        return self._saver(self, path, overwrite)

    async def asave(self, path: str | PathLike[str], *, overwrite: bool = False) -> list[Path]:
        """Write every output to disk; for results of an `AsyncMediaClient`. See `save`."""
        if self._async_saver is None or self._saver is not None:
            hint = "result.save(path)" if self._saver else "await client.save(result, path)"
            raise ConfigurationError(f"this result does not come from an AsyncMediaClient; use {hint}")
        return await self._async_saver(self, path, overwrite)

    def bind(self, *, saver: SyncSaver | None = None, async_saver: AsyncSaver | None = None) -> Self:
        """Tell the result who saves it; clients call this."""
        self._saver, self._async_saver = saver, async_saver
        return self

    @field_serializer("ref")
    def _ref_as_text(self, ref: TaskRef) -> str:
        return str(ref)

    @field_validator("ref", mode="before")
    @classmethod
    def _ref_from_text(cls, value: object) -> object:
        return TaskRef.parse(value) if isinstance(value, str) else value

    @field_serializer("errors")
    def _errors_as_data(self, errors: tuple[MediaError, ...]) -> list[dict[str, str]]:
        return [{"code": error.code, "message": error.message} for error in errors]

    @override
    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    @override
    def __hash__(self) -> int:
        return hash(self.ref)

    @override
    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        return {**state, "__pydantic_private__": {"_saver": None, "_async_saver": None}}

    @override
    def __repr__(self) -> str:
        about = f"cost={self.cost}, model={self.model!r}, ref={str(self.ref)!r}"
        return f"{type(self).__name__}({list(self.outputs)}, {about})"

    __str__ = __repr__


class ImageResult(Result):
    """Images."""


class VideoResult(Result):
    """Videos."""


class AudioResult(Result):
    """Sounds."""


class TextResult(Result):
    """Words."""

    @property
    def text(self) -> str:
        """The first text."""
        return self.texts[0]

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text, in the provider's order."""
        return tuple((output.data or b"").decode(errors="replace") for output in self.outputs)


class Model3DResult(Result):
    """Three-dimensional shapes."""


class TrainingResult(Result):
    """A new model. It lives at the provider: there is nothing to download."""

    @property
    def trained_model(self) -> str:
        """The new model's name there, to be used as `model=`."""
        return self.output.vendor_ref or ""


class RawResult(Result):
    """Whatever a `Native` call produced; `raw` has the vendor's answer whole, `outputs` what of it is media."""

    needs_outputs: ClassVar[bool] = False
