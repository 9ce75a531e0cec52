"""A service that makes films: `uvicorn fastapi_app:app`. One client serves all requests, from start-up to shut-down."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from anymedia import (
    AsyncMediaClient,
    InvalidRequestError,
    MediaError,
    TaskNotFoundError,
    TaskTimeoutError,
    TextToVideo,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    async with AsyncMediaClient.from_config() as client:
        app.state.media = client
        yield


def media_client(request: Request) -> AsyncMediaClient:
    client: AsyncMediaClient = request.app.state.media
    return client


app = FastAPI(lifespan=lifespan)
Client = Annotated[AsyncMediaClient, Depends(media_client)]


class Order(BaseModel):
    prompt: str
    duration: float = 5


@app.post("/films", status_code=202)
async def create(order: Order, client: Client) -> dict[str, str]:
    task = await client.submit(TextToVideo(prompt=order.prompt, duration=order.duration))
    return {"id": task.ref.id, "task": str(task.ref)}


@app.get("/films/status")
async def status(task: str, client: Client) -> dict[str, str | float | None]:
    snapshot = await client.attach(task, TextToVideo).status()
    return {"state": snapshot.state, "progress": snapshot.progress}


@app.get("/films/result")
async def result(task: str, client: Client, patience: float = 30) -> dict[str, str | None]:
    film = await client.attach(task, TextToVideo).result(timeout=patience)
    return {"url": film.url, "cost": str(film.cost) if film.cost else None}


@app.exception_handler(MediaError)
async def explain(_: Request, error: MediaError) -> JSONResponse:
    statuses = {InvalidRequestError: 422, TaskNotFoundError: 404, TaskTimeoutError: 504}
    status = next((code for kind, code in statuses.items() if isinstance(error, kind)), 502)
    return JSONResponse({"code": error.code, "message": error.message, "task": str(error.ref or "")}, status)
