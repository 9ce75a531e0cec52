"""Several clients at one journal: none pays for another's task, takes it away, or leaves it behind."""

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest
from fault_children import entries_of, sent
from fault_clients import CREATES, REQUEST, client_of, later, settings, states
from typing_extensions import override

from anymedia import ClientClosedError, DownloadError, MediaClient, TextToImage
from anymedia.durable import SqliteJournal
from anymedia.journal import AttemptState, Entry, Journal, MemoryJournal
from anymedia.testing import ManualClock, ScaledClock
from anymedia.testing.emulator import Emulator
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

_PATIENCE = 20.0

Open = Callable[[Path], Journal]


# One key.


@pytest.mark.parametrize("open_one", [SqliteJournal, lambda _: MemoryJournal()], ids=["file", "memory"])
async def test_one_key_in_two_clients_while_a_refusal_is_repeated(
    emulator: Emulator, tmp_path: Path, open_one: Open
) -> None:
    """Between a refusal and its repetition no other client goes ahead under the key, though both hold one journal."""
    journal = open_one(tmp_path / "j")
    emulator.faults.add("throttle", match=CREATES[emulator.name])
    async with client_of(emulator, journal) as first, client_of(emulator, journal) as second:
        results = await asyncio.gather(first.run(REQUEST), second.run(REQUEST))
    assert len({result.ref.id for result in results}) == 1
    assert (emulator.ledger.accepted, sent(emulator)) == (1, 2)


async def test_one_key_in_many_clients_that_are_all_refused(emulator: Emulator, tmp_path: Path) -> None:
    """Whoever gives up hands the key on to one other client, and to no more than one."""
    emulator.faults.add("throttle", match=CREATES[emulator.name], times=4)
    clients = [client_of(emulator, tmp_path / "j", retries=1, retry_delay=0.01) for _ in range(4)]
    ends = await asyncio.gather(*(client.run(REQUEST) for client in clients), return_exceptions=True)
    await asyncio.gather(*(client.aclose() for client in clients))
    assert sorted(type(end).__name__ for end in ends) == ["ImageResult", "ImageResult", *["RateLimitError"] * 2]
    assert (emulator.ledger.accepted, sent(emulator)) == (1, 5)


async def test_resubmitting_goes_to_one_client_only(tmp_path: Path) -> None:
    """Two clients that would both rather pay twice than not at all pay twice, and not three times."""
    async with RunwayEmulator(speed=1000) as emulator:
        emulator.faults.add("lose_reply", match="text_to_image")
        async with client_of(emulator, tmp_path / "j") as first, client_of(emulator, tmp_path / "j") as second:
            await asyncio.gather(first.run(REQUEST), return_exceptions=True)
            views = [client.with_options(on_unknown="resubmit") for client in (first, second)]
            results = await asyncio.gather(*(view.run(REQUEST) for view in views))
        assert len({result.ref.id for result in results}) == 1
        assert (emulator.ledger.accepted, sent(emulator)) == (2, 2)


# Whose task it is.


async def test_a_client_that_closes_leaves_the_others_of_its_journal_alone(still: Emulator, tmp_path: Path) -> None:
    """Two clients hold one journal object; the end of one gives away its own tasks and nobody else's."""
    journal = SqliteJournal(tmp_path / "j")
    async with client_of(still, journal) as living:
        kept = await living.submit(REQUEST)
        async with client_of(still, journal) as leaving:
            given = await leaving.submit(TextToImage(prompt="a whale"))
            assert [task.ref for task in (await living.recover()).tasks] == [kept.ref]
        async with client_of(still, tmp_path / "j") as heir:
            (task,) = (await heir.recover()).tasks
            assert task.ref == given.ref
            assert {entry.ref for entry in await heir.unfinished()} == {kept.ref, given.ref}


