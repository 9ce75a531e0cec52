"""Sound tracks: taken from a film or recording, changed as a voice is, and put under a film."""

import io
import itertools
from collections.abc import Iterator, Sequence

import av
from av.audio.frame import AudioFrame
from av.error import BlockingIOError as NotYetError
from av.error import EOFError as EndError
from av.filter import Graph

from anymedia.testing.render.containers import Sound, opened, sound_of, write

__all__ = ["revoiced", "with_sound"]

_RATE = 48000


def revoiced(data: bytes, *, format: str, pitch: float = 1.0, speech_only: bool = False) -> bytes:
    """The sound of a film or a recording, changed, in its own length.

    Args:
        data: A film with sound, or a recording.
        format: `wav`, `mp3`, `flac` or `ogg`.
        pitch: How many times higher the voice is to be.
        speech_only: Weaken what lies outside the range of a voice.

    Raises:
        ValueError: There is no sound in it.
    """
    sound = sound_of(data)
    if sound is None:
        raise ValueError("this file has no sound")
    steps = [("aformat", f"sample_rates={_RATE}:sample_fmts=s16:channel_layouts=mono")]
    if speech_only:
        steps += [("highpass", "f=120"), ("lowpass", "f=6000"), ("afftdn", "")]
    if pitch != 1.0:
        steps += [("asetrate", str(round(_RATE * pitch))), ("aresample", str(_RATE)), ("atempo", f"{1 / pitch:.6f}")]
    steps.append(("aformat", f"sample_rates={_RATE}:sample_fmts=s16:channel_layouts=mono"))
    return write(format, sound=Sound(_filtered(list(sound.frames), steps), _RATE))


def with_sound(film: bytes, sound: bytes) -> bytes:
    """An mp4 film with this recording in place of its own sound; its pictures are not encoded again.

    Raises:
        ValueError: `film` is no film, or there is no sound in `sound`.
    """
    track = sound_of(sound)
    if track is None:
        raise ValueError("this file has no sound")
    file = io.BytesIO()
    with opened(film) as source, av.open(file, "w", format="mp4") as target:
        pictures = source.streams.video[0]
        copy = target.add_stream_from_template(pictures)
        heard = target.add_stream("aac", rate=track.rate)
        heard.codec_context.layout = track.layout
        for block in (*track.frames, None):
            target.mux(heard.encode(block))
        for packet in source.demux(pictures):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
    return file.getvalue()


def _filtered(blocks: Sequence[AudioFrame], steps: Sequence[tuple[str, str]]) -> Iterator[AudioFrame]:
    first = blocks[0]
    graph = Graph()
    source = graph.add_abuffer(
        sample_rate=first.sample_rate, format=first.format.name, layout=first.layout.name, time_base=first.time_base
    )
    chain = [source, *(graph.add(name, args) for name, args in steps), graph.add("abuffersink")]
    for one, other in itertools.pairwise(chain):
        one.link_to(other)
    graph.configure()
    for block in (*blocks, None):
        graph.push(block)
        yield from _pulled(graph)


def _pulled(graph: Graph) -> Iterator[AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (NotYetError, EndError):
            return
        if isinstance(frame, AudioFrame):
            yield frame
