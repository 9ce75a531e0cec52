"""What the views of one client share: opened providers, the tracker, submissions under way."""

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from random import Random, SystemRandom
from typing import Any, Final

from pydantic import SecretStr

from anymedia.clock import Clock
from anymedia.config import Config, Network, Overrides, ProviderSettings, resolve
from anymedia.downloads import Downloader
from anymedia.errors import ClientClosedError, MediaError
from anymedia.journal import AttemptState, Entry, Journal, SavedFile
from anymedia.logs import logger
from anymedia.provider import Context, Plan, Provider
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.registry import emulator_endpoint, provider_class
from anymedia.results import Output, Result
from anymedia.submission import OnUnknown, Submitter
from anymedia.tasks import Snapshot
from anymedia.tracking import Tracked, Tracker

__all__ = ["Engine", "Recovered"]

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
        self._submitter = Submitter(
            journal, clock, self.rng, lambda: datetime.now(UTC), keep_bodies=config.journal_requests
        )
        self._providers: dict[str, Provider] = {}
        self._opening = asyncio.Lock()
        self._contexts: dict[Network, Context] = {}
        self._starting: set[asyncio.Task[Tracked]] = set()
        self._ends: dict[TaskRef, asyncio.Task[tuple[SavedFile, ...]]] = {}
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
        self._refuse_if_closed()
        async with self._opening:
            if name not in self._providers:
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
        work = self._start(provider, plan, on_unknown, caller, autosave)
        task = asyncio.get_running_loop().create_task(work, name="anymedia-submit")
        self._starting.add(task)
        task.add_done_callback(self._started)
        await asyncio.wait({task})  # unlike awaiting the task, a wait that is cancelled leaves it alone
        if task.cancelled():
            message = "the client was closed while the request was being sent; a task may have been started"
            raise ClientClosedError(message, provider=provider.name, outcome=Outcome.UNKNOWN)
        return task.result()

    async def canceling(self, ref: TaskRef, state: AttemptState) -> None:
        """Record that a cancellation is about to be sent, or that it has stopped nothing."""
        self._refuse_if_closed()
        await self._submitter.take_up(ref)
        await self._submitter.note(ref, state)

    async def recover(self, autosave: str | None = None) -> "Recovered":
        """Take up every open task of this journal that no living process is at; nothing is started.

        Args:
            autosave: The folder their outputs are to be saved in; None keeps to what was asked for at the start.
        """
        self._refuse_if_closed()
        recovered = Recovered([], [], [])
        entries = [replace(entry, autosave=autosave or entry.autosave) for entry in await self._submitter.adopt()]
        await asyncio.gather(*(self._recover(entry, recovered) for entry in entries))
        return recovered

    async def complete(self, snapshot: Snapshot) -> tuple[SavedFile, ...]:
        """Wait until all that a task's end asks for is done; where its outputs were saved, if they were to be.

        Raises:
            DownloadError: They could not be saved; the task stays unfinished in the journal, and may be tried again.
        """
        if snapshot.ref not in self._ends and self._submitter.autosave_of(snapshot.ref) is not None:
            self._on_end(snapshot)
        end = self._ends.get(snapshot.ref)
        if end is None:
            return ()
        try:
            return await asyncio.shield(end)
        except MediaError as error:
            self._ends.pop(snapshot.ref, None)
            error.ref = snapshot.ref
            raise

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
        await self._let_ends_be_recorded()
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
        self, provider: Provider, plan: Plan, on_unknown: OnUnknown, caller: Hashable, autosave: str | None
    ) -> Tracked:
        announced: list[Tracked] = []
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
            early = self._ends.get(tracked.ref)
            if early is not None:
                await asyncio.wait({early})
            if self._submitter.holds(tracked.ref):  # its end was told before there was an acceptance to add it to
                self._ends.pop(tracked.ref, None)
                self._on_end(tracked.snapshot)
        elif not self._closed:
            self.tracker.follow(tracked)
        return tracked

    def _started(self, task: asyncio.Task[Tracked]) -> None:
        self._starting.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.debug("a submission ended with %r", task.exception())

    async def _recover(self, entry: Entry, recovered: "Recovered") -> None:
        if not self._is_here(entry):
            recovered.elsewhere.append(entry)
            return
        provider = await self.provider(entry.provider)
        if entry.state in (AttemptState.SENDING, AttemptState.UNKNOWN):
            entry = await self._submitter.clear_up(entry, provider)
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
            return not self.emulate and entry.endpoint in ("", self.settings(entry.provider).base_url)
        except MediaError:  # a provider that is not installed, or has no key now
            return False

    def _on_end(self, snapshot: Snapshot) -> None:
        if snapshot.ref not in self._ends:
            self._ends[snapshot.ref] = asyncio.get_running_loop().create_task(self._end(snapshot), name="anymedia-end")
            self._ends[snapshot.ref].add_done_callback(lambda end: self._ended(snapshot.ref, end))

    async def _end(self, snapshot: Snapshot) -> tuple[SavedFile, ...]:
        """Save what is to be saved, then record the end: a task whose outputs are not yet owned is not finished."""
        await self._submitter.take_up(snapshot.ref)
        folder, saved = self._submitter.autosave_of(snapshot.ref), self._submitter.saved_of(snapshot.ref)
        if folder is not None and not saved and snapshot.state is TaskState.SUCCEEDED:
            ref = snapshot.ref
            result = Result(outputs=snapshot.outputs, ref=ref, provider=ref.provider, model=ref.model)
            fetched = self.downloader(ref.provider).fetch(result, f"{folder}/", lambda: self.fresh_outputs(ref))
            saved = tuple(await fetched)
        await self._submitter.finish(snapshot, saved)
        return saved

    def _ended(self, ref: TaskRef, end: "asyncio.Task[tuple[SavedFile, ...]]") -> None:
        if end.cancelled():
            return
        if end.exception() is not None:
            _log.warning("the end of %s could not be dealt with: %s", ref, end.exception())
        elif not end.result():
            self._ends.pop(ref, None)

    async def _let_ends_be_recorded(self) -> None:
        """What is not saved by now stays unfinished in the journal."""
        patience = asyncio.ensure_future(self.clock.sleep(_SENDING_GRACE))
        while (open_ends := [end for end in self._ends.values() if not end.done()]) and not patience.done():
            await asyncio.wait({patience, *open_ends}, return_when=asyncio.FIRST_COMPLETED)
        for task in (patience, *self._ends.values()):
            task.cancel()
        await asyncio.gather(patience, *self._ends.values(), return_exceptions=True)

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
