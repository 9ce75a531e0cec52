"""Voices of one's own: made from a recording or from a description."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Final

from anymedia.errors import InvalidRequestError, TaskFailedError
from anymedia.json import JSON
from anymedia.media import MediaInput
from anymedia.resources import Resource, iterating, waiting
from anymedia_runway.resources.api import LIMIT, PATIENCE, AsyncResource
from anymedia_runway.resources.records import Clear, Page, Record, body_of, path_to
from anymedia_runway.wire import Lenient, parse

__all__ = ["AsyncVoices", "Voice", "VoicePreview", "Voices"]

# Source: runwayml 5.24.0, types/voice_create_params.py; 2026-11
_DESIGN_MODEL: Final = "eleven_ttv_v3"


class Voice(Record):
    """A voice.

    Attributes:
        id: Its id.
        name: What it is called.
        description: What it sounds like.
        status: `PROCESSING`, `READY` or `FAILED`.
        preview_url: A sample, once it is ready.
        created_at: When it was made.
        failure_reason: Why it failed; for people, not for programs.
    """

    id: str
    name: Lenient[str] = None
    description: Lenient[str] = None
    status: Lenient[str] = None
    preview_url: Lenient[str] = None
    created_at: Lenient[datetime] = None
    failure_reason: Lenient[str] = None


class VoicePreview(Record):
    """How a description sounds.

    Attributes:
        url: A sample, for a day.
        duration_secs: Its length in seconds.
    """

    url: str
    duration_secs: Lenient[float] = None


class AsyncVoices(AsyncResource):
    """The account's own voices."""

    async def create(
        self,
        *,
        name: str,
        audio: MediaInput | None = None,
        prompt: str | None = None,
        model: str = _DESIGN_MODEL,
        description: str | None = None,
    ) -> Voice:
        """Make a voice from a recording or from a description. It takes a while: `wait` for it.

        Args:
            name: 1 to 100 characters.
            audio: A recording; or else
            prompt: what it should sound like, 20 to 1,000 characters.
            model: What designs it from a prompt.
            description: A note of your own, up to 1,024 characters.

        Returns:
            The voice with its id; the vendor tells no more yet.

        Raises:
            SubmissionUnknownError: Nobody can say whether it was made; `list` tells.
        """
        if (audio is None) == (prompt is None):
            raise InvalidRequestError(
                "a voice is made from audio or from a prompt: give one of them", provider="runway"
            )
        source: JSON = {"type": "text", "model": model, "prompt": prompt}
        if audio is not None:
            uploader = (await self._api.provider()).uploader
            source = {"type": "audio", "audio": await uploader.uri_of("audio", audio, kinds=("audio",))}
        body = {**body_of(name=name, description=description), "from": source}
        return await self._api.create(Voice, "/v1/voices", body)

    async def preview(self, *, prompt: str, model: str = _DESIGN_MODEL) -> VoicePreview:
        """Hear what a description sounds like; no voice is made.

        Args:
            prompt: 20 to 1,000 characters.
            model: What designs it.
        """
        return await self._api.create(VoicePreview, "/v1/voices/preview", body_of(prompt=prompt, model=model))

    def list(self, *, limit: int = LIMIT) -> AsyncGenerator[Voice, None]:
        """Every voice of your own, the pages fetched as they are needed, `limit` on each."""
        return self._api.items(Voice, "/v1/voices", limit=limit)

    async def page(self, *, cursor: str | None = None, limit: int = LIMIT) -> Page[Voice]:
        """One page of the list."""
        return await self._api.page(Voice, "/v1/voices", cursor=cursor, limit=limit)

    async def retrieve(self, voice_id: str) -> Voice:
        """One voice as it is now."""
        return await self._api.get(Voice, path_to("voices", voice_id))

    async def update(self, voice_id: str, *, name: str | None = None, description: str | Clear | None = None) -> Voice:
        """Change what is given, and leave the rest; `CLEAR` takes the description away."""
        answer = await self._api.change(path_to("voices", voice_id), body_of(name=name, description=description))
        return parse(Voice, answer)[0]

    async def delete(self, voice_id: str) -> None:
        """Delete a voice; one that is gone already is as good."""
        await self._api.delete(path_to("voices", voice_id))

    async def wait(self, voice_id: str, *, timeout: float | None = PATIENCE) -> Voice:
        """Wait until a voice is `READY`.

        Args:
            voice_id: Which.
            timeout: Seconds; None waits for ever.

        Raises:
            TaskFailedError: It is `FAILED`.
            TaskTimeoutError: It is not ready yet; the vendor goes on with it.
        """
        path, what = path_to("voices", voice_id), f"voice {voice_id}"
        return await self._api.wait(Voice, path, _ready, timeout=timeout, what=what)


def _ready(voice: Voice) -> bool:
    if voice.status == "FAILED":
        raise TaskFailedError(
            f"voice {voice.id} failed: {voice.failure_reason or 'no reason given'}", provider="runway"
        )
    return voice.status == "READY"


class Voices(Resource[AsyncVoices]):
    """The account's own voices, for synchronous code. See `AsyncVoices`."""

    create: Final = waiting(AsyncVoices.create)
    preview: Final = waiting(AsyncVoices.preview)
    list: Final = iterating(AsyncVoices.list)
    page: Final = waiting(AsyncVoices.page)
    retrieve: Final = waiting(AsyncVoices.retrieve)
    update: Final = waiting(AsyncVoices.update)
    delete: Final = waiting(AsyncVoices.delete)
    wait: Final = waiting(AsyncVoices.wait)
