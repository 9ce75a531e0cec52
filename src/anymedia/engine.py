"""What the views of one client share: opened providers, the tracker, submissions under way."""

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from random import Random, SystemRandom
from typing import Any, Final
from warnings import warn
from weakref import finalize

from pydantic import SecretStr

from anymedia.clock import Clock
from anymedia.config import Config, Network, Overrides, ProviderSettings, resolve
from anymedia.downloads import Downloader
from anymedia.endings import Endings
from anymedia.errors import ClientClosedError, MediaError
from anymedia.journal import AttemptState, Entry, Journal, TakenOverError
from anymedia.logs import logger
from anymedia.provider import Context, Plan, Provider
from anymedia.refs import Outcome, TaskRef
from anymedia.registry import emulator_endpoint, provider_class
from anymedia.results import Output
from anymedia.submission import OnUnknown, Submitter
from anymedia.tracking import Tracked, Tracker

__all__ = ["Engine", "Recovered"]

_SENDING_GRACE: Final = 10.0
"""Seconds that closing waits for submissions being sent."""

_GLANCE: Final = 0.1
"""Seconds between two looks at whether anything is still being sent."""

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
        self._overrides = overrides
        self._default = default
        self.emulate = emulate
        self._environ = environ
        self._submitter = Submitter(
            journal,
            clock,
            self.rng,
            lambda: datetime.now(UTC),
            is_here=self._is_here,
            keep_bodies=config.journal_requests,
        )
        self.endings: Endings = Endings(self._submitter, clock, self.downloader, self.fresh_outputs)
        self.tracker: Tracker = Tracker(clock, self.endings.begin)
        self._providers: dict[str, Provider] = {}
        self._opening = asyncio.Lock()
        self._contexts: dict[Network, Context] = {}
        self._starting: dict[asyncio.Task[Tracked], list[Tracked]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def hold(self) -> object:
        """What every user of this engine refers to: once nobody does any more, it closes itself."""
        hold = _Hold()
        finalize(hold, self._abandon).atexit = False
        return hold

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
        self._refuse_if_closed()
        async with self._opening:
            if name not in self._providers:
                self._loop = asyncio.get_running_loop()
                cls = provider_class(name)
                settings = await self._emulated(name) if self.emulate else self.settings(name)
                self._providers[name] = cls(settings, self._context(settings.network))
            return self._providers[name]

    async def start(
        self,
        provider: Provider,
        plan: Plan,
        *,
        on_unknown: OnUnknown,
        caller: Hashable = None,
        autosave: str | None = None,
    ) -> Tracked:
        """Start a task in a coroutine of the engine's own: a caller who goes away never cuts the request."""
        self._refuse_if_closed()
        announced: list[Tracked] = []
        work = self._start(provider, plan, on_unknown, announced, caller=caller, autosave=autosave)
        task = asyncio.get_running_loop().create_task(work, name="anymedia-submit")
        self._starting[task] = announced
        task.add_done_callback(self._started)
        await asyncio.wait({task})  # unlike awaiting the task, a wait that is cancelled leaves it alone
        if task.cancelled():
            message = "the client was closed while the request was being sent; a task may have been started"
            ref = announced[-1].ref if announced else None
            raise ClientClosedError(message, provider=provider.name, outcome=Outcome.UNKNOWN, ref=ref)
        return task.result()

    async def canceling(self, ref: TaskRef, state: AttemptState) -> None:
        """Record that a cancellation is about to be sent, or that it has stopped nothing."""
        self._refuse_if_closed()
        await self._submitter.take_up(ref)
        await self._submitter.note(ref, state)

    async def recover(self, autosave: str | None = None) -> "Recovered":
        """Take up every open task of this journal that no living client is at; nothing is started.

        Args:
            autosave: The folder their outputs are to be saved in; None keeps to what was asked for at the start.
        """
        self._refuse_if_closed()
        recovered = Recovered([], [], [])
        entries = [replace(entry, autosave=autosave or entry.autosave) for entry in await self._submitter.adopt()]
        await asyncio.gather(*(self._recover(entry, recovered) for entry in entries))
        return recovered

    async def fresh_outputs(self, ref: TaskRef) -> Sequence[Output]:
        """The outputs of a finished task with links made now."""
        provider = await self.provider(ref.provider)
        return next((snapshot.outputs for snapshot in await provider.fetch([ref])), ())

    def downloader(self, name: str) -> Downloader:
        """What saves outputs of a provider, within its `download_timeout`."""
        self.tracker.refuse_if_forked()
        opened = self._providers.get(name)
        timeout = opened.settings.download_timeout if opened is not None else None
        return Downloader(self._context(self._network(name)).http, self.clock, self.rng, timeout=timeout)

    async def aclose(self) -> None:
        """Wait for submissions being sent, then close everything; tasks at the providers go on."""
        if self._closed or self.tracker.is_forked:  # a forked child closes nothing: it would be its parent's
            return
        self._closed = True
        await self._let_submissions_end()
        await self._submitter.aclose()
        await self.tracker.aclose()
        await self.endings.aclose()
        for provider in self._providers.values():
            await provider.aclose()
        for context in self._contexts.values():
            await context.http.aclose()
        await self.journal.aclose()

    def _refuse_if_closed(self) -> None:
        self.tracker.refuse_if_forked()
        if self._closed:
            raise ClientClosedError("the client is closed; nothing was sent")

    async def _start(
        self,
        provider: Provider,
        plan: Plan,
        on_unknown: OnUnknown,
        announced: list[Tracked],
        *,
        caller: Hashable,
        autosave: str | None,
    ) -> Tracked:
        submission = await self._submitter.submit(
            provider,
            plan,
            on_unknown=on_unknown,
            announce=lambda ref: announced.append(self.tracker.find(provider, ref)),
            caller=caller,
            autosave=autosave,
        )
        assert submission.ref is not None
        if submission.ref.provider != provider.name:  # an idempotency key led to a task made elsewhere
            provider = await self.provider(submission.ref.provider)
        tracked = self.tracker.find(provider, submission.ref)
        if submission.snapshot is not None:
            self.tracker.observe(submission.snapshot)
        if tracked.snapshot is not None and tracked.snapshot.state.is_final:
            await self.endings.catch_up(tracked.snapshot)
        elif not self._closed:
            self.tracker.follow(tracked)
        return tracked

    def _started(self, task: asyncio.Task[Tracked]) -> None:
        self._starting.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            _log.debug("a submission ended with %r", task.exception())

    async def _recover(self, entry: Entry, recovered: "Recovered") -> None:
        if not self._is_here(entry):
            recovered.elsewhere.append(entry)
            return
        provider = await self.provider(entry.provider)
        if entry.state in (AttemptState.SENDING, AttemptState.UNKNOWN):
            try:
                entry = await self._submitter.clear_up(entry, provider)
            except TakenOverError:  # while we asked, another client has gone ahead
                return
        if entry.ref is None or not entry.state.is_open or entry.state is AttemptState.UNKNOWN:
            recovered.unknown.extend([entry] if entry.state is AttemptState.UNKNOWN else [])
            return
        self._submitter.resume(entry)
        tracked = self.tracker.find(provider, entry.ref)
        tracked.cancel_requested = entry.state is AttemptState.CANCEL_REQUESTED
        self.tracker.follow(tracked)
        recovered.tasks.append(tracked)

    def _is_here(self, entry: Entry) -> bool:
        """Whether this client talks to where the attempt was made; elsewhere its task cannot be found."""
        try:
            opened = self._providers.get(entry.provider)
            if opened is None and self.emulate:
                return False
            return entry.endpoint in ("", (opened.settings if opened else self.settings(entry.provider)).base_url)
        except MediaError:  # a provider that is not installed, or has no key now
            return False

    async def _let_submissions_end(self) -> None:
        """Wait for requests on their way out, but not for results that are pushed: their ids are in the journal."""
        patience = asyncio.ensure_future(self.clock.sleep(_SENDING_GRACE))
        while (sending := [one for one in self._starting if self._is_sending(one)]) and not patience.done():
            glance = asyncio.ensure_future(self.clock.sleep(_GLANCE))
            await asyncio.wait({patience, glance, *sending}, return_when=asyncio.FIRST_COMPLETED)
            await _canceled(glance)
        await _canceled(patience, *self._starting)

    def _is_sending(self, task: asyncio.Task[Tracked]) -> bool:
        return not any(one.provider.awaits_push(one.ref) for one in self._starting[task])

    def _abandon(self) -> None:
        """Close, on whichever thread it turns out that nobody can any more."""
        if self._closed or self._loop is None or self.tracker.is_forked:
            return
        with suppress(RuntimeError):  # the loop is closed; then nothing of ours is left running
            self._loop.call_soon_threadsafe(self._close_alone)
        warn("a client was not closed; use `with`, or close it", ResourceWarning, stacklevel=2)

    def _close_alone(self) -> None:
        assert self._loop is not None
        self._closing = self._loop.create_task(self.aclose(), name="anymedia-close")

    async def _emulated(self, name: str) -> ProviderSettings:
        base_url, key = await asyncio.to_thread(emulator_endpoint, name)
        given = replace(self._overrides if name == self._default else Overrides(), base_url=base_url, api_key=key)
        defaults = replace(provider_class(name).defaults, poll_interval=_EMULATED_POLL)
        settings = resolve(name, defaults, self.config, given, {})
        return settings.model_copy(update={"api_key": SecretStr(key), "emulated": True})

    def _network(self, name: str) -> Network:
        """How a provider's outputs are fetched: as its other hosts are reached, also when it is not opened."""
        if name in self._providers:
            return self._providers[name].settings.network
        try:
            return Network() if self.emulate else self.settings(name).network
        except MediaError:  # not installed, or no key now; its outputs may still be public
            return Network()

    def _context(self, network: Network) -> Context:
        """What providers stand on; those with the same way to their hosts share it."""
        if network not in self._contexts:
            from anymedia.transports.http import HttpTransport
            from anymedia.transports.websocket import connect

            self._contexts[network] = Context(
                clock=self.clock,
                rng=self.rng,
                http=HttpTransport(network=network),
                connect=partial(connect, network=network),
                emit=self.tracker.observe,
            )
        return self._contexts[network]


class _Hold:
    """Ends when nobody refers to it."""


async def _canceled(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True)
class Recovered:
    """What a journal held of open attempts.

    Attributes:
        tasks: Found, and followed from now on.
        unknown: Nobody can say whether they were started.
        elsewhere: Made at another address, or by a provider that is not set up here.
    """

    tasks: list[Tracked]
    unknown: list[Entry]
    elsewhere: list[Entry]
