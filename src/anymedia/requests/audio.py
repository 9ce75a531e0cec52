"""Speech, music and sounds."""

from typing import ClassVar

from pydantic import Field

from anymedia.requests.base import (
    CountField,
    FormatField,
    InputField,
    PromptField,
    ReferencesField,
    Request,
    SeedField,
)
from anymedia.results import AudioResult, Result

__all__ = [
    "DubVoice",
    "GenerateMusic",
    "IsolateVoice",
    "SoundEffect",
    "SpeechToSpeech",
    "TextToSpeech",
    "VideoToAudio",
]


class _Sound(Request[AudioResult]):
    """What every sound has in common.

    Attributes:
        output_format: `mp3`, `wav`, `flac`, `ogg`, ...
    """

    result_type: ClassVar[type[Result]] = AudioResult

    output_format: FormatField | None = None


class TextToSpeech(_Sound):
    """A text, spoken.

    Attributes:
        text: What to say.
        voice: A voice by the provider's name for it; left out, the model's own.
        voice_sample: A recording whose voice is to be copied, where the model can.
        language: Such as `en` or `pt-BR`; left out, the model tells.
        speed: 1 is the voice's own.
        seed: Repeats a result where the model allows it.
    """

    operation: ClassVar[str] = "text_to_speech"

    text: PromptField
    voice: str | None = Field(default=None, min_length=1)
    voice_sample: InputField | None = None
    language: str | None = Field(default=None, min_length=2)
    speed: float | None = Field(default=None, gt=0)
    seed: SeedField | None = None


class _Composition(_Sound):
    """What every sound made from a description has in common.

    Attributes:
        negative_prompt: What should not be heard.
        references: Inputs that guide it; `Reference(media, tag)` to name one in the prompt.
        duration: Seconds.
        count: How many outputs.
        seed: Repeats a result where the model allows it.
    """

    negative_prompt: str | None = None
    references: ReferencesField = ()
    duration: float | None = Field(default=None, gt=0)
    count: CountField = 1
    seed: SeedField | None = None


class SoundEffect(_Composition):
    """A sound from its description.

    Attributes:
        prompt: What is heard.
        loop: Whether its end should lead into its start.
    """

    operation: ClassVar[str] = "sound_effect"

    prompt: PromptField
    loop: bool | None = None


class GenerateMusic(_Composition):
    """Music from its description.

    Attributes:
        prompt: Style, mood, instruments.
        lyrics: What is sung.
        instrumental: Whether nobody sings.
    """

    operation: ClassVar[str] = "generate_music"

    prompt: PromptField
    lyrics: str | None = Field(default=None, min_length=1)
    instrumental: bool | None = None


class SpeechToSpeech(_Sound):
    """The same words in another voice.

    Attributes:
        recording: A sound, or a film with sound.
        voice: A voice by the provider's name for it.
        voice_sample: A recording whose voice is to be copied, where the model can.
    """

    operation: ClassVar[str] = "speech_to_speech"

    recording: InputField
    voice: str | None = Field(default=None, min_length=1)
    voice_sample: InputField | None = None


class DubVoice(_Sound):
    """The same voice in another language.

    Attributes:
        recording: A sound, or a film with sound where the model takes one.
        language: To speak, such as `es`.
        speakers: How many there are; left out, the model counts.
    """

    operation: ClassVar[str] = "dub_voice"

    recording: InputField
    language: str = Field(min_length=2)
    speakers: CountField | None = None


class IsolateVoice(_Sound):
    """Speech without what is heard around it.

    Attributes:
        recording: A sound, or a film with sound where the model takes one.
    """

    operation: ClassVar[str] = "isolate_voice"

    recording: InputField


class VideoToAudio(_Composition):
    """Sound that fits a film.

    Attributes:
        video: What is seen.
        prompt: What is heard; left out, the model tells from the picture.
    """

    operation: ClassVar[str] = "video_to_audio"

    video: InputField
    prompt: PromptField | None = None
