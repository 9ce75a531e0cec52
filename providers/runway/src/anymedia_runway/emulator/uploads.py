"""Ephemeral uploads: a slot from the API, a form post to storage, a `runway://` URI for a day."""

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from anymedia_runway.emulator import issues
from anymedia_runway.emulator.account import Calendar
from anymedia_runway.emulator.errors import ApiError, invalid_body
from anymedia_runway.emulator.issues import Issue

__all__ = ["Uploads"]

# Source: docs.dev.runwayml.com, page Inputs, "Uploads"; 2026-11
_MIN_BYTES, _MAX_BYTES = 512, 200 * 2**20
_LIFETIME = timedelta(hours=24)
_NAME_LENGTH = (3, 255)
_SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".webp"),
    *(".mp4", ".mov", ".mkv", ".webm", ".3gp", ".ogv", ".avi", ".flv", ".mpg", ".mpeg"),
    *(".mp3", ".wav", ".flac", ".m4a", ".aac", ".ogg"),
)


@dataclass
class _Slot:
    uri: str
    fields: Mapping[str, str]
    expires: datetime
    data: bytes | None = None


class Uploads:
    """The slots handed out and what was stored in them."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._slots: dict[str, _Slot] = {}

    def open(self, body: Mapping[str, Any], storage_url: str) -> dict[str, Any]:
        """The answer of `POST /v1/uploads`.

        Raises:
            ApiError: The file name or the type is wrong.
        """
        wrong = _wrong_name(body) + _wrong_type(body)
        if wrong:
            raise invalid_body(wrong)
        slot_id = str(uuid.uuid4())
        key = f"ephemeral/{slot_id}/{body['filename']}"
        fields = {"key": key, "policy": secrets.token_urlsafe(48), "x-amz-signature": secrets.token_hex(32)}
        slot = _Slot(f"runway://{slot_id}", fields, self._calendar.now() + _LIFETIME)
        self._slots[slot.uri] = slot
        return {"uploadUrl": storage_url, "fields": fields, "runwayUri": slot.uri}

    async def store(self, request: Request) -> None:
        """Take the form post of one file.

        Raises:
            ApiError: The form is not as signed, or the slot was used before.
        """
        async with request.form(max_files=1) as form:
            parts = form.multi_items()
            slot = self._slot_of({name: value for name, value in parts if isinstance(value, str)})
            name, file = parts[-1]
            if name != "file" or not isinstance(file, UploadFile):
                raise _storage_error("InvalidArgument", "The file must be the last field, named `file`.")
            data = await file.read()
        if len(data) < _MIN_BYTES:
            raise _storage_error("EntityTooSmall", f"Your proposed upload is smaller than {_MIN_BYTES} bytes.")
        if len(data) > _MAX_BYTES:
            raise _storage_error("EntityTooLarge", f"Your proposed upload exceeds {_MAX_BYTES} bytes.")
        slot.data = data

    def read(self, uri: str) -> bytes | None:
        """What was stored under a `runway://` URI, None when there is nothing or no longer."""
        slot = self._slots.get(uri)
        return slot.data if slot and slot.expires > self._calendar.now() else None

    def _slot_of(self, fields: Mapping[str, str]) -> _Slot:
        slot = next((slot for slot in self._slots.values() if slot.fields["key"] == fields.get("key")), None)
        if slot is None or any(fields.get(name) != value for name, value in slot.fields.items()):
            raise _storage_error("AccessDenied", "The form does not match its policy.", status=403)
        if slot.data is not None:
            raise _storage_error("AccessDenied", "The slot has been used.", status=403)
        return slot


def _wrong_name(body: Mapping[str, Any]) -> list[Issue]:
    if "filename" not in body:
        return [issues.undefined("string", ["filename"])]
    name = body["filename"]
    if not isinstance(name, str):
        return [issues.invalid_type("string", name, ["filename"])]
    least, most = _NAME_LENGTH
    if len(name) < least:
        return [issues.too_small("string", least, ["filename"])]
    if len(name) > most:
        return [issues.too_big("string", most, ["filename"])]
    if not name.lower().endswith(_SUFFIXES):
        return [issues.custom(["filename"], "The file name must have the extension of an image, a video or a sound")]
    return []


def _wrong_type(body: Mapping[str, Any]) -> list[Issue]:
    return [] if body.get("type") == "ephemeral" else [issues.invalid_option(["ephemeral"], ["type"])]


def _storage_error(code: str, message: str, status: int = 400) -> ApiError:
    return ApiError(status, {"code": code, "message": message})
