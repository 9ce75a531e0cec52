"""The public face as the documentation promises it: these lines run as written, against the emulators."""

import asyncio
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from anymedia import (
    AsyncMediaClient,
    AsyncTask,
    BudgetExceededError,
    ConfigurationError,
    ImageResult,
    ImageToVideo,
    InvalidRequestError,
    MediaClient,
    Native,
    Output,
    Snapshot,
    Task,
    TaskState,
    TaskTimeoutError,
    TextToImage,
    VideoResult,
)
from anymedia.testing import Emulator, ManualClock
from anymedia.testing.hosting import Hosted, shared
from anymedia.testing.render import image, probe
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

BOTH = pytest.mark.parametrize("provider", ["runway", "runware"])
EMULATORS: dict[str, type[Emulator]] = {"runway": RunwayEmulator, "runware": RunwareEmulator}
_NATIVE = {"runway": "POST /v1/text_to_image", "runware": "imageInference"}
LIGHTHOUSE = TextToImage(prompt="a lighthouse at dusk", aspect_ratio="1:1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a cat in it, and emulators in place of the vendors."""
    for emulator in EMULATORS.values():
        shared(emulator, speed=1000)
    monkeypatch.setenv("ANYMEDIA_EMULATE", "1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cat.jpg").write_bytes(image("a cat", seed=1, width=640, height=480, format="jpg"))
    return tmp_path


def test_a_picture_in_four_lines(folder: Path) -> None:
    """Which provider? One line in anymedia.toml."""
    (folder / "anymedia.toml").write_text('provider = "runware"\n', encoding="utf-8")

    with MediaClient.from_config() as client:
        result = client.text_to_image(prompt="a lighthouse at dusk", aspect_ratio="16:9")
        print(result.url, result.cost)
        result.save("lighthouse.png")

    facts = [probe(path.read_bytes()) for path in folder.glob("lighthouse.*")]
    assert [(fact.width or 0) / (fact.height or 1) for fact in facts] == pytest.approx([16 / 9], rel=0.03)


def test_a_film_that_outlives_its_client(folder: Path) -> None:
    """What one client starts, another one finishes, with nothing but the string of the ref between them."""

    async def start() -> None:
        async with AsyncMediaClient("runware") as client:
            task = await client.submit(ImageToVideo(image=Path("cat.jpg"), prompt="the cat stretches", duration=5))
            Path("task.txt").write_text(str(task.ref))

    async def finish() -> None:
        async with AsyncMediaClient("runware") as client:
            task = client.attach(Path("task.txt").read_text(), ImageToVideo)
            async for snapshot in task.events():
                print(snapshot.state, snapshot.progress)
            result = await task.result(timeout=600)
            await result.asave("out/")

    asyncio.run(start())
    asyncio.run(finish())

    (film,) = (folder / "out").iterdir()
    assert probe(film.read_bytes()).duration == pytest.approx(5, abs=0.2)


_FINISH = """
import sys
from pathlib import Path
from anymedia import ImageToVideo, MediaClient

with MediaClient(sys.argv[1], poll_interval=0.05) as client:
    task = client.attach(Path("task.txt").read_text(), ImageToVideo)
    print(task.result(timeout=60).save("out/")[0])
"""


@BOTH
def test_another_process_finishes_what_this_one_started(
    provider: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ref needs no memory of the process that made it: address and key come from the environment."""
    monkeypatch.delenv("ANYMEDIA_EMULATE")
    emulator = EMULATORS[provider](speed=1000)
    names = {"runway": ("RUNWAYML_BASE_URL", "RUNWAYML_API_SECRET"), "runware": ("RUNWARE_BASE_URL", "RUNWARE_API_KEY")}
    with Hosted(emulator) as endpoint:
        for name, value in zip(names[provider], (endpoint.base_url, endpoint.api_key), strict=True):
            monkeypatch.setenv(name, value)
        with MediaClient(provider) as client:
            task = client.submit(ImageToVideo(image=Path("cat.jpg"), prompt="the cat stretches", duration=3))
            (folder / "task.txt").write_text(str(task.ref))
        done = subprocess.run(
            [sys.executable, "-c", _FINISH, provider],
            env=dict(os.environ),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert probe(Path(done.stdout.strip()).read_bytes()).duration == pytest.approx(3, abs=0.2)
        assert emulator.ledger.accepted == 1


@BOTH
async def test_run_submit_and_the_method_are_one_thing(provider: str) -> None:
    """A request runs to its result; submitted, it gives a handle whose result is the same; its method does both."""
    async with AsyncMediaClient(provider) as client:
        request = TextToImage(prompt="a lighthouse", aspect_ratio="1:1", seed=7)
        result = await client.run(request)
        task = await client.submit(request)
        later = await task.result()
        method = await client.text_to_image(prompt="a lighthouse", aspect_ratio="1:1", seed=7)
    assert isinstance(result, ImageResult)
    assert isinstance(task, AsyncTask)
    assert {one.model for one in (result, later, method)} == {result.model}
    assert len({str(one.ref) for one in (result, later, method)}) == 3
    assert result.cost == later.cost == method.cost
    assert result.provider == provider


@BOTH
def test_the_synchronous_handle_watches_and_waits(provider: str) -> None:
    """`status`, `events` and `result` work alike without `await`."""
    with MediaClient(provider) as client:
        task = client.submit(LIGHTHOUSE)
        assert isinstance(task, Task)
        assert task.status().ref == task.ref
        states = [snapshot.state for snapshot in task.events()]
        assert states[-1] is TaskState.SUCCEEDED
        assert task.result().ref == task.ref
        assert task.cancel().stopped is False
        assert client.attach(str(task.ref)).result().outputs[0].kind == "image"


@BOTH
async def test_news_that_comes_another_way_ends_a_wait(provider: str) -> None:
    """What is told from outside, as by a webhook, is taken in like a look's answer; news of strangers is dropped."""
    emulator = EMULATORS[provider](speed=0.001)
    with Hosted(emulator) as at:
        async with AsyncMediaClient(provider, emulate=False, base_url=at.base_url, api_key=at.api_key) as client:
            task = await client.submit(LIGHTHOUSE)
            stranger = replace(task.ref, id="0f1d2c3b-4a59-4e8f-8a7b-9c0d1e2f3a4b")
            shown = Output(kind="image", url="https://example.com/lighthouse.png")
            client.observe(
                Snapshot(ref=stranger, state=TaskState.FAILED),
                Snapshot(ref=task.ref, state=TaskState.SUCCEEDED, outputs=(shown,)),
            )
            assert (await task.result(timeout=5)).outputs == (shown,)


@BOTH
def test_half_a_character_is_refused_by_name(provider: str) -> None:
    """A body that no JSON can hold is our error, told before anything is sent."""
    half = Native(provider=provider, call=_NATIVE[provider], payload={"text": "\ud83d"})
    with MediaClient(provider) as client, pytest.raises(InvalidRequestError, match="cannot be written as JSON"):
        client.plan(half)


@BOTH
def test_a_plan_sends_nothing(provider: str) -> None:
    """Call, body and notices are there before anything has left this machine."""
    emulator = EMULATORS[provider](speed=1000)
    with (
        Hosted(emulator) as at,
        MediaClient(provider, emulate=False, base_url=at.base_url, api_key=at.api_key) as client,
    ):
        plan = client.plan(TextToImage(prompt="a lighthouse", aspect_ratio="16:9"))
        assert (plan.provider, plan.operation, plan.count) == (provider, "text_to_image", 1)
        assert "a lighthouse" in str(plan.body)
    assert emulator.ledger.requests == []


def test_what_would_cost_too_much_is_not_sent() -> None:
    """Where the vendor publishes its prices, the estimate is known beforehand and held against `max_cost`."""
    emulator = RunwayEmulator(speed=1000)
    with (
        Hosted(emulator) as at,
        MediaClient("runway", emulate=False, base_url=at.base_url, api_key=at.api_key, poll_interval=0.02) as client,
    ):
        estimate = client.plan(LIGHTHOUSE).estimate
        assert estimate is not None
        assert estimate.usd is not None
        with pytest.raises(BudgetExceededError, match="nothing was sent"):
            client.with_options(max_cost=estimate.usd / 2).run(LIGHTHOUSE)
        assert emulator.ledger.requests == []
        cost = client.with_options(max_cost=estimate.usd).run(LIGHTHOUSE).cost
        assert cost is not None
        assert cost.amount == estimate.amount == emulator.ledger.charged


def test_a_setting_the_model_lacks_is_a_notice_or_an_error() -> None:
    """Nothing is dropped silently: the result says so, and `strict` refuses instead."""
    with MediaClient("runway") as client:
        result = client.text_to_image(prompt="a lighthouse", negative_prompt="people", aspect_ratio="1:1")
        assert [notice.field for notice in result.notices if notice.code == "dropped"] == ["negative_prompt"]
        with pytest.raises(InvalidRequestError, match="negative_prompt"):
            client.with_options(strict=True).text_to_image(prompt="a lighthouse", negative_prompt="people")


@BOTH
async def test_many_requests_each_as_it_finishes(provider: str) -> None:
    """One that cannot work is a completion with its error; the others have their results and refs."""
    requests = [TextToImage(prompt=f"lighthouse {number}", aspect_ratio="1:1") for number in range(5)]
    requests[2] = TextToImage(prompt="a lighthouse", model="no-such-model")
    async with AsyncMediaClient(provider) as client:
        done = [completion async for completion in client.map(requests, concurrency=3)]
    assert sorted(completion.index for completion in done) == [0, 1, 2, 3, 4]
    assert all(requests[completion.index] is completion.request for completion in done)
    failed = [completion for completion in done if completion.error is not None]
    assert [(completion.index, completion.result, completion.ref) for completion in failed] == [(2, None, None)]
    assert all(completion.result.ref == completion.ref for completion in done if completion.result is not None)


def test_a_synchronous_map_can_be_left_early() -> None:
    """Leaving the loop ends it; what was saved is there."""
    with MediaClient("runware") as client:
        for completion in client.map([LIGHTHOUSE] * 10, concurrency=2):
            assert completion.result is not None
            assert completion.result.save("first.png")[0].exists()
            break


async def test_a_view_shares_the_connection_and_not_the_settings() -> None:
    """`with_options` leaves its own client as it was, and may ask another provider."""
    async with AsyncMediaClient("runware") as client:
        view = client.with_options(provider="runway", timeout=None, size_policy="nearest")
        assert (client.provider, view.provider) == ("runware", "runway")
        assert (await view.run(LIGHTHOUSE)).provider == "runway"
        assert (await client.run(LIGHTHOUSE)).provider == "runware"
        adjusted = await view.plan(TextToImage(prompt="a lighthouse", size="1281x721"))
        assert [notice.code for notice in adjusted.notices] == ["adjusted"]
        with pytest.raises(InvalidRequestError, match="nearest that works"):
            await client.with_options(provider="runway").plan(TextToImage(prompt="a lighthouse", size="1281x721"))


def test_a_native_call_takes_the_same_road() -> None:
    """What is no operation is journalled and followed like one, and shows the vendor's answer whole."""
    payload = {"model": "eleven_text_to_sound_v2", "promptText": "rain on a roof", "duration": 2}
    with MediaClient("runway") as client:
        result = client.run(Native(provider="runway", call="POST /v1/sound_effect", payload=payload))
        assert isinstance(result.raw, dict)
        assert result.raw["status"] == "SUCCEEDED"
        assert probe(result.save("rain")[0].read_bytes()).audio


async def test_the_wrong_worlds_save_names_the_right_one() -> None:
    """A result knows which client it comes from."""
    async with AsyncMediaClient("runware") as client:
        result = await client.run(LIGHTHOUSE)
        with pytest.raises(ConfigurationError, match=r"await result\.asave\(path\)"):
            result.save("lighthouse.png")
        assert (await result.asave("lighthouse.png"))[0].exists()


def test_the_wrong_worlds_asave_names_the_right_one() -> None:
    """The same from the other side."""
    with MediaClient("runware") as client:
        result = client.run(LIGHTHOUSE)
        with pytest.raises(ConfigurationError, match=r"use result\.save\(path\)"):
            asyncio.run(result.asave("lighthouse.png"))
        assert result.save("lighthouse.png")[0].exists()


@BOTH
def test_a_pickled_result_is_saved_by_any_client(provider: str) -> None:
    """A result crosses processes as data; a client of the same provider brings its files to disk."""
    with MediaClient(provider) as client:
        result = client.run(LIGHTHOUSE)
        stranger: ImageResult = pickle.loads(pickle.dumps(result))
        assert (stranger.outputs, stranger.cost, stranger.ref) == (result.outputs, result.cost, result.ref)
        with pytest.raises(ConfigurationError, match=r"client\.save\(result, path\)"):
            stranger.save("lighthouse.png")
    with MediaClient(provider) as other:
        assert other.save(stranger, "lighthouse.png")[0].read_bytes()


@BOTH
async def test_patience_is_the_calls_the_views_or_the_clients(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timeout names the task, which goes on: by argument, by view, by client; None waits until the end."""
    monkeypatch.delenv("ANYMEDIA_EMULATE")
    clock = ManualClock()
    async with EMULATORS[provider](clock=clock) as emulator:
        url, key = emulator.endpoint.base_url, emulator.endpoint.api_key
        async with AsyncMediaClient(provider, base_url=url, api_key=key, timeout=0.05, poll_interval=0.02) as client:
            task = await client.submit(LIGHTHOUSE)
            for waiting in (task.result(), task.result(timeout=0.01)):
                with pytest.raises(TaskTimeoutError) as caught:
                    await waiting
                assert caught.value.ref == task.ref
            ref = str(task.ref)
            with pytest.raises(TaskTimeoutError):
                await client.with_options(timeout=0).attach(ref).result()
            patient = asyncio.ensure_future(client.with_options(timeout=None).attach(ref).result())
            await clock.advance(60)
            assert (await patient).outputs
            assert emulator.ledger.accepted == 1


@BOTH
async def test_run_that_times_out_loses_nothing(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of a call that did both, submit and wait, leads to the result as well."""
    monkeypatch.delenv("ANYMEDIA_EMULATE")
    clock = ManualClock()
    request = ImageToVideo(image=Path("cat.jpg"), prompt="the cat stretches", duration=3)
    async with EMULATORS[provider](clock=clock) as emulator:
        url, key = emulator.endpoint.base_url, emulator.endpoint.api_key
        async with AsyncMediaClient(provider, base_url=url, api_key=key, poll_interval=0.02) as client:
            with pytest.raises(TaskTimeoutError) as caught:
                await client.with_options(timeout=0.05).run(request)
            assert caught.value.ref is not None
            await clock.advance(90)
            result = await client.attach(caught.value.ref, ImageToVideo).result(timeout=30)
            assert isinstance(result, VideoResult)
            assert emulator.ledger.accepted == 1
