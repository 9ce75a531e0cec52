"""The examples that are web applications, behind a real server."""

import re
from collections.abc import Callable

import httpx
import pytest
from example_runs import EXAMPLES, started

from anymedia.testing import Emulator, ManualClock
from anymedia.testing.render import probe
from anymedia_runware.emulator import RunwareEmulator


async def test_fastapi_app(waiting: Emulator, clock: ManualClock) -> None:
    """Behind a real server: create a film, ask for its state, fetch its result; and the client ends with the server."""
    pytest.importorskip("fastapi", reason="FastAPI is the application's choice, so no extra brings it")
    uvicorn = ("-m", "uvicorn", "fastapi_app:app", "--app-dir", str(EXAMPLES), "--port", "0")
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
    uvicorn = ("-m", "uvicorn", "webhook_app:app", "--app-dir", str(EXAMPLES), "--port", "0")
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
