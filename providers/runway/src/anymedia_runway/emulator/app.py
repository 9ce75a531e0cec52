"""The routes of the API, of its storage and of its media host, and what stands behind them."""

import asyncio

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anymedia_runway.emulator.answers import answer
from anymedia_runway.emulator.avatars import Avatars
from anymedia_runway.emulator.backend import Backend
from anymedia_runway.emulator.conversations import Conversations
from anymedia_runway.emulator.documents import Documents
from anymedia_runway.emulator.errors import ApiError
from anymedia_runway.emulator.formats import FORMATS
from anymedia_runway.emulator.generations import TASK_FAULTS, Generations
from anymedia_runway.emulator.invocations import WORKFLOW_FAULTS, Invocations
from anymedia_runway.emulator.media import file_response
from anymedia_runway.emulator.orders import Orders
from anymedia_runway.emulator.organization import Organization
from anymedia_runway.emulator.processing import PROCESSING_FAULTS
from anymedia_runway.emulator.records import Records
from anymedia_runway.emulator.routers import Routers
from anymedia_runway.emulator.sessions import SESSION_FAULTS, Sessions
from anymedia_runway.emulator.tasks import Tasks
from anymedia_runway.emulator.voices import Voices
from anymedia_runway.emulator.web import base_url, json_body
from anymedia_runway.emulator.workflows import Workflows

__all__ = ["API_FAULTS", "Api"]

API_FAULTS = {**TASK_FAULTS, **PROCESSING_FAULTS, **SESSION_FAULTS, **WORKFLOW_FAULTS}


class Api:
    """Answers the requests that have passed the gate.

    Args:
        backend: What all services share.
        strict: Whether unknown keys are refused even by models that tolerate them.
    """

    def __init__(self, backend: Backend, *, strict: bool) -> None:
        self._backend = backend
        self.workflows = Workflows()
        self._tasks = Tasks(backend)
        known = Records("avatar", backend.calendar)
        documents, voices = Documents(backend, known), Voices(backend)
        avatars, conversations = Avatars(backend, known, documents.records, voices), Conversations(backend)
        orders = Orders(backend, self._tasks, {"avatar_videos": avatars.cast}, strict=strict)
        generations = Generations(backend, orders, self._tasks)
        self._services = (
            generations,
            Routers(backend, orders, self._tasks, generations),
            Invocations(backend, orders, self.workflows),
            Organization(backend),
            documents,
            voices,
            avatars,
            Sessions(backend, avatars, conversations),
            conversations,
        )

    def application(self) -> Starlette:
        """The ASGI application."""
        routes = [route for service in self._services for route in service.routes()]
        routes += [
            Route("/v1/uploads", self._open_upload, methods=["POST"]),
            Route("/storage", self._store, methods=["POST"]),
            Route("/media/{path:path}", self._download, methods=["GET"]),
        ]
        handlers = {ApiError: _api_error, HTTPException: _http_error}
        app = Starlette(routes=routes, exception_handlers=handlers)
        app.router.redirect_slashes = False
        return app

    async def _open_upload(self, request: Request) -> Response:
        opened = self._backend.uploads.open(await json_body(request), f"{base_url(request)}/storage")
        return answer(opened)

    async def _store(self, request: Request) -> Response:
        await self._backend.uploads.store(request)
        return Response(status_code=204)

    async def _download(self, request: Request) -> Response:
        outputs, index = self._backend.media.find(str(request.url))
        data = await asyncio.to_thread(outputs.read, index)
        return file_response(request, data, FORMATS[outputs.formats[index]].media_type)


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return answer(error.body, error.status, error.headers)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer({"error": str(error.detail)}, error.status_code, error.headers)