async def test_what_is_elsewhere_is_left_for_whoever_is_there(still: Emulator, tmp_path: Path) -> None:
    """A client that cannot follow a task lists it, and while it lives another one that can takes it at once."""
    async with client_of(still, tmp_path / "j") as client:
        ref = (await client.submit(REQUEST)).ref
    async with type(still)() as other, client_of(other, tmp_path / "j") as stranger:
        found = await stranger.recover()
        assert ([entry.ref for entry in found.elsewhere], found.tasks) == ([ref], ())
        async with client_of(still, tmp_path / "j") as client:
            (task,) = (await client.recover()).tasks
            await later(still)
            assert (await task.result()).ref == ref
        assert (await stranger.recover()).elsewhere == ()


async def test_what_was_never_sent_is_closed_as_that(emulator: Emulator, tmp_path: Path) -> None:
    """An intent whose client is gone is settled by the next one that recovers; that of a living one is left alone."""
    path = tmp_path / "j"
    dead, living = SqliteJournal(path), SqliteJournal(path)
    async with client_of(emulator, path) as client:
        task = await client.submit(REQUEST)
        entry = (await client._engine.journal.latest(task.ref))[0]
        for number, journal in enumerate((dead, living)):
            await journal.open(_intent(entry, number))
        await dead.aclose()
        await client.recover()
        assert [one.state for one in await living.latest()][1:] == [AttemptState.NOT_SENT, AttemptState.INTENT]
    await living.aclose()


def _intent(entry: Entry, number: int) -> Entry:
    return replace(entry, request=str(number), state=AttemptState.INTENT, ref=None, idempotency_key=None)


# Clients that nobody closes.


async def abandon(emulator: Emulator, journal: Path) -> str:
    """Start a task with a client that nobody holds on to."""
    ref = str((await client_of(emulator, journal).submit(REQUEST)).ref)
    gc.collect()
    return ref


async def abandon_sync(emulator: Emulator, journal: Path) -> str:
    """The same, for synchronous code."""
    ref = await asyncio.to_thread(lambda: str(MediaClient(**settings(emulator, journal)).submit(REQUEST).ref))
    gc.collect()
    return ref


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again: what happens in other threads and tasks of the client's own tells nobody."""
    async with asyncio.timeout(_PATIENCE):
        while not await is_so():  # noqa: ASYNC110
            await asyncio.sleep(0)


@pytest.mark.parametrize("abandon", [abandon, abandon_sync], ids=["async", "sync"])
async def test_a_client_that_nobody_closes_gives_its_tasks_away(
    still: Emulator, tmp_path: Path, abandon: Callable[[Emulator, Path], Awaitable[str]]
) -> None:
    """Once nobody refers to a client it closes itself, with a warning, and another one in the process gets its tasks."""
    with pytest.warns(ResourceWarning, match="not closed"):
        ref = await abandon(still, tmp_path / "j")
    found: list[str] = []
    async with client_of(still, tmp_path / "j") as client:

        async def is_found() -> bool:
            found[:] = [str(task.ref) for task in (await client.recover()).tasks]
            return bool(found)

        await until(is_found)
    assert found == [ref]


async def test_a_handle_keeps_its_client(still: Emulator, tmp_path: Path) -> None:
    """Whoever holds a task can wait for it, though nobody holds its client; afterwards nothing is left running."""
    held = [await client_of(still, tmp_path / "j").submit(REQUEST)]
    gc.collect()
    await later(still)
    assert (await held[0].result()).ref == held[0].ref

    async def is_quiet() -> bool:
        tasks = (task.get_name() for task in asyncio.all_tasks())
        threads = (thread.name for thread in threading.enumerate())
        return not any(
            name.startswith(("anymedia-look", "anymedia-close", "anymedia-journal")) for name in (*tasks, *threads)
        )

    with pytest.warns(ResourceWarning, match="not closed"):
        held.clear()
    await until(is_quiet)


