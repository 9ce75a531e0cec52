"""What the views of one client share: opened providers, the tracker, submissions under way."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random, SystemRandom
from typing import Any, Final

from pydantic import SecretStr

from anymedia.clock import Clock
from anymedia.config import Config, Overrides, ProviderSettings, resolve
from anymedia.downloads import Downloader
from anymedia.errors import ClientClosedError
from anymedia.journal import AttemptState, Journal
from anymedia.logs import logger
from anymedia.provider import Context, Plan, Provider
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.registry import emulator_endpoint, provider_class
from anymedia.results import Output
from anymedia.submission import OnUnknown, Submitter
from anymedia.tasks import Snapshot
from anymedia.tracking import Tracked, Tracker

__all__ = ["Engine"]

_SENDING_GRACE: Final = 10.0
"""Seconds that closing waits for submissions being sent."""

_EMULATED_POLL: Final = 0.2
"""Seconds between two looks at an emulated task."""

_log = logger("client")


class Engine:
    """Opens each provider on first use, starts tasks, follows them, and closes everything.

    Args:
        config: What the configuration file says.
        overrides: What the client was given as arguments, for its own provider.
        default: The client's own provider.
        emulate: Whether emulators answer.
        environ: Environment variables.
        journal: Where attempts are recorded.
        clock: What everything is timed by.
    """

    def __init__(
        self,
        config: Config,
        overrides: Overrides,
        default: str,
        *,
        emulate: bool,
        environ: Mapping[str, str],
        journal: Journal,
        clock: Clock,
    ) -> None:
        self.config = config
        self.journal = journal
        self.clock = clock
        self.rng: Random = SystemRandom()
        self.tracker: Tracker = Tracker(clock, self._on_end)
        self._overrides = overrides
        self._default = default
        self.emulate = emulate
        self._environ = environ
        self._submitter = Submitter(journal, clock, self.rng, lambda: datetime.now(UTC))
        self._providers: dict[str, Provider] = {}
        self._opening = asyncio.Lock()
        self._context: Context | None = None
        self._starting: set[asyncio.Task[Tracked]] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._closed = False

    def settings(self, name: str) -> ProviderSettings:
        """One provider's settings, with the vendor as its address.

        Raises:
            ConfigurationError: They are wrong.
            AuthenticationError: There is no key.
        """
        given = self._overrides if name == self._default else Overrides()
        return resolve(name, provider_class(name).defaults, self.config, given, self._environ)

    def check(self, name: str) -> None:
        """Raise now what opening the provider would raise later."""
        if self.emulate:
            provider_class(name)
        else:
            self.settings(name)

    async def provider(self, name: str) -> Provider:
        """The provider of that name, opened on first use."""
        if self._closed:
            raise ClientClosedError("the client is closed")
        async with self._opening:
            if name not in self._providers:
                cls = provider_class(name)
                settings = await self._emulated(name) if self.emulate else self.settings(name)
                self._providers[name] = cls(settings, self._shared_context())
            return self._providers[name]

    async def start(self, provider: Provider, plan: Plan, on_unknown: OnUnknown) -> Tracked:
        """Start a task in a coroutine of the engine's own: a caller who goes away never cuts the request."""
        if self._closed:
            raise ClientClosedError("the client is closed; nothing was sent", provider=provider.name)
        task = asyncio.get_running_loop().create_task(self._start(provider, plan, on_unknown), name="anymedia-submit")
        self._starting.add(task)
        task.add_done_callback(self._started)
        await asyncio.wait({task})  # unlike awaiting the task, a wait that is cancelled leaves it alone
        if task.cancelled():
            message = "the client was closed while the request was being sent; a task may have been started"
            raise ClientClosedError(message, provider=provider.name, outcome=Outcome.UNKNOWN)
        return task.result()

    async def canceling(self, ref: TaskRef) -> None:
        """Record that a cancellation is about to be sent."""
        await self._submitter.note(ref, AttemptState.CANCEL_REQUESTED)

    async def fresh_outputs(self, ref: TaskRef) -> Sequence[Output]:
        """The outputs of a finished task with links made now."""
        provider = await self.provider(ref.provider)
        return next((snapshot.outputs for snapshot in await provider.fetch([ref])), ())

    def downloader(self) -> Downloader:
        """What saves outputs."""
        return Downloader(self._shared_context().http, self.clock, self.rng)

    async def aclose(self) -> None:
        """Wait for submissions being sent, then close everything; tasks at the providers go on."""
        if self._closed:
            return
        self._closed = True
        await self._let_submissions_end()
        await self.tracker.aclose()
        await asyncio.gather(*self._background, return_exceptions=True)
        for provider in self._providers.values():
            await provider.aclose()
        if self._context is not None:
            await self._context.http.aclose()
        await self.journal.aclose()

    async def _start(self, provider: Provider, plan: Plan, on_unknown: OnUnknown) -> Tracked:
        announced: list[Tracked] = []
        submission = await self._submitter.submit(
            provider,
            plan,
            on_unknown=on_unknown,
            announce=lambda ref: announced.append(self.tracker.find(provider, ref)),
        )
        assert submission.ref is not None
        tracked = self.tracker.find(provider, submission.ref)
        self.tracker.observe(submission.snapshot or Snapshot(ref=tracked.ref, state=TaskState.QUEUED))
        if tracked.snapshot is not None and tracked.snapshot.state.is_final:  # its end may have been told too early
            await self._submitter.finish(tracked.snapshot)
        elif not self._closed:
            self.tracker.follow(tracked)
        return tracked

    def _started(self, task: asyncio.Task[Tracked]) -> None:
        self._starting.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.debug("a submission ended with %r", task.exception())

    def _on_end(self, snapshot: Snapshot) -> None:
        self._in_background(self._submitter.finish(snapshot))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _let_submissions_end(self) -> None:
        patience = asyncio.ensure_future(self.clock.sleep(_SENDING_GRACE))
        while self._starting and not patience.done():
            await asyncio.wait({patience, *self._starting}, return_when=asyncio.FIRST_COMPLETED)
        leftovers: list[asyncio.Future[Any]] = [patience, *self._starting]
        for task in leftovers:
            task.cancel()
        await asyncio.gather(*leftovers, return_exceptions=True)

    async def _emulated(self, name: str) -> ProviderSettings:
        base_url, key = await asyncio.to_thread(emulator_endpoint, name)
        given = replace(self._overrides if name == self._default else Overrides(), base_url=base_url, api_key=key)
        defaults = replace(provider_class(name).defaults, poll_interval=_EMULATED_POLL)
        settings = resolve(name, defaults, self.config, given, {})
        return settings.model_copy(update={"api_key": SecretStr(key), "emulated": True})

    def _shared_context(self) -> Context:
        if self._context is None:
            from anymedia.transports.http import HttpTransport
            from anymedia.transports.websocket import connect

            self._context = Context(
                clock=self.clock, rng=self.rng, http=HttpTransport(), connect=connect, emit=self.tracker.observe
            )
        return self._context
