"""Every file of docs/examples, run as a user would run it, against the emulators."""

import asyncio
import contextlib
import io
import os
import re
import runpy
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from anymedia import TaskTimeoutError
from anymedia.testing import Emulator, FaultProxy, ManualClock
from anymedia.testing.hosting import shared
from anymedia.testing.render import Facts, image, probe, video
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

_ROOT = Path(__file__).parents[2]
_EXAMPLES = _ROOT / "docs" / "examples"
_EMULATORS: dict[str, type[Emulator]] = {"runware": RunwareEmulator, "runway": RunwayEmulator}
_PLACES = {
    "runware": ("RUNWARE_BASE_URL", "RUNWARE_API_KEY"),
    "runway": ("RUNWAYML_BASE_URL", "RUNWAYML_API_SECRET"),
}
_FIRST_STATE = {"runware": "running 0.0", "runway": "queued None"}  # Runware tells no waiting from working
_CROSSWISE = pytest.mark.parametrize(
    ("twin", "provider"), [("", "runway"), ("_async", "runware")], indirect=True, ids=["sync-runway", "async-runware"]
)
"""For examples whose films take long to draw: each file and each provider once."""


@pytest.fixture(params=["", "_async"], ids=["sync", "async"])
def twin(request: pytest.FixtureRequest) -> str:
    """The end of an example's name: most are there for both worlds."""
    ending: str = request.param
    return ending


@pytest.fixture(params=["runware", "runway"])
def provider(request: pytest.FixtureRequest) -> str:
    """Who answers."""
    name: str = request.param
    return name


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder: a few small inputs."""
    place = tmp_path / "user"
    (place / "photos").mkdir(parents=True)
    cat = image("a cat", seed=1, width=320, height=240, format="jpg")
    for name in ("cat.jpg", "portrait.jpg", "photos/a.jpg", "photos/b.jpg", "photos/c.jpg"):
        (place / name).write_bytes(cat)
    (place / "photos" / "notes.txt").write_text("no picture")
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def choose(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write the configuration that names an emulator's provider, and say where that listens."""

    def choose(emulator: Emulator, base_url: str | None = None, **settings: float) -> None:
        table = "".join(f"{name} = {value}\n" for name, value in {"poll_interval": 0.02, **settings}.items())
        chosen = f'provider = "{emulator.name}"\n\n[providers.{emulator.name}]\n{table}'
        (folder / "anymedia.toml").write_text(chosen)
        address, key = _PLACES[emulator.name]
        monkeypatch.setenv(address, base_url or emulator.endpoint.base_url)
        monkeypatch.setenv(key, emulator.api_key)

    return choose


@pytest.fixture
async def emulator(provider: str, choose: Callable[..., None]) -> AsyncIterator[Emulator]:
    """The provider's emulator, a thousand times faster than life, and chosen."""
    async with _EMULATORS[provider](speed=1000) as running:
        choose(running)
        yield running


@pytest.fixture
def clock() -> ManualClock:
    """Stands still until a test moves it."""
    return ManualClock()


@pytest.fixture
async def waiting(provider: str, clock: ManualClock, choose: Callable[..., None]) -> AsyncIterator[Emulator]:
    """The provider's emulator on the clock that a test moves, and chosen."""
    async with _EMULATORS[provider](clock=clock) as running:
        choose(running)
        yield running


async def play(name: str, *arguments: str) -> list[str]:
    """Run an example to its end, in this process, and return the lines it printed."""
    printed = io.StringIO()

    def run() -> None:
        before = sys.argv
        sys.argv = [name, *arguments]
        try:
            with contextlib.redirect_stdout(printed):
                runpy.run_path(str(_EXAMPLES / f"{name}.py"), run_name="__main__")
        finally:
            sys.argv = before

    await asyncio.to_thread(run)
    return printed.getvalue().splitlines()


