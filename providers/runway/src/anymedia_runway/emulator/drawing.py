"""Makes the outputs of a job; everything here keeps a core busy and belongs on a worker thread."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from anymedia.testing import render
from anymedia.testing.render.tracks import revoiced, with_sound
from anymedia_runway.emulator.assets import Asset
from anymedia_runway.emulator.formats import FORMATS, converted, sound_track
from anymedia_runway.emulator.jobs import Job
from anymedia_runway.emulator.models import Model

__all__ = ["Drawing", "content", "output_formats"]

_LONGEST_SECONDS = 60.0
_UNSEEN_SIZE = (640, 360)
_REVOICED = ("speech_to_speech", "voice_dubbing", "voice_isolation")
_PITCHES = (0.8, 0.9, 1.1, 1.2)


def output_formats(job: Job) -> list[str]:
    """The format of each output, in order; a sequence of pictures brings its sound as one more."""
    extra = ["wav"] if job.sound and FORMATS[job.format].sequence else []
    return [job.format] * job.count + extra


class Drawing:
    """The outputs of one task, each made from the request when it is first wanted.

    Args:
        model: Which model was asked, and where.
        body: The request.
        job: What it comes to.
        assets: Its media.
        seed: Used where the request has none.
    """

    def __init__(self, model: Model, body: Mapping[str, Any], job: Job, assets: Sequence[Asset], seed: int) -> None:
        self._endpoint = model.endpoint
        self._makes = model.makes
        self._body = body
        self._job = job
        self._assets = assets
        self._seed: int = body.get("seed", seed)

    def output(self, index: int) -> bytes:
        """The bytes of one output."""
        if self._job.medium == "image":
            return self._picture(index)
        if self._job.medium == "audio":
            return self._sound(index)
        if index == self._job.count:
            return sound_track(self._film)
        if FORMATS[self._job.format].codec:
            return converted(self._film, self._job.format, self._body.get("proresProfile"))
        return self._film

    def _picture(self, index: int) -> bytes:
        if self._endpoint == "image_upscale":
            return render.upscale_image(content(self._assets[0]), size=self._job.size, format=self._job.format)
        if self._job.format == "svg":
            return _drawn_in_vectors(self._job.words, self._seed, self._job.size)
        return render.image(
            self._job.words,
            seed=self._seed + index,
            width=self._job.size[0],
            height=self._job.size[1],
            format=self._job.format,
            references=[content(asset) for asset in self._assets if asset.kind == "image"],
            transparent=self._body.get("background") == "transparent",
        )

    def _sound(self, index: int) -> bytes:
        if self._endpoint in _REVOICED:
            return self._revoiced()
        return render.audio(
            self._job.words,
            seed=self._seed + index,
            duration=min(self._job.seconds, _LONGEST_SECONDS),
            sample_rate=self._body.get("sampleRate", 48000),
            format=self._job.format,
        )

    def _revoiced(self) -> bytes:
        """The source's own sound with another voice: higher or lower, as the voice's or the language's name has it."""
        isolated = self._endpoint == "voice_isolation"
        wanted = self._body.get("voice", {}).get("presetId") or self._body.get("targetLang", "")
        pitch = 1.0 if isolated else _PITCHES[sum(wanted.encode()) % len(_PITCHES)]
        return revoiced(content(self._assets[0]), format=self._job.format, pitch=pitch, speech_only=isolated)

    @cached_property
    def _film(self) -> bytes:
        match self._endpoint:
            case "video_upscale" | "video_to_hdr":
                return render.upscale_video(content(self._assets[0]), size=self._job.size, fps=self._job.fps)
            case "character_performance":
                return self._performance()
            case "avatar_videos":
                return self._talk()
            case "video_to_video":
                return self._plain_film(self._at("videoUri", "promptVideo"))
            case _:
                return self._plain_film(self._at(self._makes["source"]) if "source" in self._makes else None)

    def _plain_film(self, source: Asset | None = None) -> bytes:
        width, height = self._job.size
        return render.video(
            self._job.words,
            seed=self._seed,
            width=width,
            height=height,
            duration=min(self._job.seconds, _LONGEST_SECONDS),
            fps=self._job.fps,
            format="mov" if self._job.format == "mov" else "mp4",
            first_frame=self._frame("first"),
            last_frame=self._frame("last"),
            source=content(source) if source else None,
            audio=self._job.sound and not (source and source.has_sound),
        )

    def _performance(self) -> bytes:
        character, reference = content(self._at("character")), content(self._at("reference"))
        width, height = self._job.size
        return render.perform(character, reference, seed=self._seed, width=width, height=height)

    def _talk(self) -> bytes:
        (width, height), recordings = self._job.size, [asset for asset in self._assets if asset.kind == "audio"]
        film = render.video(
            self._job.words,
            seed=self._seed,
            width=width,
            height=height,
            duration=min(self._job.seconds, _LONGEST_SECONDS),
            first_frame=content(self._at("avatar")),
            audio=not recordings,
        )
        return with_sound(film, content(recordings[0])) if recordings else film

    def _at(self, *fields: str) -> Asset:
        return next(asset for asset in self._assets if asset.path[0] in fields)

    def _frame(self, position: str) -> bytes | None:
        frames = self._body.get("promptImage")
        for asset in self._assets:
            if asset.path[0] == "promptImage" and _position(frames, asset.path) == position:
                return content(asset)
            if position == "first" and asset.path[0] == self._makes.get("first"):
                return content(asset)
        return None


def _position(frames: Any, path: Sequence[str | int]) -> str | None:
    """Which frame an image is; a lone one is the first, one without a position is a reference."""
    if isinstance(frames, str) or len(path) < 2:
        return "first"
    position: str | None = frames[path[1]].get("position")
    return position


def content(asset: Asset) -> bytes:
    """The bytes of a medium; one that was not fetched is drawn from its URL."""
    if asset.data is not None:
        return asset.data
    seed = int.from_bytes(hashlib.sha256(asset.uri.encode()).digest()[:4])
    width, height = asset.size
    if asset.kind == "image":
        return render.image(asset.uri, seed=seed, width=width, height=height)
    if asset.kind == "audio":
        return render.audio(asset.uri, seed=seed, duration=asset.seconds)
    width, height = _UNSEEN_SIZE
    return render.video(asset.uri, seed=seed, width=width, height=height, duration=asset.seconds)


def _drawn_in_vectors(prompt: str, seed: int, size: tuple[int, int]) -> bytes:
    width, height = size
    marks = hashlib.sha256(f"{seed}:{prompt}".encode()).digest()
    shapes = "".join(
        f'<circle cx="{marks[n] * width // 255}" cy="{marks[n + 1] * height // 255}" r="{8 + marks[n + 2]}"'
        f' fill="hsl({marks[n] * 360 // 255} 70% {30 + marks[n + 1] // 5}%)"/>'
        for n in range(0, 30, 3)
    )
    ground = f'<rect width="{width}" height="{height}" fill="hsl({marks[31] * 360 // 255} 40% 90%)"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{ground}{shapes}</svg>'
    return svg.encode()
