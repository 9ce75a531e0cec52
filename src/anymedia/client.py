"""`AsyncMediaClient`: what an app is written against."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from inspect import Parameter, Signature, signature
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar, get_type_hints, overload

from anymedia.clock import Clock, SystemClock
from anymedia.config import Config, Overrides, find_config, load_config
from anymedia.engine import Engine
from anymedia.errors import InvalidRequestError, MediaError
from anymedia.handles import NOT_GIVEN, AsyncTask, Completion, Links, NotGiven, Recovery
from anymedia.journal import Entry, Journal
from anymedia.options import (
    Delivery,
    Options,
    SizePolicy,
    default_provider,
    folder,
    open_journal,
    policy_with,
    wants_emulator,
)
from anymedia.planning import make_plan
from anymedia.provider import Plan, Provider
from anymedia.refs import Outcome, TaskRef
from anymedia.registry import provider_class
from anymedia.requests import (
    OPERATIONS,
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

__all__ = [
    "AsyncMediaClient",
    "describe",
    "operation",
    "parse_ref",
]

P = ParamSpec("P")
Method = TypeVar("Method", bound=Callable[..., object])
R = TypeVar("R", bound=Result)
R_co = TypeVar("R_co", bound=Result, covariant=True)

_AT_ONCE: Final = 8


def operation(cls: Callable[P, Request[R]]) -> Callable[Concatenate["AsyncMediaClient", P], Coroutine[Any, Any, R]]:
    """A client method that builds the request `cls` from its keywords, runs it, and waits for the result."""

    async def method(self: "AsyncMediaClient", /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self.run(cls(*args, **kwargs))

    return describe(method, cls)


def describe(method: Method, cls: Callable[..., object]) -> Method:
    """Give a made method the name, the documentation and the signature of its request class."""
    request: Any = cls
    made: Any = method
    hints = get_type_hints(request)
    fields = [item.replace(annotation=hints[item.name]) for item in signature(request).parameters.values()]
    fields.sort(key=lambda item: item.default is not Parameter.empty)
    parameters = [Parameter("self", Parameter.POSITIONAL_ONLY), *fields]
    made.__name__ = request.operation
    made.__qualname__ = request.operation
    made.__doc__ = f"{request.__doc__}\n\nTakes the fields of `{request.__name__}` and waits for the result."
    made.__signature__ = Signature(parameters, return_annotation=request.result_type)
    return method


class AsyncMediaClient:
    """One client for AI media generation. Use it as `async with`, or call `aclose()`.

    Arguments win over environment variables. The configuration file is read by `from_config` only.

    Args:
        provider: `runway`, `runware` or another installed provider; left out, `ANYMEDIA_PROVIDER`.
        api_key: The provider's key; left out, the provider's own environment variable.
        base_url: Another address than the vendor's.
        emulate: Whether emulators answer, with no key and no network; left out, `ANYMEDIA_EMULATE`, unless there is a
            `base_url`.
        timeout: Seconds to wait for a result; None waits for ever. Default 600.
        retries: How often what is safe to repeat is repeated. Default 2.
        retry_delay: Seconds before the first repetition; doubles each time. Default 0.5.
        max_concurrency: Submissions under way at once. Default 20.
        poll_interval: Seconds between two looks at a task. Default: what the vendor asks for.
        journal: Where attempts are recorded: a file, or a `Journal`; None keeps them in memory, where `kill -9` loses
            them. Left out: `ANYMEDIA_JOURNAL`, else a file in the user's state folder (in memory with emulators).
        clock: What everything is timed by; for tests.

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
        _config: Config | None = None,
    ) -> None:
        config = _config or Config()
        name = default_provider(provider, config)
        provider_class(name)
        numbers = {"retries": retries, "retry_delay": retry_delay, "max_concurrency": max_concurrency}
        settings: dict[str, object] = {key: value for key, value in numbers.items() if value is not None}
        settings |= {"poll_interval": poll_interval} if poll_interval is not None else {}
        settings |= {"timeout": timeout} if not isinstance(timeout, NotGiven) else {}
        emulated = wants_emulator(emulate, base_url, config)
        self._engine = Engine(
            config,
            Overrides(api_key=api_key, base_url=base_url, settings=settings),
            name,
            emulate=emulated,
            environ=os.environ,
            journal=open_journal(journal, config, emulated=emulated),
            clock=clock or SystemClock(),
        )
        self._hold = self._engine.hold()
        self._engine.check(name)
        self._options = Options(provider=name)

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
        """A client as `anymedia.toml` describes it.

        Args:
            path: The file; left out, `ANYMEDIA_CONFIG`, else the nearest `anymedia.toml` in this folder and its parents
                up to the repository root, else the user's own.
            provider: Wins over the file.
            emulate: Wins over the file.
            journal: See `AsyncMediaClient`.
            clock: See `AsyncMediaClient`.

        Raises:
            ConfigurationError: The file cannot be read or holds an unknown key.
        """
        config = load_config(Path(path) if path is not None else find_config())
        return cls(provider, emulate=emulate, journal=journal, clock=clock, _config=config)

    @property
    def provider(self) -> str:
        """The name of the provider this view asks."""
        return self._options.provider

    @property
    def emulated(self) -> bool:
        """Whether emulators answer, whose tasks end with this process."""
        return self._engine.emulate

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
        """The same client, on the same connections, with other settings.

        Args:
            provider: Who is asked.
            timeout: Seconds to wait for a result; None waits for ever.
            strict: Whether a setting the model lacks is an error in place of a notice.
            on_unknown: `raise` when nobody can say whether a task was started, or `resubmit`, which may pay twice.
            size_policy: `exact` refuses an illegal size, `nearest` takes the legal one most like it.
            delivery: `auto` lets quick results be pushed while you wait, `poll` always looks for them.
            max_cost: US dollars; a request estimated above it is refused before anything is sent; None lifts the limit.
            fallback: Providers to ask, in order, when one has surely started nothing; a notice tells of each.
            autosave: A folder; every result is saved there before it is handed over, and a task counts as finished
                only then. None ends that.
        """
        view = object.__new__(type(self))
        for name in (*([provider] if provider is not None else []), *(fallback or ())):
            self._engine.check(name)
        view._engine, view._hold = self._engine, self._hold
        view._options = Options(
            provider=provider or self._options.provider,
            timeout=self._options.timeout if isinstance(timeout, NotGiven) else timeout,
            policy=policy_with(self._options.policy, strict=strict, size_policy=size_policy, max_cost=max_cost),
            on_unknown=on_unknown or self._options.on_unknown,
            delivery=delivery or self._options.delivery,
            fallback=self._options.fallback if fallback is None else tuple(fallback),
            autosave=self._options.autosave if isinstance(autosave, NotGiven) else folder(autosave),
        )
        return view

    async def run(self, request: Request[R]) -> R:
        """Submit a request and wait for its result.

        Raises:
            InvalidRequestError: The request cannot work; nothing was sent.
            TaskTimeoutError: The result is not there yet; `error.ref` leads to the task, which goes on.
            TaskFailedError: The task failed.
            SubmissionUnknownError: Nobody can say whether the task was started.
        """
        task = await self._start(request, wait=True)
        return await task.result()

    async def submit(self, request: Request[R]) -> AsyncTask[R]:
        """Start a request and return once the provider has acknowledged it.

        Raises:
            InvalidRequestError: The request cannot work; nothing was sent.
            SubmissionUnknownError: Nobody can say whether the task was started.
        """
        return await self._start(request, wait=False)

    async def plan(self, request: Request[Result]) -> Plan:
        """What would be sent: endpoint, body, notices and estimate. Reads local inputs; sends nothing.

        Raises:
            InvalidRequestError: The request cannot work; `issues` names every problem.
        """
        provider = await self._engine.provider(self._providers_for(request)[0])
        return await make_plan(request, provider, self._engine.config, self._options.policy)

    async def map(
        self, requests: Iterable[Request[R]], *, concurrency: int = _AT_ONCE
    ) -> AsyncGenerator[Completion[R], None]:
        """Run many requests, each `Completion` as it finishes; one that fails does not stop the others.

        Args:
            requests: Taken one by one, as places become free.
            concurrency: How many are under way at once.
        """
        waiting = enumerate(requests)
        running: set[asyncio.Task[Completion[R]]] = set()
        try:
            while True:
                while len(running) < concurrency and (following := next(waiting, None)) is not None:
                    running.add(asyncio.ensure_future(self._complete(*following)))
                if not running:
                    return
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    @overload
    def attach(self, ref: str | TaskRef, request: type[Request[R]]) -> AsyncTask[R]: ...
    @overload
    def attach(self, ref: str | TaskRef) -> AsyncTask[Result]: ...
    def attach(self, ref: str | TaskRef, request: type[Request[Any]] | None = None) -> AsyncTask[Any]:
        """Take up a task that was started earlier, here or in another process. No I/O.

        Args:
            ref: What `str(task.ref)` gave.
            request: The request class, for the type of the result.

        Raises:
            InvalidRequestError: `ref` is not a task reference, or leads to another operation.
        """
        found = parse_ref(ref) if isinstance(ref, str) else ref
        if request is not None and request.operation != found.operation:
            raise InvalidRequestError(f"the task is a {found.operation}, not a {request.operation}", ref=found)
        self._engine.check(found.provider)
        return AsyncTask(found, request.result_type if request else _result_type(found), self._links(found.provider))

    async def unfinished(self) -> tuple[Entry, ...]:
        """The journal's last word on every attempt that may have started a task whose end is not recorded."""
        return await self._engine.journal.latest(unfinished=True)

    async def recover(self) -> Recovery:
        """Take up every unfinished task of the journal that no living process is at. Starts nothing.

        Tasks that were accepted are followed again; for an attempt nobody saw the end of, the provider is asked what
        became of it. Waiting for the tasks brings each to its end. Outputs are saved in the folder that `autosave`
        names now, else in the one it named when the task was started.
        """
        found = await self._engine.recover(self._options.autosave)
        tasks = tuple(
            AsyncTask(tracked.ref, _result_type(tracked.ref), self._links(tracked.ref.provider), record=tracked)
            for tracked in found.tasks
        )
        return Recovery(tasks=tasks, unknown=tuple(found.unknown), elsewhere=tuple(found.elsewhere))

    async def forget(self, ref: str | TaskRef) -> None:
        """Strike a task from the journal; at the provider it goes on."""
        found = parse_ref(ref) if isinstance(ref, str) else ref
        for request in {entry.request for entry in await self._engine.journal.latest(found)}:
            await self._engine.journal.forget(request)

    async def save(self, result: Result, path: str | PathLike[str], *, overwrite: bool = False) -> list[Path]:
        """Write a result's outputs to disk; see `Result.save` for names. Also for results unpickled elsewhere."""
        return await self._engine.downloader(result.provider).save(
            result, path, lambda: self._engine.fresh_outputs(result.ref), overwrite=overwrite
        )

    async def provider_named(self, name: str) -> Provider:
        """The provider itself, opened on first use, for calls that only it has; see `anymedia.resources`.

        Raises:
            ConfigurationError: No such provider is installed.
            AuthenticationError: There is no key for it.
        """
        return await self._engine.provider(name)

    def observe(self, *news: Snapshot) -> None:
        """Take in news of tasks that came another way than by a look, such as a webhook's.

        Call it on the client's loop. News of a task that nobody has asked this client about is dropped, as is old news.
        """
        for snapshot in news:
            self._engine.tracker.observe(snapshot)

    async def aclose(self) -> None:
        """Close every connection. Tasks at the providers go on; those being sent are waited for, up to 10 s."""
        await self._engine.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _start(self, request: Request[R], *, wait: bool) -> AsyncTask[R]:
        names = self._providers_for(request)
        skipped: tuple[Notice, ...] = ()
        while True:
            name = names.pop(0)
            try:
                return await self._start_at(name, request, skipped, wait=wait)
            except MediaError as error:
                if not names or error.outcome not in (Outcome.NOT_SENT, Outcome.REFUSED):
                    raise
                message = f"{name}: {error.outcome} ({error.code}: {error.message}); {names[0]} was asked instead"
                skipped += (Notice(code="fell_back", message=message, field="provider"),)

    def _providers_for(self, request: Request[Result]) -> list[str]:
        """Who may be asked, in order; a vendor's own call goes to that vendor only."""
        return [request.provider] if isinstance(request, Native) else [self.provider, *self._options.fallback]

    async def _start_at(
        self, name: str, request: Request[R], skipped: tuple[Notice, ...], *, wait: bool
    ) -> AsyncTask[R]:
        provider = await self._engine.provider(name)
        plan = await make_plan(request, provider, self._engine.config, self._options.policy)
        push = wait and plan.quick and self._options.delivery == "auto"
        tracked = await self._engine.start(
            provider,
            replace(plan, push=push),
            on_unknown=self._options.on_unknown,
            caller=self,
            autosave=self._options.autosave,
        )
        kind: type[R] = request.result_type  # type: ignore[assignment]
        links = self._links(tracked.ref.provider)
        return AsyncTask(tracked.ref, kind, links, notices=skipped + plan.notices, record=tracked)

    async def _complete(self, index: int, request: Request[R]) -> Completion[R]:
        task: AsyncTask[R] | None = None
        try:
            task = await self._start(request, wait=True)
            return Completion(index=index, request=request, result=await task.result(), ref=task.ref)
        except MediaError as error:
            ref = task.ref if task is not None else error.ref
            return Completion(index=index, request=request, error=error, ref=ref)

    def _links(self, provider: str) -> Links:
        engine = self._engine
        return Links(
            engine.tracker,
            lambda: engine.provider(provider),
            engine.canceling,
            self._complete_result,
            self._options.timeout,
        )

    async def _complete_result(self, result: Result, snapshot: Snapshot) -> Result:
        saved = await self._engine.endings.complete(snapshot, self._options.autosave)
        paths = tuple(Path(file.path) for file in saved)
        return result.model_copy(update={"saved": paths}).bind(
            async_saver=lambda one, path, overwrite: self.save(one, path, overwrite=overwrite)
        )

    text_to_image: Final = operation(TextToImage)
    image_to_image: Final = operation(ImageToImage)
    text_to_video: Final = operation(TextToVideo)
    image_to_video: Final = operation(ImageToVideo)
    video_to_video: Final = operation(VideoToVideo)
    character_performance: Final = operation(CharacterPerformance)
    upscale_image: Final = operation(UpscaleImage)
    upscale_video: Final = operation(UpscaleVideo)
    remove_background: Final = operation(RemoveBackground)
    remove_video_background: Final = operation(RemoveVideoBackground)
    video_to_hdr: Final = operation(VideoToHdr)
    text_to_speech: Final = operation(TextToSpeech)
    sound_effect: Final = operation(SoundEffect)
    generate_music: Final = operation(GenerateMusic)
    speech_to_speech: Final = operation(SpeechToSpeech)
    dub_voice: Final = operation(DubVoice)
    isolate_voice: Final = operation(IsolateVoice)
    video_to_audio: Final = operation(VideoToAudio)
    caption_image: Final = operation(CaptionImage)
    caption_video: Final = operation(CaptionVideo)
    enhance_prompt: Final = operation(EnhancePrompt)
    generate_text: Final = operation(GenerateText)
    mask_image: Final = operation(MaskImage)
    preprocess_image: Final = operation(PreprocessImage)
    vectorize: Final = operation(Vectorize)
    generate_3d: Final = operation(Generate3D)
    train_model: Final = operation(TrainModel)
    native: Final = operation(Native)


def _result_type(ref: TaskRef) -> type[Result]:
    kind = OPERATIONS.get(ref.operation)
    return kind.result_type if kind is not None else Result


def parse_ref(text: str) -> TaskRef:
    """A task reference from its string.

    Raises:
        InvalidRequestError: It is not one.
    """
    try:
        return TaskRef.parse(text)
    except ValueError as error:
        raise InvalidRequestError(str(error)) from error
