"""Sound that is not a melody: speech-like syllables as long as their text, effects, and sound worked from sound."""

import math
import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice, repeat

from anymedia.testing.render.containers import Sound, write
from anymedia.testing.render.sounds import blocks, melody, samples_of

__all__ = ["Line", "covered", "effect", "speech"]

_SECONDS_PER_LETTER = 0.06
_SHORTEST = 0.3
_LOUDNESS = 8000
_PAUSES = {",": 2, ";": 2, ":": 2, ".": 4, "!": 4, "?": 4, "\n": 4}
_VOWELS = "aeiouyäöüáéíóú"


@dataclass(frozen=True)
class Line:
    """What one voice says. `speed` 1 is usual, `pitch` is in semitones, `volume` 1 is usual."""

    text: str
    voice: str = ""
    speed: float = 1.0
    pitch: float = 0.0
    volume: float = 1.0

    @property
    def seconds(self) -> float:
        """How long it takes to say."""
        return max(_SHORTEST, _SECONDS_PER_LETTER * len(self.text) / max(0.1, self.speed))


def speech(lines: Sequence[Line], *, seed: int, sample_rate: int = 44100, format: str = "wav") -> bytes:
    """A sound file of syllables, one after each other, in as many voices as there are; same arguments, same bytes.

    Args:
        lines: What is said, by whom.
        seed: Any integer; it changes the intonation.
        sample_rate: Samples per second; `ogg` (Opus) takes 48000 where it has no such rate.
        format: `wav`, `mp3`, `flac`, `ogg` or `aac`.

    Raises:
        ValueError: The format is unknown, or cannot hold the sample rate.
    """
    samples = array("h")
    for line in lines:
        samples += _said(line, seed, sample_rate)
    return write(format, sound=Sound(blocks(samples, sample_rate), sample_rate))


def covered(
    data: bytes, prompt: str, *, seed: int, share: float, sample_rate: int = 44100, format: str = "wav"
) -> bytes:
    """A recording with a melody over it, as long as before.

    Args:
        data: The recording.
        prompt: Chooses the melody together with `seed`.
        seed: Any integer.
        share: How much of the result is the melody, 0 to 1.
        sample_rate: Samples per second.
        format: As for `speech`.

    Raises:
        ValueError: `data` has no sound, or the format is unknown.
    """
    samples = samples_of(data, sample_rate)
    tune = array("h")
    for frame in melody(prompt, seed, len(samples) / sample_rate, sample_rate).frames:
        tune.frombytes(bytes(frame.planes[0])[: 2 * frame.samples])
    mixed = array("h", (round(a * (1 - share) + b * share) for a, b in zip(samples, tune, strict=False)))
    return write(format, sound=Sound(blocks(mixed, sample_rate), sample_rate))


def effect(
    prompt: str, *, seed: int, duration: float, sample_rate: int = 44100, format: str = "wav", loop: bool = False
) -> bytes:
    """A noise of `duration` seconds that swells and fades; the same arguments give the same bytes.

    Args:
        prompt: Chooses the sound together with `seed`.
        seed: Any integer.
        duration: Seconds.
        sample_rate: Samples per second.
        format: As for `speech`.
        loop: Whether it ends as loud as it starts.

    Raises:
        ValueError: The format is unknown, or cannot hold the sample rate.
    """
    chance = random.Random(f"{seed}:{prompt}")
    wanted = max(1, round(duration * sample_rate))
    grain = _noise(chance, max(1, sample_rate // 4), chance.uniform(0.05, 0.6))
    beat = chance.uniform(0.5, 3) if not loop else max(1, round(duration)) / duration
    swell = [0.55 - 0.45 * math.cos(math.tau * beat * n / 100) for n in range(max(1, round(duration * 100)) + 1)]
    samples = array("h", (round(grain[n % len(grain)] * swell[n * 100 // sample_rate]) for n in range(wanted)))
    return write(format, sound=Sound(blocks(samples, sample_rate), sample_rate))


def _noise(chance: random.Random, count: int, smoothness: float) -> "array[int]":
    samples, level = array("h"), 0.0
    for _ in range(count):
        level += (1 - smoothness) * (chance.uniform(-1, 1) - level)
        samples.append(round(_LOUDNESS * level))
    return samples


def _said(line: Line, seed: int, rate: int) -> "array[int]":
    chance = random.Random(f"{seed}:{line.voice}:{line.text}")
    pitch = _pitch(line.voice) * 2 ** (line.pitch / 12)
    wanted = round(line.seconds * rate)
    letter = max(1, round(wanted / max(1, len(line.text))))
    samples = array("h")
    for sign in line.text.lower():
        if sign.isspace() or sign in _PAUSES:
            samples.extend(repeat(0, letter))
        else:
            lift = round(pitch * 2 ** (chance.choice((-1, 0, 0, 1, 2)) / 12))
            samples += _syllable(sign, lift, letter, rate, min(2.0, line.volume))
    return array("h", islice(chain(samples, repeat(0)), wanted))


@lru_cache(maxsize=512)
def _syllable(sign: str, pitch: int, length: int, rate: int, volume: float) -> "array[int]":
    """One letter: a hum with overtones for a vowel, a rustle for anything else."""
    if sign not in _VOWELS:
        noise = _noise(random.Random(sign), length, 0.3)
        return array("h", (round(0.35 * volume * sample) for sample in noise))
    bright = 0.25 + 0.5 * (ord(sign) % 7) / 7
    turn = math.tau * pitch / rate
    return array(
        "h",
        (
            round(_faded(n, length) * volume * _LOUDNESS * (math.sin(turn * n) + bright * math.sin(3 * turn * n)) / 1.6)
            for n in range(length)
        ),
    )


def _faded(n: int, length: int) -> float:
    return min(1.0, 8 * n / length, 8 * (length - n) / length)


def _pitch(voice: str) -> float:
    """Each voice has its own, between 95 and 230 Hz."""
    return random.Random(voice).uniform(95, 230)
