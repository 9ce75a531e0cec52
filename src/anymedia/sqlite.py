"""One SQLite file behind one writer thread: whatever waits shares a commit, and returns once that is on disk."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, Protocol, TypeVar

from anymedia.errors import JournalError, MediaError

__all__ = ["Tenant", "Writer"]

T = TypeVar("T")

_BUSY: Final = 10.0


class Tenant(Protocol):
    """Whoever a writer works for."""

    @property
    def pause(self) -> float:
        """Seconds between two signs of life."""
        ...

    def arrive(self, db: sqlite3.Connection) -> None:
        """Bring the file into shape; in a transaction."""
        ...

    def beat(self, db: sqlite3.Connection) -> None:
        """Give a sign of life; in the transaction of whatever else is written."""
        ...

    def is_busy(self, db: sqlite3.Connection) -> bool:
        """Whether signs of life are due although nothing is to be written."""
        ...

    def leave(self, db: sqlite3.Connection) -> None:
        """Say goodbye."""
        ...


@dataclass(frozen=True)
class _Job:
    work: Callable[[sqlite3.Connection], object]
    done: "Future[Any]"


class Writer:
    """Opens the file at first use, on a thread that ends when it is told to.

    Args:
        path: The file; its folder is made.
        tenant: Whom it works for.
    """

    def __init__(self, path: Path, tenant: Tenant) -> None:
        self._path = path
        self._tenant = tenant
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    async def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do a piece of work in a transaction, and return what it gives once that is committed.

        Raises:
            JournalError: It could not be done, and nothing of it was.
        """
        done: Future[T] = Future()
        with self._lock:
            if self._thread is None:
                self._jobs = SimpleQueue()
                self._thread = self._started()
            self._jobs.put(_Job(work, done))
        return await asyncio.wrap_future(done)

    def stop(self) -> None:
        """Have the thread say goodbye and end after what waits now. Does not wait, so it may be called anywhere."""
        self._jobs.put(None)

    async def aclose(self) -> None:
        """Stop, and wait until the file is closed."""
        with self._lock:
            thread = self._thread
            self.stop()
        if thread is not None:
            await asyncio.to_thread(thread.join)

    def _started(self) -> threading.Thread:
        thread = threading.Thread(target=self._serve, name="anymedia-journal", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise JournalError(f"the journal {self._path} cannot be written ({error})") from error
        return thread

    # On the thread.

    def _serve(self) -> None:
        jobs: list[_Job] = []
        failure: MediaError = JournalError(f"the journal {self._path} was closed")
        try:
            with _explained(self._path), self._opened() as db:
                last = False
                while not last:
                    jobs, last = self._gather(self._tenant.pause)
                    if jobs or self._tenant.is_busy(db):
                        self._commit(db, jobs)
                    jobs = []
                self._tenant.leave(db)
        except MediaError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - whatever broke, nobody must wait for ever
            failure = JournalError(f"the journal {self._path} cannot be written ({error!r})")
        with self._lock:
            self._thread = None
            waiting, _ = self._gather(patience=0)
        for job in (*jobs, *waiting):
            _settle(job, None, failure)

    def _gather(self, patience: float) -> tuple[list[_Job], bool]:
        """All that waits, and whether it is time to go."""
        jobs: list[_Job] = []
        with suppress(Empty):
            job = self._jobs.get(timeout=patience) if patience else self._jobs.get_nowait()
            while job is not None:
                jobs.append(job)
                job = self._jobs.get_nowait()
            return jobs, True
        return jobs, False

    def _commit(self, db: sqlite3.Connection, jobs: list[_Job]) -> None:
        """One transaction for all that waited; a job that fails undoes its own part only."""
        answers: list[tuple[_Job, object, Exception | None]] = []
        db.execute("BEGIN IMMEDIATE")
        self._tenant.beat(db)
        for job in jobs:
            db.execute("SAVEPOINT job")
            try:
                answers.append((job, job.work(db), None))
            except sqlite3.Error:
                raise
            except Exception as problem:  # noqa: BLE001 - whatever broke, its caller must not wait for ever
                db.execute("ROLLBACK TO job")
                answers.append((job, None, problem))
            db.execute("RELEASE job")
        db.execute("COMMIT")
        for job, answer, error in answers:
            _settle(job, answer, error)

    @contextmanager
    def _opened(self) -> Generator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, timeout=_BUSY, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("BEGIN IMMEDIATE")
            self._tenant.arrive(db)
            db.execute("COMMIT")
            yield db
        finally:
            db.close()


def _settle(job: _Job, answer: object, error: Exception | None) -> None:
    if job.done.cancelled() or not job.done.set_running_or_notify_cancel():
        return
    if error is None:
        job.done.set_result(answer)
    else:
        job.done.set_exception(error)


_HINTS: Final = {"full": "free some space", "locked": "another process holds on to it; try again"}


@contextmanager
def _explained(path: Path) -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:
        reason = str(error)
        hint = next((hint for word, hint in _HINTS.items() if word in reason), "move it away to start a new one")
        raise JournalError(f"the journal {path} cannot be written ({reason}); {hint}") from error
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be opened ({error.strerror})") from error
