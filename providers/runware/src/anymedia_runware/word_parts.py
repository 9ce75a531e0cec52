"""The typed parts of Runware's options for sound, conversation and training."""

from collections.abc import Mapping, Sequence

from anymedia.json import JSON
from anymedia_runware.parts import Part

__all__ = [
    "AudioSettings",
    "ImportModel",
    "Speaker",
    "Speech",
    "Tool",
    "ToolChoice",
]


class AudioSettings(Part):
    """How sound is written.

    Attributes:
        sample_rate: Hertz, 8000 to 48000; the vendor takes 44100.
        bitrate: Kilobits per second, 32 to 320; the vendor takes 128.
        channels: How many.
    """

    sample_rate: int | None = None
    bitrate: int | None = None
    channels: int | None = None


class Speaker(Part):
    """The voice of one of several speakers, by the name the text gives them."""

    speaker: str
    voice: str


class Speech(Part):
    """What is said and how; joined with what `TextToSpeech` itself says.

    Attributes:
        text: The words, for films that speak.
        voice: The vendor's name of the voice.
        voices: One per speaker.
        language: Of the text.
        speed: 1 is normal.
        volume: 1 is normal.
        pitch: 0 is normal.
        emotion: Such as `happy`.
        tone: Such as `["calm"]`.
    """

    text: str | None = None
    voice: str | None = None
    voices: Sequence[Speaker] | None = None
    language: str | None = None
    speed: float | None = None
    volume: float | None = None
    pitch: float | None = None
    emotion: str | None = None
    tone: Sequence[str] | None = None


class Tool(Part):
    """A function a language model may call; its calls are in the result's `raw`.

    Attributes:
        name: By which it is called.
        description: When to call it.
        schema_: Its arguments as a JSON schema; `schema` on the wire.
        type: Such as `function`.
    """

    name: str
    description: str | None = None
    schema_: Mapping[str, JSON] | None = None
    type: str | None = None


class ToolChoice(Part):
    """Which tool a language model has to use: `type`, such as `auto`, or `tool` with its `name`."""

    type: str
    name: str | None = None


class ImportModel(Part):
    """What a trained model is called.

    Attributes:
        air: Its AIR, in your organisation's own source: `acme:900@1`.
        name: For people.
        unique_identifier: For addresses.
        version: Such as `1`.
        private: Whether only you see it.
        hero_image_url: Its picture.
        short_description: A sentence.
        architecture: Such as `flux-1-dev`.
        category: Such as `lora`.
    """

    air: str | None = None
    name: str | None = None
    unique_identifier: str | None = None
    version: str | None = None
    private: bool | None = None
    hero_image_url: str | None = None
    short_description: str | None = None
    architecture: str | None = None
    category: str | None = None
