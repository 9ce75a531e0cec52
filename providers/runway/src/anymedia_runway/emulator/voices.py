"""Voices: made from a recording or a description, ready after a while."""

import asyncio
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anymedia.testing import render
from anymedia.testing.render.tracks import revoiced
from anymedia_runway.emulator.answers import answer
from anymedia_runway.emulator.assets import Asset
from anymedia_runway.emulator.backend import Backend
from anymedia_runway.emulator.drawing import content
from anymedia_runway.emulator.outputs import Outputs
from anymedia_runway.emulator.pages import page
from anymedia_runway.emulator.processing import Processing
from anymedia_runway.emulator.records import Record, Records
from anymedia_runway.emulator.web import stamp

__all__ = ["Voices"]

_PREVIEW_SECONDS = 4.0
_NO_VOICE = "No voice could be made of this."


class Voices:
    """Keeps the account's own voices."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._processing = Processing(backend.calendar)
        self.records = Records("voice", backend.calendar)

    def routes(self) -> list[Route]:
        """Where it is reached."""
        return [
            Route("/v1/voices", self._create, methods=["POST"]),
            Route("/v1/voices", self._list, methods=["GET"]),
            Route("/v1/voices/preview", self._preview, methods=["POST"]),
            Route("/v1/voices/{voice}", self._get, methods=["GET"]),
            Route("/v1/voices/{voice}", self._update, methods=["PATCH"]),
            Route("/v1/voices/{voice}", self._delete, methods=["DELETE"]),
        ]

    def is_ready(self, voice: str) -> bool:
        """Whether there is such a voice that can speak."""
        return self.records.find(voice) is not None and self._processing.status(voice) == "READY"

    async def _create(self, request: Request) -> Response:
        body, assets = await self._backend.body(request, "voices.create")
        voice = self.records.create({key: value for key, value in body.items() if value is not None})
        fault = self._backend.fault("fail_processing", request)
        self._processing.start(voice.id, None if fault is None else fault.get("reason", _NO_VOICE))
        prompt = body["from"].get("prompt", "")
        self._backend.shelf.put(voice.id, Outputs(["mp3"], lambda _: _sample(prompt, assets)))
        return answer({"id": voice.id})

    async def _list(self, request: Request) -> Response:
        wanted = self._backend.query(request, "page")
        return answer(page(self.records, wanted, Record.key, lambda voice: self._shown(voice, request)))

    async def _get(self, request: Request) -> Response:
        return answer(self._shown(self.records.get(request.path_params["voice"]), request))

    async def _update(self, request: Request) -> Response:
        voice = self.records.get(request.path_params["voice"])
        body, _ = await self._backend.body(request, "voices.update")
        return answer(self._shown(self.records.update(voice, body), request))

    async def _delete(self, request: Request) -> Response:
        voice = self.records.delete(request.path_params["voice"])
        self._backend.shelf.remove(voice.id)
        return Response(status_code=204)

    async def _preview(self, request: Request) -> Response:
        body, _ = await self._backend.body(request, "voices.preview")
        owner = str(uuid.uuid4())
        outputs = self._backend.shelf.put(owner, Outputs(["mp3"], lambda _: _sample(body["prompt"], ())))
        facts = render.probe(await asyncio.to_thread(outputs.read, 0))
        (url,) = self._backend.urls(owner, request)
        return answer({"url": url, "durationSecs": facts.duration})

    def _shown(self, voice: Record, request: Request) -> dict[str, Any]:
        shown = {
            "id": voice.id,
            "name": voice.fields["name"],
            "description": voice.fields.get("description"),
            "createdAt": stamp(voice.created),
            **self._processing.describe(voice.id),
        }
        if shown["status"] == "READY":
            shown["previewUrl"] = self._backend.urls(voice.id, request)[0]
        return shown


def _sample(prompt: str, recordings: "list[Asset] | tuple[()]") -> bytes:
    if recordings:
        return revoiced(content(recordings[0]), format="mp3", speech_only=True)
    return render.audio(prompt, seed=len(prompt), duration=_PREVIEW_SECONDS, format="mp3")