class Running:
    """An example in a process of its own: what it prints is read line by line, what it reads is written."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._input, self._output = process.stdin, process.stdout

    async def line(self) -> str:
        """The next line it prints; empty at its end."""
        async with asyncio.timeout(30):
            return (await self._output.readline()).decode().rstrip()

    def type(self, text: str) -> None:
        """Give it a line to read."""
        self._input.write(f"{text}\n".encode())

    def terminate(self) -> None:
        """Ask it to stop, as a supervisor would."""
        self._process.terminate()

    def kill(self) -> None:
        """End it with no time for a word: `kill -9`."""
        self._process.kill()

    async def end(self) -> list[str]:
        """End its input, let it come to its own end, and return the lines that were not read yet."""
        async with asyncio.timeout(30):
            rest, _ = await self._process.communicate(b"")
        return rest.decode().splitlines()

    @property
    def code(self) -> int | None:
        """How it ended."""
        return self._process.returncode


@contextlib.asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[Running]:
    """Start Python with these arguments in a process of its own; it is gone at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-B",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    running = Running(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await running.end()


def example(name: str) -> str:
    """Where an example lies."""
    return str(_EXAMPLES / f"{name}.py")


def facts(line: str) -> Facts:
    """What the file holds that a line says was saved."""
    return probe(Path(line.removeprefix("saved ")).read_bytes())


_VICTIM = """
from anymedia import MediaClient, TextToVideo

with MediaClient.from_config() as client:
    print(client.submit(TextToVideo(prompt="waves roll in", duration=5)).ref.id, flush=True)
    input()
"""
"""Starts a film and does not live to see it."""


def pass_for_dead() -> None:
    """Let the time pass after which a process that was not heard of counts as dead."""
    journal = Path(os.environ["XDG_STATE_HOME"]) / "anymedia" / "journal.sqlite3"
    with contextlib.closing(sqlite3.connect(journal)) as db, db:
        db.execute("UPDATE owners SET beat = beat - 60")


async def accepted(emulator: Emulator, count: int) -> None:
    """Return once so many tasks have been started."""
    enough = asyncio.Event()
    emulator.ledger.subscribe(lambda _: enough.set() if emulator.ledger.accepted >= count else None)
    if emulator.ledger.accepted < count:
        async with asyncio.timeout(30):
            await enough.wait()