async def test_closing_does_not_wait_for_a_pushed_result(tmp_path: Path) -> None:
    """A request that has left whole, under an id that is in the journal, holds nobody up; it is found again."""
    clock = ManualClock()
    async with RunwareEmulator(clock=ManualClock()) as emulator:
        accepted = asyncio.Event()
        emulator.ledger.subscribe(lambda _: accepted.set())
        client = client_of(emulator, tmp_path / "j", clock=clock)
        waiting = asyncio.ensure_future(client.run(REQUEST))
        async with asyncio.timeout(_PATIENCE):
            await accepted.wait()
            await client.aclose()
            with pytest.raises(ClientClosedError) as caught:
                await waiting
        assert clock.now() == 0
        (entry,) = await entries_of(tmp_path / "j")
        assert entry.state.is_open
        assert entry.ref is not None
        assert entry.ref == caught.value.ref
        await later(emulator)
        async with client_of(emulator, tmp_path / "j") as client:
            (task,) = (await client.recover()).tasks
            assert (await task.result()).ref.id == entry.ref.id
        assert (emulator.ledger.accepted, sent(emulator)) == (1, 1)


class Stuck(SqliteJournal):
    """A journal on a disk that does not answer when an end is to be written."""

    def __init__(self, path: Path, *, lease: float = 15) -> None:
        super().__init__(path, lease=lease)
        self.reached = asyncio.Event()

    @override
    def share(self) -> Self:
        return self

    @override
    async def record(self, *entries: Entry) -> None:
        if entries[0].state is AttemptState.FINISHED:
            self.reached.set()
            await asyncio.Event().wait()
        await super().record(*entries)


async def test_closing_does_not_wait_for_ever_for_an_end(emulator: Emulator, tmp_path: Path) -> None:
    """Whoever waits while an end cannot be recorded is told that the client was closed; the task stays unfinished."""
    journal = Stuck(tmp_path / "j")
    async with asyncio.timeout(_PATIENCE):
        async with client_of(emulator, journal, clock=ScaledClock(100)) as client:
            waiting = asyncio.ensure_future(client.run(REQUEST))
            await journal.reached.wait()
        with pytest.raises(ClientClosedError) as caught:
            await waiting
    assert caught.value.ref is not None
    assert await states(tmp_path / "j") == [AttemptState.ACCEPTED]


# Where outputs are saved.


async def test_whoever_shares_a_task_saves_a_copy_of_its_own(still: Emulator, tmp_path: Path) -> None:
    """A key leads a second client to the task of a living one; each gets the outputs where it wants them."""
    async with client_of(still, tmp_path / "j") as first, client_of(still, tmp_path / "j") as second:
        tasks = [
            await client.with_options(autosave=tmp_path / name).submit(REQUEST)
            for client, name in ((first, "one"), (second, "two"))
        ]
        await later(still)
        for task, name in zip(tasks, ("one", "two"), strict=True):
            for _ in range(2):
                (path,) = (await task.result()).saved
                assert [path] == list((tmp_path / name).iterdir())
        assert (await second.with_options(autosave=tmp_path / "three").run(REQUEST)).saved[0].exists()
    assert still.ledger.accepted == 1


async def test_a_file_that_is_gone_is_saved_again(emulator: Emulator, tmp_path: Path) -> None:
    """A program that is run again finds its files, and fetches what was deleted in between; nothing is paid twice."""
    paths = []
    for _ in range(3):
        async with client_of(emulator, tmp_path / "j") as client:
            (path,) = (await client.with_options(autosave=tmp_path / "out").run(REQUEST)).saved
        paths.append(path)
        assert list((tmp_path / "out").iterdir()) == [path]
        if len(paths) == 2:
            path.unlink()
    assert len(set(paths)) == 1
    assert emulator.ledger.accepted == 1


async def test_a_folder_that_cannot_be_written_is_an_error_of_ours(emulator: Emulator, tmp_path: Path) -> None:
    """It names path and reason, and the task stays unfinished until there is a place for its outputs."""
    (tmp_path / "file").write_text("in the way")
    async with client_of(emulator, tmp_path / "j") as client:
        task = await client.with_options(autosave=tmp_path / "file" / "out").submit(REQUEST)
        with pytest.raises(DownloadError, match=r"file/out/.* cannot be written \(.+\)") as caught:
            await task.result()
        assert caught.value.ref == task.ref
        assert [entry.state for entry in await client.unfinished()] == [AttemptState.ACCEPTED]
        (tmp_path / "file").unlink()
        assert (await task.result()).saved[0].exists()
        assert await client.unfinished() == ()
    assert emulator.ledger.accepted == 1
