"""Avatars: a picture, a voice and a personality, ready after a while."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anymedia.testing import render
from anymedia_runway.emulator import issues
from anymedia_runway.emulator.answers import answer
from anymedia_runway.emulator.assets import Asset
from anymedia_runway.emulator.backend import Backend
from anymedia_runway.emulator.drawing import content
from anymedia_runway.emulator.errors import conflict, invalid_body
from anymedia_runway.emulator.issues import Issue
from anymedia_runway.emulator.outputs import Outputs
from anymedia_runway.emulator.pages import page
from anymedia_runway.emulator.processing import Processing
from anymedia_runway.emulator.records import Record, Records
from anymedia_runway.emulator.voices import Voices
from anymedia_runway.emulator.web import stamp

__all__ = ["Avatars"]

Body = Mapping[str, Any]

_NO_FACE = "No face was found in the image."
_SIDE = 720


class Avatars:
    """Keeps the account's own avatars, and knows the vendor's.

    Args:
        backend: What all services share.
        records: All avatars.
        documents: All documents.
        voices: All voices.
    """

    def __init__(self, backend: Backend, records: Records, documents: Records, voices: Voices) -> None:
        self._backend = backend
        self._records = records
        self._documents = documents
        self._voices = voices
        self._processing = Processing(backend.calendar)
        self._pictures: dict[str, Asset] = {}

    def routes(self) -> list[Route]:
        """Where it is reached."""
        return [
            Route("/v1/avatars", self._create, methods=["POST"]),
            Route("/v1/avatars", self._list, methods=["GET"]),
            Route("/v1/avatars/{avatar}", self._get, methods=["GET"]),
            Route("/v1/avatars/{avatar}", self._update, methods=["PATCH"]),
            Route("/v1/avatars/{avatar}", self._delete, methods=["DELETE"]),
        ]

    def cast(self, body: Body) -> tuple[Sequence[Asset], Sequence[Issue]]:
        """The picture of the avatar that a body names, and what is wrong with avatar and voice."""
        voice = body.get("speech", {}).get("voice", {})
        wrong = self._unknown_voice(voice, ["speech", "voice", "id"])
        chosen = body["avatar"]
        if chosen["type"] == "runway-preset":
            return [Asset("image", f"https://avatars.example.com/{chosen['presetId']}.png", ("avatar",))], wrong
        avatar = self._records.find(chosen["avatarId"])
        if avatar is None or self._processing.status(avatar.id) != "READY":
            return [], [issues.custom(["avatar", "avatarId"], "The avatar does not exist or is not ready."), *wrong]
        picture = self._pictures[avatar.id]
        return [Asset("image", picture.uri, ("avatar",), picture.data, picture.facts)], wrong

    def name(self, chosen: Body) -> str:
        """What an avatar is called."""
        if chosen["type"] == "runway-preset":
            return _called(chosen["presetId"])
        avatar = self._records.find(chosen["avatarId"])
        return avatar.fields["name"] if avatar else "Deleted avatar"

    async def _create(self, request: Request) -> Response:
        body, assets = await self._backend.body(request, "avatars.create")
        self._check(body)
        avatar = self._records.create(body)
        self._take_picture(avatar, assets[0], request)
        return answer(self._shown(avatar, request))

    async def _list(self, request: Request) -> Response:
        wanted = self._backend.query(request, "page")
        return answer(page(self._records, wanted, Record.key, lambda avatar: self._shown(avatar, request)))

    async def _get(self, request: Request) -> Response:
        return answer(self._shown(self._records.get(request.path_params["avatar"]), request))

    async def _update(self, request: Request) -> Response:
        avatar = self._records.get(request.path_params["avatar"])
        body, assets = await self._backend.body(request, "avatars.update")
        self._check(body)
        if assets and self._processing.status(avatar.id) == "PROCESSING":
            raise conflict("The image of an avatar cannot be changed while it is being processed.")
        self._records.update(avatar, body)
        if assets:
            self._take_picture(avatar, assets[0], request)
        return answer(self._shown(avatar, request))

    async def _delete(self, request: Request) -> Response:
        avatar = self._records.delete(request.path_params["avatar"])
        self._backend.shelf.remove(avatar.id)
        return Response(status_code=204)

    def _check(self, body: Body) -> None:
        unknown = [
            issues.custom(["documentIds", index], "The document does not exist.")
            for index, document in enumerate(body.get("documentIds", ()))
            if self._documents.find(document) is None
        ]
        if wrong := [*self._unknown_voice(body.get("voice", {}), ["voice", "id"]), *unknown]:
            raise invalid_body(wrong)

    def _unknown_voice(self, voice: Body, path: Sequence[str | int]) -> list[Issue]:
        if voice.get("type") != "custom" or self._voices.is_ready(voice["id"]):
            return []
        return [issues.custom(path, "The voice does not exist or is not ready.")]

    def _take_picture(self, avatar: Record, picture: Asset, request: Request) -> None:
        fault = self._backend.fault("fail_processing", request)
        self._processing.start(avatar.id, None if fault is None else fault.get("reason", _NO_FACE))
        self._pictures[avatar.id] = picture
        self._backend.shelf.put(avatar.id, Outputs(["png", "png"], lambda index: _portrait(picture, index)))

    def _shown(self, avatar: Record, request: Request) -> dict[str, Any]:
        fields, progress = avatar.fields, self._processing.describe(avatar.id)
        reference, processed = self._backend.urls(avatar.id, request)
        return {
            "id": avatar.id,
            "name": fields["name"],
            "personality": fields["personality"],
            "voice": self._voice(fields["voice"]),
            "documentIds": fields.get("documentIds", []),
            "startScript": fields.get("startScript"),
            "referenceImageUri": reference,
            "processedImageUri": processed if progress["status"] == "READY" else None,
            "createdAt": stamp(avatar.created),
            "updatedAt": stamp(avatar.updated),
            **progress,
        }

    def _voice(self, chosen: Body) -> dict[str, Any]:
        if chosen["type"] == "runway-live-preset":
            called = _called(chosen["presetId"])
            return {**chosen, "name": called, "description": f"{called}, one of Runway's voices"}
        voice = self._voices.records.find(chosen["id"])
        if voice is None:
            return {**chosen, "deleted": True}
        description = voice.fields.get("description")
        return {**chosen, "deleted": False, "name": voice.fields["name"], "description": description}


def _called(preset: str) -> str:
    return preset.replace("-", " ").capitalize()


def _portrait(picture: Asset, index: int) -> bytes:
    """The picture as it came, or as it was prepared."""
    if index == 0:
        return render.upscale_image(content(picture), factor=1)
    width = max(1, round(_SIDE * picture.aspect))
    return render.upscale_image(content(picture), size=(width, _SIDE))
