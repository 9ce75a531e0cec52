"""Sound made of soft plucked notes, chosen by prompt and seed."""

import math
import random
from array import array
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain

import av
from av.audio.resampler import AudioResampler

from anymedia.testing.render.containers import Sound, opened, write

__all__ = ["audio", "blocks", "melody", "samples_of"]

_SCALE = (0, 2, 4, 7, 9, 12, 14)
_NOTE_SECONDS = 0.3
_LOUDNESS = 9000
_BLOCK = 1024


def audio(prompt: str, *, seed: int, duration: float, sample_rate: int = 44100, format: str = "wav") -> bytes:
    """A melody of `duration` seconds; the same arguments give the same bytes.

    Args:
        prompt: Chooses the melody together with `seed`.
        seed: Any integer.
        duration: Seconds.
        sample_rate: Samples per second; `ogg` (Opus) takes 48000 where it has no such rate.
        format: `wav`, `mp3`, `flac` or `ogg`.

    Raises:
        ValueError: The format is unknown, or cannot hold the sample rate.
    """
    return write(format, sound=melody(prompt, seed, duration, sample_rate))


def melody(prompt: str, seed: int, duration: float, rate: int) -> Sound:
    """The melody of `duration` seconds as frames of sound."""
    chance = random.Random(f"{seed}:{prompt}")
    root = 196 * 2 ** (chance.randrange(12) / 12)
    notes = [_note(root * 2 ** (step / 12), rate) for step in _SCALE]
    wanted = max(1, round(duration * rate))
    samples = array("h")
    while len(samples) < wanted:
        samples += chance.choice(notes)
    return Sound(blocks(samples[:wanted], rate), rate)


def _note(pitch: float, rate: int) -> "array[int]":
    length = round(_NOTE_SECONDS * rate)
    turn = math.tau * pitch / rate
    samples = array("h")
    for n in range(length):
        fade = min(1.0, n / (0.01 * rate)) * math.exp(-4 * n / length) * (1 - n / length)
        samples.append(round(_LOUDNESS * fade * (math.sin(turn * n) + 0.4 * math.sin(2 * turn * n))))
    return samples


def blocks(samples: "array[int]", rate: int) -> Iterator[av.AudioFrame]:
    """Samples of 16 bits as frames of one channel."""
    for start in range(0, len(samples), _BLOCK):
        part = samples[start : start + _BLOCK]
        frame = av.AudioFrame("s16", "mono", len(part))
        frame.planes[0].update(part.tobytes())
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        yield frame


def samples_of(data: bytes, rate: int) -> "array[int]":
    """The sound of a file as one channel of 16 bits at `rate` samples per second.

    Raises:
        ValueError: It has none.
    """
    samples = array("h")
    resampler = AudioResampler(format="s16", layout="mono", rate=rate)
    with opened(data) as container:
        if not container.streams.audio:
            raise ValueError("this file has no sound")
        decoded: Iterable[av.AudioFrame | None] = chain(container.decode(audio=0), [None])
        for frame in decoded:
            for ready in resampler.resample(frame):
                samples.frombytes(bytes(ready.planes[0])[: 2 * ready.samples])
    if not samples:
        raise ValueError("this file has no sound that can be decoded")
    return samples