async def test_keys_and_endpoints(
    twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is found in the environment or taken as an argument, and goes to the endpoint it was given for."""
    choose(runware_emulator)
    async with RunwareEmulator(speed=1000, api_key="the-key-of-the-team-0123456789ab") as gateway:
        monkeypatch.setenv("TEAM_KEY", gateway.api_key)
        monkeypatch.setenv("TEAM_GATEWAY", gateway.endpoint.base_url)
        own, teams = await play(f"key_and_endpoint{twin}")
        assert urlsplit(own).netloc == urlsplit(runware_emulator.endpoint.base_url).netloc
        assert urlsplit(teams).netloc == urlsplit(gateway.endpoint.base_url).netloc
        assert (runware_emulator.ledger.accepted, gateway.ledger.accepted) == (1, 1)


async def test_reconnect(twin: str, emulator: Emulator, choose: Callable[..., None]) -> None:
    """One client connects once for several calls, and again by itself after the connection was cut between two."""
    proxy = FaultProxy(emulator.endpoint.base_url, emulator.ledger)
    choose(emulator, await proxy.start())
    try:
        async with started(example(f"reconnect{twin}")) as running:
            files, connections = [], []
            for prompt in ("a cat", "a dog", "an owl"):
                running.type(prompt)
                files.append(await running.line())
                connections.append(proxy.connections)
                if prompt == "a dog":
                    proxy.cut()
                    await asyncio.sleep(0)  # the proxy acts when the loop comes round
            rest = await running.end()
            assert running.code == 0, "\n".join([*files, *rest])
    finally:
        await proxy.aclose()
    assert [facts(file).media_type.partition("/")[0] for file in files] == ["image"] * 3
    assert connections[0] == connections[1] < connections[2]
    assert emulator.ledger.accepted == 3


async def test_timeouts_and_retries(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """A client told to try four times more gets its result although the provider refuses thrice, and pays once."""
    choose(runware_emulator)
    runware_emulator.faults.add("throttle", times=3)
    picture, film = await play(f"timeouts_and_retries{twin}")
    assert picture != film
    assert runware_emulator.ledger.requests.count("imageInference") == 4
    assert runware_emulator.ledger.accepted == 2


async def test_settings_in_the_file(emulator: Emulator, choose: Callable[..., None]) -> None:
    """The same settings in the file: refused three times, paid once; and nobody waits longer than they said."""
    choose(emulator, retries=4, retry_delay=0.1)
    emulator.faults.add("throttle", times=3)
    assert len(await play("text_to_image")) == 2
    assert emulator.ledger.accepted == 1
    choose(emulator, timeout=0.1)
    emulator.faults.add("stick")
    with pytest.raises(TaskTimeoutError):
        await play("text_to_image")
    assert emulator.ledger.accepted == 2


async def test_text_to_image(twin: str, provider: str, emulator: Emulator) -> None:
    """A picture of the wanted shape is on disk, and what the example says it cost is what was charged."""
    bill, saved = await play(f"text_to_image{twin}")
    seen = facts(saved)
    assert seen.width
    assert seen.height
    assert seen.width / seen.height == pytest.approx(16 / 9, rel=0.05)
    assert bill.startswith(f"{provider} ")
    assert f"{emulator.ledger.charged:f}" in bill
    assert (emulator.ledger.accepted, emulator.ledger.delivered) == (1, 1)


@_CROSSWISE
async def test_image_to_video(twin: str, emulator: Emulator) -> None:
    """One call gives a film of the wanted length, and no sign of how it was submitted, followed and fetched."""
    _, saved = await play(f"image_to_video{twin}")
    seen = facts(saved)
    assert seen.media_type == "video/mp4"
    assert seen.duration == pytest.approx(5, abs=0.2)
    assert emulator.ledger.accepted == 1


@_CROSSWISE
async def test_character_performance(twin: str, emulator: Emulator, folder: Path) -> None:
    """A picture and a performer's film become a film as long as the performance."""
    (folder / "performer.mp4").write_bytes(video("a dancer", seed=1, width=320, height=180, duration=3))
    (saved,) = await play(f"character_performance{twin}")
    assert facts(saved).duration == pytest.approx(3, abs=0.3)
    assert emulator.ledger.accepted == 1


@_CROSSWISE
async def test_upscale_video(twin: str, emulator: Emulator, folder: Path) -> None:
    """A small film becomes a larger one of the same length."""
    (folder / "clip.mp4").write_bytes(video("waves", seed=1, width=320, height=180, duration=1))
    (saved,) = await play(f"upscale_video{twin}")
    seen = facts(saved)
    assert seen.width
    assert seen.width > 320
    assert seen.duration == pytest.approx(1, abs=0.2)
    assert emulator.ledger.accepted == 1


async def test_gather(waiting: Emulator, clock: ManualClock) -> None:
    """Pictures and films are all under way before the first is ready."""
    playing = asyncio.create_task(play("gather"))
    await accepted(waiting, 6)
    assert all(entry.state == "accepted" for entry in waiting.ledger.entries.values())
    await clock.advance(60)
    lines = await playing
    assert len({url for line in lines for url in line.split()[-2:]}) == 6
    assert waiting.ledger.accepted == 6


async def test_map_prompts(twin: str, waiting: Emulator, clock: ManualClock) -> None:
    """Four are under way at once and no more, and each of the six is told once."""
    ledger, started = waiting.ledger, list[int]()
    ledger.subscribe(lambda event: started.append(ledger.accepted) if event.name == "finished" else None)
    playing = asyncio.create_task(play(f"map_prompts{twin}"))
    await accepted(waiting, 4)
    await clock.advance(60)
    await accepted(waiting, 6)
    await clock.advance(60)
    lines = await playing
    assert started[0] == 4
    assert sorted(line.split()[0] for line in lines) == ["cat", "dog", "fox", "hare", "owl", "seal"]
    assert all("http://127.0.0.1" in line for line in lines)
    assert waiting.ledger.accepted == 6


async def test_upscale_and_cut_out(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """A local picture comes back twice as large, and with a transparent background."""
    choose(runware_emulator)
    large, cut_out = map(facts, await play(f"upscale_and_cut_out{twin}"))
    assert (large.width, large.height) == (640, 480)
    assert (cut_out.width, cut_out.height, cut_out.alpha) == (320, 240, True)
    assert runware_emulator.ledger.accepted == 2


async def test_folder(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """All pictures of a folder are worked on; the text among them is named with the reason, and costs nothing."""
    choose(runware_emulator)
    lines = sorted(await play(f"folder{twin}"))
    assert [facts(line).alpha for line in lines[:3]] == [True] * 3
    assert [Path(line).name for line in lines[:3]] == ["a.png", "b.png", "c.png"]
    assert lines[3].startswith("skipped photos/notes.txt ")
    assert len(lines) == 4
    assert runware_emulator.ledger.accepted == 3


async def test_errors(twin: str, provider: str, emulator: Emulator) -> None:
    """An error says what to mend before anything is sent, and afterwards which task it is about."""
    emulator.faults.add("fail_task")
    *issues, error, retryable, task = await play(f"errors{twin}")
    assert issues
    assert all(issue.startswith("invalid_request size ") for issue in issues)
    assert error.startswith(f"task_failed {provider} ")
    assert retryable == "worth another try: True"
    assert task.startswith(f"the task: anymedia+{provider}://{next(iter(emulator.ledger.entries))}?")
    assert emulator.ledger.accepted == 1


async def test_some_fail(twin: str, provider: str, emulator: Emulator) -> None:
    """In a batch of four one is refused unsent and one fails at the provider; the other two are there."""
    emulator.faults.add("fail_task")
    lines = await play(f"some_fail{twin}")
    assert [line[0] for line in lines] == ["0", "1", "2", "3"]
    assert lines[2] == "2 failed: invalid_request None"
    (failed,) = [line for line in lines if "task_failed" in line]
    assert f"anymedia+{provider}://" in failed
    assert sum("is there: http" in line for line in lines) == 2
    assert emulator.ledger.accepted == 3


async def test_task_failed(twin: str, provider: str, emulator: Emulator) -> None:
    """A task that fails after it was accepted says the vendor's code, its words, its whole answer, and the task."""
    emulator.faults.add("fail_task")
    failed, task, answer = await play(f"task_failed{twin}")
    ((id, entry),) = emulator.ledger.entries.items()
    code = {"runway": "INTERNAL", "runware": "inferenceError"}[provider]
    assert re.fullmatch(rf"failed: {code} .+", failed)
    assert task.startswith(f"the task: anymedia+{provider}://{id}?")
    assert id in answer
    assert code in answer
    assert entry.state == "failed"


async def test_tasks_across_processes(
    twin: str, provider: str, waiting: Emulator, clock: ManualClock, folder: Path
) -> None:
    """One process starts a task, another finds it waiting, and a third, there before its end, saves the result."""
    async with started(example(f"task_submit{twin}")) as submit:
        assert await submit.end() == list(waiting.ledger.entries)
    async with started(example(f"task_status{twin}")) as status:
        assert await status.end() == [_FIRST_STATE[provider]]
    async with started(example(f"task_wait{twin}")) as wait:
        first = await wait.line()
        await clock.advance(60)
        *_, last, saved = [first, *await wait.end()]
    assert first.split()[0] in ("queued", "running")
    assert last.split()[0] == "succeeded"
    assert facts(saved).duration == pytest.approx(5, abs=0.2)
    assert waiting.ledger.accepted == 1
    assert {submit.code, status.code, wait.code} == {0}


async def test_recover(twin: str, waiting: Emulator, clock: ManualClock, folder: Path) -> None:
    """A film whose process was killed is saved by the next one, once, and is not paid again."""
    async with started("-c", _VICTIM) as victim:
        task = await victim.line()
        victim.kill()
        await victim.end()
    pass_for_dead()
    await clock.advance(600)
    (saved,) = await play(f"recover{twin}")
    assert facts(saved).media_type == "video/mp4"
    assert Path(saved.removeprefix("saved ")).parent == folder / "recovered"
    assert task in saved
    assert await play(f"recover{twin}") == []
    assert waiting.ledger.accepted == 1


async def test_recover_names_what_nobody_can_know(
    twin: str, runway_emulator: RunwayEmulator, choose: Callable[..., None]
) -> None:
    """Runway cannot be asked about a request whose answer was lost: it is named each time, and never sent again."""
    choose(runway_emulator)
    runway_emulator.faults.add("lose_reply", match="text_to_video")
    async with started("-c", _VICTIM) as victim:
        assert any("SubmissionUnknownError" in line for line in await victim.end())
    for _ in range(2):
        (named,) = await play(f"recover{twin}")
        assert named.startswith("look at runway text_to_video 20")
    assert runway_emulator.ledger.accepted == 1


async def test_idempotency(twin: str, provider: str, emulator: Emulator) -> None:
    """Run twice, it is one task and one charge; another request under its key is refused, and not sent."""
    first, refused = await play(f"idempotency{twin}")
    assert "order-17" in refused
    again, _ = await play(f"idempotency{twin}")
    assert first.split()[0] == again.split()[0] == next(iter(emulator.ledger.entries))
    assert emulator.ledger.accepted == 1


async def test_fallback(
    twin: str, runway_emulator: RunwayEmulator, runware_emulator: RunwareEmulator, choose: Callable[..., None]
) -> None:
    """A provider that refuses is passed over, and the result says so."""
    choose(runware_emulator)
    choose(runway_emulator)
    runway_emulator.faults.add("no_credits")
    made, notice = await play(f"fallback{twin}")
    assert made.startswith("runware http://127.0.0.1")
    assert notice.startswith("fell_back runway: refused ")
    assert (runway_emulator.ledger.accepted, runware_emulator.ledger.accepted) == (0, 1)


@_CROSSWISE
async def test_wait_with_timeout(twin: str, provider: str, waiting: Emulator, clock: ManualClock) -> None:
    """A wait that ends early names the task, which goes on; a wait without an end brings the result."""
    async with started(example(f"wait_with_timeout{twin}")) as running:
        early = await running.line()
        await clock.advance(60)
        (url,) = await running.end()
    assert early.startswith(f"still running: anymedia+{provider}://{next(iter(waiting.ledger.entries))}?")
    assert url.startswith("http://127.0.0.1")
    assert running.code == 0
    assert waiting.ledger.accepted == 1


async def test_fastapi_app(waiting: Emulator, clock: ManualClock) -> None:
    """Behind a real server: create a film, ask for its state, fetch its result; and the client ends with the server."""
    pytest.importorskip("fastapi", reason="FastAPI is the application's choice, so no extra brings it")
    uvicorn = ("-m", "uvicorn", "fastapi_app:app", "--app-dir", str(_EXAMPLES), "--port", "0")
    async with started(*uvicorn) as server:
        while not (listening := re.search(r"running on (http://\S+)", line := await server.line())):
            assert line, "the server has ended"
        async with httpx.AsyncClient(base_url=listening[1], timeout=30) as browser:
            created = await browser.post("/films", json={"prompt": "waves roll in"})
            assert created.status_code == 202
            assert created.json()["id"] == next(iter(waiting.ledger.entries))
            task = {"task": created.json()["task"]}
            assert (await browser.get("/films/status", params=task)).json()["state"] in ("queued", "running")
            early = await browser.get("/films/result", params={**task, "patience": 0.1})
            assert (early.status_code, early.json()["code"]) == (504, "task_timeout")
            await clock.advance(60)
            film = (await browser.get("/films/result", params=task)).json()
            assert (await browser.get("/films/status", params=task)).json()["state"] == "succeeded"
            assert probe((await browser.get(film["url"])).content).media_type == "video/mp4"
            refused = await browser.post("/films", json={"prompt": ""})
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
        server.terminate()
        goodbye = await server.end()
    assert any("Application shutdown complete" in line for line in goodbye)
    assert waiting.ledger.accepted == 1


async def test_webhook_app(runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """Behind a real server: the film is asked for, Runware's post comes in, and the result is there, looked at rarely."""
    pytest.importorskip("fastapi", reason="FastAPI is the application's choice, so no extra brings it")
    choose(runware_emulator, poll_interval=1000)
    uvicorn = ("-m", "uvicorn", "webhook_app:app", "--app-dir", str(_EXAMPLES), "--port", "0")
    async with started(*uvicorn) as server:
        while not (listening := re.search(r"running on (http://\S+)", line := await server.line())):
            assert line, "the server has ended"
        async with httpx.AsyncClient(base_url=listening[1], timeout=30) as browser:
            created = await browser.post("/films", params={"prompt": "waves roll in"})
            film = (await browser.get("/films/result", params=created.json())).json()
            assert probe((await browser.get(film["url"])).content).media_type == "video/mp4"
            assert (await browser.post("/hooks/runware", json={})).status_code == 403
        server.terminate()
        said = await server.end()
    assert any("POST /hooks/runware?token=" in line and line.endswith("204 No Content") for line in said)
    assert runware_emulator.ledger.accepted == 1


async def test_stream_text(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """What was shown piece by piece is the whole answer, paid once."""
    choose(runware_emulator)
    *shown, count = await play(f"stream_text{twin}")
    assert count.startswith(f"{len(chr(10).join(shown))} characters for $")
    assert runware_emulator.ledger.accepted == 1


async def test_runware_account(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """Balance, search, an upload used twice and a past task: only the two upscales are paid for."""
    choose(runware_emulator)
    left, found, pictures, asked = await play(f"runware_account{twin}")
    assert left == "left: 1000.0"
    assert re.fullmatch(r"\d+ models, first of all \S+:\S+@\S+", found)
    assert pictures == "2 pictures of one upload"
    assert asked == "asked: upscale"
    assert runware_emulator.ledger.accepted == 2


async def test_swap(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One app makes a picture and a film of it under either configuration; the files differ in one line."""
    monkeypatch.setenv("ANYMEDIA_EMULATE", "1")
    files = [_EXAMPLES / "swap" / f"{name}.toml" for name in _EMULATORS]
    one, other = (file.read_text().splitlines() for file in files)
    assert [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]] == [
        ('provider = "runware"', 'provider = "runway"')
    ]
    for name, file in zip(_EMULATORS, files, strict=True):
        shared(_EMULATORS[name], speed=1000)
        picture, film = await play("swap/app", str(file))
        assert picture.startswith(f"{name} ")
        assert facts(picture.split()[-1]).media_type.startswith("image/")
        assert facts(film.split()[-1]).media_type == "video/mp4"


@pytest.fixture
async def account(choose: Callable[..., None]) -> AsyncIterator[RunwayEmulator]:
    """Runway, chosen, and slow enough for a session to be joined before its key dies."""
    async with RunwayEmulator(speed=100) as running:
        choose(running)
        yield running


async def test_runway_account(twin: str, account: RunwayEmulator) -> None:
    """One upload serves two pictures, and what the organisation has used is what was charged."""
    credits_, dawn, dusk, used = await play(f"runway_account{twin}")
    assert credits_ == "credits 100000"
    assert facts(dawn).media_type == facts(dusk).media_type == "image/png"
    assert account.ledger.requests.count("POST /v1/uploads") == 1
    assert used.endswith(f" gen4_image {account.ledger.charged}")


async def test_runway_avatar(twin: str, account: RunwayEmulator) -> None:
    """An avatar is made and waited for, its session joined and ended, and the one paid task is the session."""
    made, join, talk = await play(f"runway_avatar{twin}")
    assert made == "Nora PROCESSING -> READY"
    assert join.startswith("join wss://")
    assert talk == "Conversation with Nora ended"
    assert [entry.kind for entry in account.ledger.entries.values()] == ["realtime_sessions"]


def test_no_example_is_left_out() -> None:
    """Each file in docs/examples is run by a test of this module, and shown on a page of the documentation."""
    tests = Path(__file__).read_text()
    pages = "".join(page.read_text() for page in (_ROOT / "docs").rglob("*.md"))
    for file in _EXAMPLES.rglob("*.py"):
        name = file.relative_to(_EXAMPLES).with_suffix("").as_posix()
        assert re.search(rf'"{name.removesuffix("_async")}(\{{twin\}})?[":]', tests), name
        assert f'--8<-- "docs/examples/{name}.py"' in pages, name
