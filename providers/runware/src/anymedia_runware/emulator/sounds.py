"""audioInference: speech as long as its text, music, effects, and sound made from sound or for a film."""

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from anymedia.testing import render
from anymedia_runware.emulator.asking import count, mixed, prompt, sample_rate, seed_of
from anymedia_runware.emulator.inputs import Source
from anymedia_runware.emulator.prices import price
from anymedia_runware.emulator.shapes import array_of, number_in, object_of
from anymedia_runware.emulator.work import AUDIO_SECONDS, Order, Product, Work

__all__ = ["lines_of", "make_audio"]

_LENGTH = 10.0
_FILM_FORMATS = ("mp4", "mov", "webm")
_STRENGTH = 0.5
_EFFECT_MODELS = ("sfx", "sound-effect", "seed-audio")


def make_audio(order: Order) -> Work:
    """audioInference of any kind; asked for as a film, the sound comes with the film it was made for."""
    seed, format = seed_of(order), order.format("mp3")
    kind = "video" if format in _FILM_FORMATS else "audio"
    about = prompt(order) or " ".join(line.text for line in lines_of(object_of(order.get("speech"))))

    def produce(index: int) -> Product:
        made = order.keep(kind, format, lambda: _made(order, seed + index, format), about=about)
        return Product({"seed": seed + index}, made, kind)

    return Work(count(order), AUDIO_SECONDS, price("audioInference"), produce)


def lines_of(speech: Mapping[str, Any]) -> list[render.Line]:
    """What is said by whom. A text with lines such as `Ann: Hello` goes to the voices named for its speakers."""
    text = speech.get("text")
    if not isinstance(text, str) or not text:
        return []
    voices = dict(_speakers(array_of(speech.get("voices"))))
    usual = str(speech.get("voice") or speech.get("voiceId") or next(iter(voices.values()), ""))
    manner = {name: number_in(speech, name, usually) for name, usually in (("speed", 1), ("pitch", 0), ("volume", 1))}
    found: list[render.Line] = []
    for line in text.splitlines() if voices else [text]:
        speaker, said, words = line.partition(":")
        named = said and speaker.strip() in voices
        voice = voices[speaker.strip()] if named else usual
        found.append(render.Line(words.strip() if named else line, voice, **manner))
    return found


def _speakers(voices: list[Any]) -> Iterator[tuple[str, str]]:
    for index, voice in enumerate(voices):
        fields = object_of(voice)
        yield str(fields.get("speaker", index)), str(fields.get("voice", voice if isinstance(voice, str) else index))


def _made(order: Order, seed: int, format: str) -> bytes:
    film = next(iter(order.inputs.of_kind("video")), None)
    if format not in _FILM_FORMATS:
        return _sound(order, seed, format, film)
    sound = _sound(order, seed, "wav", film)
    if film is None:
        seconds = render.probe(sound).duration or _LENGTH
        blank = render.video(prompt(order), seed=seed, width=320, height=180, duration=seconds, format=format)
        return render.dub(blank, sound, format)
    return render.dub(film.read(), sound, format)


def _sound(order: Order, seed: int, format: str, film: Source | None) -> bytes:
    rate, mixed_seed, text = sample_rate(order), mixed(order, seed), prompt(order)
    lines = lines_of(object_of(order.get("speech")))
    if lines:
        return render.speech(_cloned(order, lines), seed=mixed_seed, sample_rate=rate, format=format)
    recording = next(iter(order.inputs.sources("audio", "audios", "inputAudios")), None)
    if recording is not None:
        share = order.number("strength", _STRENGTH)
        data = recording.read()
        return render.covered(data, text, seed=mixed_seed, share=share, sample_rate=rate, format=format)
    seconds = _seconds(order, film)
    if film is not None or any(sign in order.model.slug for sign in _EFFECT_MODELS):
        loop = bool(order.get("loop"))
        return render.effect(text, seed=mixed_seed, duration=seconds, sample_rate=rate, format=format, loop=loop)
    words = f"{text} {order.get('lyrics', '')}"
    return render.audio(words, seed=mixed_seed, duration=seconds, sample_rate=rate, format=format)


def _cloned(order: Order, lines: list[render.Line]) -> list[render.Line]:
    """A recording of a voice gives a voice of its own."""
    sample = next(iter(order.inputs.of_kind("audio")), None)
    if sample is None:
        return lines
    voice = str(zlib.crc32(sample.read()))
    return [render.Line(line.text, voice, line.speed, line.pitch, line.volume) for line in lines]


def _seconds(order: Order, film: Source | None) -> float:
    asked = order.number("duration", 0)
    if asked:
        return asked
    music = object_of(object_of(object_of(order.get("providerSettings")).get("elevenlabs")).get("music"))
    sections = map(object_of, array_of(object_of(music.get("compositionPlan")).get("sections")))
    planned = sum(number_in(section, "duration", 0) for section in sections)
    if planned:
        return planned
    return _LENGTH if film is None else render.probe(film.read()).duration or _LENGTH
