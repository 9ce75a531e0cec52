"""How an operation is laid out on the wire, as data that a model carries in its capabilities."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from anymedia.json import JSON

__all__ = ["Form", "ReferenceField", "natural_form"]


class ReferenceField(BaseModel):
    """A wire field that takes a list of reference inputs.

    Attributes:
        kind: What it takes.
        typed: Whether each element says its kind.
        plain: Whether each element is a bare URI.
        tags: Whether an element may be named in the prompt as `@tag`, or is only ever reached that way.
        subjects: Whether an element may say that it shows a person or a thing.
        most: How many it takes, where the vendor publishes it.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["image", "video", "audio"] = "image"
    typed: bool = False
    plain: bool = False
    tags: Literal["none", "optional", "bound"] = "none"
    subjects: bool = False
    most: int | None = None


class Form(BaseModel):
    """Where an operation is sent and which fields it may have there.

    Attributes:
        endpoint: The path below `/v1/`.
        fields: Every field the model takes, by its name on the wire.
        defaults: What is sent where the request leaves a field open.
        references: Those of `fields` that take reference inputs.
        excludes: Fields that must be absent beside certain others.
        frames: Where in the film an image may stand.
        bounds: Legal numbers of fields for which the core knows no rule.
    """

    model_config = ConfigDict(frozen=True)

    endpoint: str
    fields: tuple[str, ...]
    defaults: Mapping[str, JSON] = Field(default_factory=dict)
    references: Mapping[str, ReferenceField] = Field(default_factory=dict)
    excludes: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    frames: tuple[str, ...] = ()
    bounds: Mapping[str, tuple[float, float]] = Field(default_factory=dict)


_IMAGE = ("promptText", "negativePrompt", "ratio", "referenceImages", "outputCount", "outputFormat", "seed")
_FILM = (
    "promptText",
    "negativePrompt",
    "ratio",
    "resolution",
    "duration",
    "audio",
    "outputCount",
    "outputFormat",
    "seed",
)
_SOUND = ("promptText", "negativePrompt", "duration", "numVariants", "format", "seed")
_SAMPLES = {"referenceAudios": ReferenceField(kind="audio", plain=True)}
_TAGGED = {"referenceImages": ReferenceField(tags="optional")}
_REFERENCES = {
    "references": ReferenceField(),
    "referenceVideos": ReferenceField(kind="video", typed=True),
    "referenceAudio": ReferenceField(kind="audio", typed=True),
}
_NATURAL = {
    "text_to_image": Form(endpoint="text_to_image", fields=_IMAGE, references=_TAGGED),
    "image_to_image": Form(endpoint="text_to_image", fields=(*_IMAGE, "maskUri"), references=_TAGGED),
    "text_to_video": Form(endpoint="text_to_video", fields=(*_FILM, *_REFERENCES), references=_REFERENCES),
    "image_to_video": Form(
        endpoint="image_to_video",
        fields=("promptImage", *_FILM, *_REFERENCES),
        references=_REFERENCES,
        frames=("first", "middle", "last"),
    ),
    "video_to_video": Form(
        endpoint="video_to_video", fields=("videoUri", *_FILM, *_REFERENCES), references=_REFERENCES
    ),
    "upscale_image": Form(endpoint="image_upscale", fields=("imageUri", "scaleFactor")),
    "upscale_video": Form(endpoint="video_upscale", fields=("videoUri", "resolution", "targetFramerate")),
    "character_performance": Form(
        endpoint="character_performance",
        fields=("character", "reference", "ratio", "bodyControl", "expressionIntensity", "seed"),
    ),
    "text_to_speech": Form(
        endpoint="text_to_speech", fields=("promptText", "voice", "languageCode", "speed", "outputFormat", "seed")
    ),
    "sound_effect": Form(endpoint="sound_effect", fields=(*_SOUND, "loop", "referenceAudios"), references=_SAMPLES),
    "speech_to_speech": Form(endpoint="speech_to_speech", fields=("media", "voice")),
    "dub_voice": Form(endpoint="voice_dubbing", fields=("audioUri", "targetLang", "numSpeakers")),
    "isolate_voice": Form(endpoint="voice_isolation", fields=("audioUri",)),
    "video_to_audio": Form(endpoint="video_to_audio", fields=("videoUri", *_SOUND)),
    "video_to_hdr": Form(endpoint="video_to_hdr", fields=("videoUri", "outputFormat")),
}


def natural_form(operation: str) -> Form | None:
    """The form most of the vendor's models share, for a model that the catalogue does not hold."""
    return _NATURAL.get(operation)
