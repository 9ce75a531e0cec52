"""`MediaClient`: the same client for synchronous code; a typed facade over a background loop."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, Final, Generic, ParamSpec, Self, TypeVar, overload

from typing_extensions import override

from anymedia.bridge import bridge
from anymedia.client import AsyncMediaClient, describe
from anymedia.clock import Clock
from anymedia.handles import NOT_GIVEN, AsyncTask, Completion, NotGiven
from anymedia.journal import Entry, Journal
from anymedia.options import Delivery, SizePolicy
from anymedia.provider import Cancellation, Plan
from anymedia.refs import TaskRef
from anymedia.requests import (
    CaptionImage,
    CaptionVideo,
    CharacterPerformance,
    DubVoice,
    EnhancePrompt,
    Generate3D,
    GenerateMusic,
    GenerateText,
    ImageToImage,
    ImageToVideo,
    IsolateVoice,
    MaskImage,
    Native,
    PreprocessImage,
    RemoveBackground,
    RemoveVideoBackground,
    Request,
    SoundEffect,
    SpeechToSpeech,
    TextToImage,
    TextToSpeech,
    TextToVideo,
    TrainModel,
    UpscaleImage,
    UpscaleVideo,
    Vectorize,
    VideoToAudio,
    VideoToHdr,
    VideoToVideo,
)
from anymedia.results import Notice, Result
from anymedia.submission import OnUnknown
from anymedia.tasks import Snapshot

__all__ = ["MediaClient", "SyncRecovery", "Task", "sync_operation"]

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Result)
R_co = TypeVar("R_co", bound=Result, covariant=True)


def sync_operation(cls: Callable[P, Request[R]]) -> Callable[Concatenate["MediaClient", P], R]:
    """A client method that builds the request `cls` from its keywords, runs it, and waits for the result."""

    def method(self: "MediaClient", /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.run(cls(*args, **kwargs))

    return describe(method, cls)


class Task(Generic[R_co]):
    """A task that was started here or elsewhere; made by `MediaClient.submit` and `attach`. See `AsyncTask`.

    Attributes:
        ref: The task's address; `str(ref)` is all another process needs.
        notices: What the plan dropped or adjusted, for a task started here.
    """

    def __init__(self, task: AsyncTask[R_co], client: "MediaClient") -> None:
        self._task = task
        self._client = client

    @property
    def ref(self) -> TaskRef:
        """The task's address."""
        return self._task.ref

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the plan dropped or adjusted."""
        return self._task.notices

    def status(self) -> Snapshot:
        """Ask the provider once, now. See `AsyncTask.status`."""
        return bridge().run(self._task.status)

    def result(self, timeout: float | None | NotGiven = NOT_GIVEN) -> R_co:
        """Wait for the result. See `AsyncTask.result`."""
        return self._client.bound(bridge().run(lambda: self._task.result(timeout)))

    def events(self) -> Iterator[Snapshot]:
        """Each change of state or progress, the last one always. See `AsyncTask.events`."""
        return bridge().iterate(self._task.events)

    def cancel(self) -> Cancellation:
        """Stop the task where the provider can. See `AsyncTask.cancel`."""
        return bridge().run(self._task.cancel)

    @override
    def __repr__(self) -> str:
        return f"Task({str(self.ref)!r})"


@dataclass(frozen=True, kw_only=True)
class SyncRecovery:
    """What `recover` found. See `anymedia.handles.Recovery`.

    Attributes:
        tasks: Followed again; wait for each.
        unknown: Nobody can say whether these were started.
        elsewhere: Made at another address, or by a provider that is not set up here.
    """

    tasks: tuple[Task[Result], ...]
    unknown: tuple[Entry, ...]
    elsewhere: tuple[Entry, ...]


class MediaClient:
    """One client for AI media generation. Use it as `with`, or call `close()`. Takes what `AsyncMediaClient` takes.

    It may be used from several threads, and inside a running event loop, which it blocks while it waits.

    Raises:
        ConfigurationError: No such provider, or settings that contradict each other.
        AuthenticationError: There is no key.
    """

    def __init__(
        self,
        provider: str | None = None,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        emulate: bool | None = None,
        timeout: float | None | NotGiven = NOT_GIVEN,
        retries: int | None = None,
        retry_delay: float | None = None,
        max_concurrency: int | None = None,
        poll_interval: float | None = None,
        journal: Journal | str | PathLike[str] | None | NotGiven = NOT_GIVEN,
        clock: Clock | None = None,
    ) -> None:
        self._client = AsyncMediaClient(
            provider,
            api_key=api_key,
            base_url=base_url,
            emulate=emulate,
            timeout=timeout,
            retries=retries,
            retry_delay=retry_delay,
            max_concurrency=max_concurrency,
            poll_interval=poll_interval,
            journal=journal,
            clock=clock,
        )

    @classmethod
    def from_config(
        cls,
        path: str | PathLike[str] | None = None,
        *,
        provider: str | None = None,
        emulate: bool | None = None,
        journal: Journal | str | PathLike[str] | None | NotGiven = NOT_GIVEN,
        clock: Clock | None = None,
    ) -> Self:
        """A client as `anymedia.toml` describes it. See `AsyncMediaClient.from_config`."""
        client = AsyncMediaClient.from_config(path, provider=provider, emulate=emulate, journal=journal, clock=clock)
        return cls._around(client)

    @property
    def provider(self) -> str:
        """The name of the provider this view asks."""
        return self._client.provider

    @property
    def emulated(self) -> bool:
        """Whether emulators answer, whose tasks end with this process."""
        return self._client.emulated

    def with_options(
        self,
        *,
        provider: str | None = None,
        timeout: float | None | NotGiven = NOT_GIVEN,
        strict: bool | None = None,
        on_unknown: OnUnknown | None = None,
        size_policy: SizePolicy | None = None,
        delivery: Delivery | None = None,
        max_cost: Decimal | float | None | NotGiven = NOT_GIVEN,
        fallback: Sequence[str] | None = None,
        autosave: str | PathLike[str] | None | NotGiven = NOT_GIVEN,
    ) -> Self:
        """The same client, on the same connections, with other settings. See `AsyncMediaClient.with_options`."""
        view = self._client.with_options(
            provider=provider,
            timeout=timeout,
            strict=strict,
            on_unknown=on_unknown,
            size_policy=size_policy,
            delivery=delivery,
            max_cost=max_cost,
            fallback=fallback,
            autosave=autosave,
        )
        return self._around(view)

    def run(self, request: Request[R]) -> R:
        """Submit a request and wait for its result. See `AsyncMediaClient.run`."""
        return self.bound(bridge().run(lambda: self._client.run(request)))

    def submit(self, request: Request[R]) -> Task[R]:
        """Start a request and return once the provider has acknowledged it. See `AsyncMediaClient.submit`."""
        return Task(bridge().run(lambda: self._client.submit(request)), self)

    def plan(self, request: Request[Result]) -> Plan:
        """What would be sent; sends nothing. See `AsyncMediaClient.plan`."""
        return bridge().run(lambda: self._client.plan(request))

    def map(self, requests: Iterable[Request[R]], *, concurrency: int = 8) -> Iterator[Completion[R]]:
        """Run many requests, each `Completion` as it finishes. See `AsyncMediaClient.map`."""
        for completion in bridge().iterate(lambda: self._client.map(requests, concurrency=concurrency)):
            if completion.result is not None:
                self.bound(completion.result)
            yield completion

    @overload
    def attach(self, ref: str | TaskRef, request: type[Request[R]]) -> Task[R]: ...
    @overload
    def attach(self, ref: str | TaskRef) -> Task[Result]: ...
    def attach(self, ref: str | TaskRef, request: type[Request[Any]] | None = None) -> Task[Any]:
        """Take up a task that was started earlier, here or in another process. See `AsyncMediaClient.attach`."""
        return Task(self._client.attach(ref, request) if request else self._client.attach(ref), self)

    def unfinished(self) -> tuple[Entry, ...]:
        """Attempts that may have started a task whose end is not recorded. See `AsyncMediaClient.unfinished`."""
        return bridge().run(self._client.unfinished)

    def recover(self) -> SyncRecovery:
        """Take up every unfinished task of the journal that no living process is at. See `AsyncMediaClient.recover`."""
        found = bridge().run(self._client.recover)
        tasks = tuple(Task(task, self) for task in found.tasks)
        return SyncRecovery(tasks=tasks, unknown=found.unknown, elsewhere=found.elsewhere)

    def forget(self, ref: str | TaskRef) -> None:
        """Strike a task from the journal. See `AsyncMediaClient.forget`."""
        bridge().run(lambda: self._client.forget(ref))

    def save(self, result: Result, path: str | PathLike[str], *, overwrite: bool = False) -> list[Path]:
        """Write a result's outputs to disk. See `AsyncMediaClient.save`."""
        return bridge().run(lambda: self._client.save(result, path, overwrite=overwrite))

    def wait_for(self, work: Callable[[AsyncMediaClient], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine with the asynchronous twin of this client on its loop, and wait for it."""
        return bridge().run(lambda: work(self._client))

    def iterate(self, source: Callable[[AsyncMediaClient], AsyncGenerator[T, None]]) -> Iterator[T]:
        """Step through an asynchronous generator made with the asynchronous twin of this client."""
        return bridge().iterate(lambda: source(self._client))

    def close(self) -> None:
        """Close every connection. See `AsyncMediaClient.aclose`."""
        bridge().run(self._client.aclose)

    def bound(self, result: R) -> R:
        """Make `result.save(path)` work."""
        return result.bind(saver=lambda one, path, overwrite: self.save(one, path, overwrite=overwrite))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @classmethod
    def _around(cls, client: AsyncMediaClient) -> Self:
        facade = object.__new__(cls)
        facade._client = client
        return facade

    text_to_image: Final = sync_operation(TextToImage)
    image_to_image: Final = sync_operation(ImageToImage)
    text_to_video: Final = sync_operation(TextToVideo)
    image_to_video: Final = sync_operation(ImageToVideo)
    video_to_video: Final = sync_operation(VideoToVideo)
    character_performance: Final = sync_operation(CharacterPerformance)
    upscale_image: Final = sync_operation(UpscaleImage)
    upscale_video: Final = sync_operation(UpscaleVideo)
    remove_background: Final = sync_operation(RemoveBackground)
    remove_video_background: Final = sync_operation(RemoveVideoBackground)
    video_to_hdr: Final = sync_operation(VideoToHdr)
    text_to_speech: Final = sync_operation(TextToSpeech)
    sound_effect: Final = sync_operation(SoundEffect)
    generate_music: Final = sync_operation(GenerateMusic)
    speech_to_speech: Final = sync_operation(SpeechToSpeech)
    dub_voice: Final = sync_operation(DubVoice)
    isolate_voice: Final = sync_operation(IsolateVoice)
    video_to_audio: Final = sync_operation(VideoToAudio)
    caption_image: Final = sync_operation(CaptionImage)
    caption_video: Final = sync_operation(CaptionVideo)
    enhance_prompt: Final = sync_operation(EnhancePrompt)
    generate_text: Final = sync_operation(GenerateText)
    mask_image: Final = sync_operation(MaskImage)
    preprocess_image: Final = sync_operation(PreprocessImage)
    vectorize: Final = sync_operation(Vectorize)
    generate_3d: Final = sync_operation(Generate3D)
    train_model: Final = sync_operation(TrainModel)
    native: Final = sync_operation(Native)
