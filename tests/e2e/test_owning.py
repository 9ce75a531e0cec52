"""Outputs are saved before they are handed over, and another provider is asked only when the first surely did nothing."""

import hashlib
from pathlib import Path

import pytest

from anymedia import AsyncMediaClient, DownloadError, MediaError, SubmissionUnknownError, TextToImage
from anymedia.durable import SqliteJournal
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

REQUEST = TextToImage(prompt="a lighthouse at dusk", size="1024x1024")


@pytest.fixture
def settings(tmp_path: Path, runway_emulator: RunwayEmulator, runware_emulator: RunwareEmulator) -> Path:
    """A configuration with both providers, on emulators."""
    tables = [
        f'[providers.{name}]\nbase_url = "{emulator.endpoint.base_url}"\napi_key = "{emulator.endpoint.api_key}"\n'
        "poll_interval = 0.02\nretry_delay = 0.001\n"
        for name, emulator in (("runway", runway_emulator), ("runware", runware_emulator))
    ]
    path = tmp_path / "anymedia.toml"
    path.write_text(f'provider = "runway"\njournal = "{tmp_path}/journal"\n' + "".join(tables))
    return path


async def states(path: Path) -> list[str]:
    journal = SqliteJournal(path.parent / "journal")
    try:
        return [entry.state.value for entry in await journal.latest()]
    finally:
        await journal.aclose()


@pytest.mark.parametrize("provider", ["runway", "runware"])
async def test_autosave_saves_before_it_hands_over(settings: Path, provider: str) -> None:
    """A result comes with its files on disk, and the journal knows their digests."""
    folder = settings.parent / "saved"
    async with AsyncMediaClient.from_config(settings, provider=provider) as client:
        result = await client.with_options(autosave=folder).run(REQUEST)
        (path,) = result.saved
        (entry,) = await client._engine.journal.latest()
    assert path.parent == folder
    assert entry.saved[0].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert await states(settings) == ["finished"]


async def test_a_task_counts_as_finished_only_when_it_is_saved(settings: Path, runway_emulator: RunwayEmulator) -> None:
    """While its output cannot be fetched a task stays unfinished; asking again saves it, and nothing is paid twice."""
    folder = settings.parent / "saved"
    runway_emulator.faults.add("media_status", times=None, status=404)
    async with AsyncMediaClient.from_config(settings) as client:
        task = await client.with_options(autosave=folder).submit(REQUEST)
        with pytest.raises(DownloadError) as caught:
            await task.result()
        assert caught.value.ref == task.ref
        assert await states(settings) == ["accepted"]
        runway_emulator.faults.clear()
        assert (await task.result()).saved[0].exists()
    assert await states(settings) == ["finished"]
    assert runway_emulator.ledger.accepted == 1


async def test_the_next_client_saves_what_the_last_one_did_not(settings: Path, runway_emulator: RunwayEmulator) -> None:
    """The folder is remembered: recovering a task saves it where it was to be saved."""
    folder = settings.parent / "saved"
    runway_emulator.faults.add("stick", times=1)
    async with AsyncMediaClient.from_config(settings) as client:
        task = await client.with_options(autosave=folder).submit(REQUEST)
        await task.cancel()
        task = await client.with_options(autosave=folder).submit(REQUEST)
    async with AsyncMediaClient.from_config(settings) as client:
        recovered = await client.recover()
        results = [await found.result() for found in recovered.tasks]
    assert [result.ref for result in results] == [task.ref]
    assert results[0].saved[0].parent == folder
    assert await states(settings) == ["canceled", "finished"]
    assert runway_emulator.ledger.accepted == 2


async def test_another_provider_is_asked_after_a_refusal(
    settings: Path, runway_emulator: RunwayEmulator, runware_emulator: RunwareEmulator
) -> None:
    """A refusal moves on, and the result tells of it."""
    runway_emulator.faults.add("no_credits", times=None)
    async with AsyncMediaClient.from_config(settings) as client:
        result = await client.with_options(fallback=["runware"]).run(REQUEST)
    assert result.provider == "runware"
    (notice,) = [notice for notice in result.notices if notice.code == "fell_back"]
    assert "runway: refused (insufficient_credits" in notice.message
    assert (runway_emulator.ledger.accepted, runware_emulator.ledger.accepted) == (0, 1)


async def test_no_other_provider_is_asked_while_the_first_may_be_at_work(
    settings: Path, runway_emulator: RunwayEmulator, runware_emulator: RunwareEmulator
) -> None:
    """An unknown outcome never moves on: that could pay twice."""
    runway_emulator.faults.add("status_after", status=502)
    async with AsyncMediaClient.from_config(settings) as client:
        with pytest.raises(SubmissionUnknownError):
            await client.with_options(fallback=["runware"]).run(REQUEST)
        recovered = await client.recover()
    assert (runway_emulator.ledger.accepted, runware_emulator.ledger.accepted) == (1, 0)
    assert [entry.state.value for entry in recovered.unknown] == ["unknown"]


async def test_when_nobody_can_the_last_error_comes_out(
    settings: Path, runway_emulator: RunwayEmulator, runware_emulator: RunwareEmulator
) -> None:
    """The end of the list is the end."""
    runway_emulator.faults.add("no_credits", times=None)
    runware_emulator.faults.add("no_credits", times=None)
    async with AsyncMediaClient.from_config(settings) as client:
        with pytest.raises(MediaError) as caught:
            await client.with_options(fallback=["runware"]).run(REQUEST)
    assert caught.value.provider == "runware"


async def test_whoever_gets_the_result_closes_the_books(settings: Path) -> None:
    """A task that another client attaches to and sees end is finished in the journal too."""
    async with AsyncMediaClient.from_config(settings) as client:
        ref = str((await client.submit(REQUEST)).ref)
    assert await states(settings) == ["accepted"]
    async with AsyncMediaClient.from_config(settings) as client:
        await client.attach(ref, TextToImage).result()
    assert await states(settings) == ["finished"]


@pytest.mark.parametrize("provider", ["runway", "runware"])
async def test_one_key_is_one_task_across_clients(settings: Path, provider: str) -> None:
    """The same idempotency key leads the next client to the same task and result."""
    request = TextToImage(prompt="a lighthouse", size="1024x1024", idempotency_key="order-7")
    refs = []
    for _ in range(2):
        async with AsyncMediaClient.from_config(settings, provider=provider) as client:
            refs.append((await client.run(request)).ref)
    assert refs[0] == refs[1]
