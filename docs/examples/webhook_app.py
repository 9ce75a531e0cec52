"""A service that Runware tells when a film is ready: `uvicorn webhook_app:app`."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.routing import Route

from anymedia import AsyncMediaClient, TextToVideo
from anymedia_runware import RunwareOptions, webhook_app

TOKEN = os.environ.get("HOOK_TOKEN", "a-long-secret")
client = AsyncMediaClient.from_config(provider="runware")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
    async with client:
        yield


app = FastAPI(lifespan=lifespan)
app.routes.append(Route("/hooks/runware", webhook_app(client, token=TOKEN), methods=["POST"]))


@app.post("/films", status_code=202)
async def create(prompt: str, request: Request) -> dict[str, str]:
    here = os.environ.get("PUBLIC_URL", str(request.base_url))
    options = RunwareOptions(webhook_url=f"{here}hooks/runware?token={TOKEN}")
    film = TextToVideo(prompt=prompt, duration=5, provider_options={"runware": options})
    task = await client.submit(film)
    return {"task": str(task.ref)}


@app.get("/films/result")
async def result(task: str) -> dict[str, str | None]:
    film = await client.attach(task, TextToVideo).result(timeout=None)
    return {"url": film.url}
