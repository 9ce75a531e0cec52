"""What Runway alone offers: typed options, sent under their names on the wire.

Which model takes which is told by Runway's API reference; an option a model does not have gives a notice in the plan.
Source: runwayml 5.24.0, types/*_create_params.py; for the headers the vendor's agent skills; 2026-11.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic.alias_generators import to_camel

from anymedia.media import MediaInput
from anymedia.requests import ProviderOptions
from anymedia_runway.inputs import as_uri

__all__ = [
    "HEADERS",
    "NOT_IN_BODY",
    "ContentModeration",
    "Keyframe",
    "KeyframeRange",
    "KlingSettings",
    "RunwayOptions",
    "Shot",
]

_Uri: TypeAlias = Annotated[
    MediaInput, PlainValidator(as_uri), PlainSerializer(str), WithJsonSchema({"type": "string"})
]
_Color: TypeAlias = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]
_Header: TypeAlias = Annotated[str, Field(pattern=r"^[!-~]+$")]
_Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
_Percent: TypeAlias = Annotated[int, Field(ge=0, le=100)]

HEADERS: Final[Mapping[str, str]] = {
    "on_behalf_of": "X-Runway-On-Behalf-Of",
    "client_id": "X-Runway-Client-Id",
    "source_application": "X-Runway-Source-Application",
    "source_application_version": "X-Runway-Source-Application-Version",
}
"""Options that are headers of the call that starts a task."""
NOT_IN_BODY: Final = (*HEADERS, "subjects", "middle_frame")
"""Options that are no fields of the body themselves; the last two become part of its reference lists and frames."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", alias_generator=to_camel, populate_by_name=True)


class ContentModeration(_Part):
    """How strict the vendor's check is.

    Attributes:
        public_figure_threshold: `auto`, or `low` to be more lenient about recognisable public figures.
    """

    public_figure_threshold: Literal["auto", "low"]


class KeyframeRange(BaseModel):
    """The stretch of a film that a key-frame rules, in whole seconds; the end is outside it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    start_seconds: int
    end_seconds: int


class Keyframe(_Part):
    """An image that a film should look like at one moment (`aleph2`).

    Attributes:
        uri: The image; a local file is read at once.
        seconds: The moment, 0 to 30; or else
        at: the moment as a fraction of the film, 0 to 1.
        range: Its stretch; all key-frames have one or none has.
    """

    uri: _Uri
    seconds: float | None = Field(default=None, ge=0, le=30)
    at: _Share | None = None
    range: KeyframeRange | None = None


class Shot(_Part):
    """One shot of a film.

    Attributes:
        prompt: What it shows.
        duration: Whole seconds.
    """

    prompt: str
    duration: int = Field(gt=0)


class KlingSettings(_Part):
    """Multi-shot and sound settings (Kling 3.0 and O3).

    Attributes:
        multi_prompt: The shots, 3 to 15 seconds together.
        shot_type: `customize` follows `multi_prompt`, `intelligence` lets the model cut the prompt into shots.
        keep_original_sound: Whether a film to change keeps its sound (default: yes).
    """

    multi_prompt: Sequence[Shot] | None = None
    shot_type: Literal["intelligence", "customize"] | None = None
    keep_original_sound: bool | None = None


class RunwayOptions(ProviderOptions):
    """Options of Runway's models beyond what every provider has.

    Attributes:
        content_moderation: Gen-4 family, `aleph2`, `act_two`.
        prores_profile: With a ProRes output format.
        quality: Image models; decides the price. Which words a model knows differs.
        background: `gpt_image_2*`.
        background_color: A hint such as `#FF8800` (`recraft_*`).
        colors: Hints such as `#FF8800` (`recraft_*`).
        grounding: Whether the web may be searched (`seedream5_pro`, `seedream5_lite`).
        edit: Whether the one reference is changed rather than followed (`grok_imagine_image_2`).
        precise_edit: Whether composition and size of the first reference stay (`ideogram_4_5`).
        thinking_level: `nano_banana_2.1`.
        subjects: Which tagged references show a person and which a thing (`gemini_image3*`, at most 5 and 9).
        cfg_scale: 0 free to 1 strict (Kling 2.5 and 3.0).
        provider_settings: Multi-shot and sound settings (Kling 3.0 and O3).
        middle_frame: An image on the way from the first to the last (`kling_4`, from an image).
        prompt_expansion_mode: `h3_max`.
        duration: `auto` lets the model choose; the most is charged and the rest given back (`seedance2*`,
            `gemini_omni_flash_1.1`). In place of the request's `duration`.
        draft: Whether a cheap preview is made (`seedance2_5`); see `anymedia_runway.finish_draft`.
        mode: How the film is used (`seedance2_5`, `gemini_omni_flash_1.1`). `extend` and `edit` take no size there;
            `edit` of `seedance2_5` needs `duration="auto"`.
        keyframes: 1 to 5 images to hit (`aleph2`).
        flavor: The upscalers' preset: `vivid` and `natural` for films, the others for images.
        creativity: 0 to 100 (video upscaler).
        sharpen: 0 to 100 (upscalers).
        smart_grain: 0 to 100 (upscalers).
        ultra_detail: 0 to 100 (image upscaler).
        fps_boost: Whether frames are added (video upscaler).
        sample_rate: Hz (`seed_audio`).
        pitch_rate: Semitones, -12 to 12 (`seed_audio`).
        speech_rate: -50 half to 100 twice as fast (`seed_audio`, sound effects; speech has `speed`).
        loudness_rate: -50 to 100, 0 is normal (`seed_audio`).
        stability: 0 to 1 (`eleven_v3`, `eleven_v4`).
        similarity_boost: 0 to 1 (`eleven_v3`, `eleven_v4`).
        style: 0 to 1 (`eleven_v3`, `eleven_v4`).
        use_speaker_boost: `eleven_v3`, `eleven_v4`.
        apply_text_normalization: Whether numbers and the like are spelled out (`eleven_v3`).
        previous_text: What was said before (`eleven_v4`).
        next_text: What will be said afterwards (`eleven_v4`).
        remove_background_noise: Voice conversion.
        disable_voice_cloning: Dubbing: whether another voice may speak.
        drop_background_audio: Dubbing.
        preserve_speech: Whether speech of the film is kept (`mirelo_sfx_2_0`, from a film).
        on_behalf_of: Some partner accounts must name theirs; a header.
        client_id: Who sends this, for the vendor's statistics; a header.
        source_application: Which program sends this, for the vendor's statistics; a header.
        source_application_version: Its version; a header.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    content_moderation: ContentModeration | None = None
    prores_profile: Literal["422", "4444", "422 Proxy", "422 LT", "422 HQ", "4444 XQ"] | None = None
    quality: Literal["very_low", "low", "medium", "high", "xhigh", "max", "auto"] | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    background_color: _Color | None = None
    colors: Sequence[_Color] | None = None
    grounding: bool | None = None
    edit: bool | None = None
    precise_edit: bool | None = None
    thinking_level: Literal["minimal", "medium", "high"] | None = None
    subjects: Mapping[str, Literal["human", "object"]] | None = None
    cfg_scale: _Share | None = None
    provider_settings: KlingSettings | None = None
    middle_frame: _Uri | None = None
    prompt_expansion_mode: Literal["disabled", "balanced", "quality"] | None = None
    duration: Literal["auto"] | None = None
    draft: bool | None = None
    mode: Literal["reference", "extend", "edit"] | None = None
    keyframes: Annotated[Sequence[Keyframe], Field(min_length=1, max_length=5)] | None = None
    flavor: Literal["sublime", "photo", "photo_denoiser", "vivid", "natural"] | None = None
    creativity: _Percent | None = None
    sharpen: _Percent | None = None
    smart_grain: _Percent | None = None
    ultra_detail: _Percent | None = None
    fps_boost: bool | None = None
    sample_rate: Literal[8000, 16000, 24000, 32000, 44100, 48000] | None = None
    pitch_rate: Annotated[int, Field(ge=-12, le=12)] | None = None
    speech_rate: Annotated[int, Field(ge=-50, le=100)] | None = None
    loudness_rate: Annotated[int, Field(ge=-50, le=100)] | None = None
    stability: _Share | None = None
    similarity_boost: _Share | None = None
    style: _Share | None = None
    use_speaker_boost: bool | None = None
    apply_text_normalization: Literal["auto", "on", "off"] | None = None
    previous_text: str | None = None
    next_text: str | None = None
    remove_background_noise: bool | None = None
    disable_voice_cloning: bool | None = None
    drop_background_audio: bool | None = None
    preserve_speech: bool | None = None
    on_behalf_of: _Header | None = None
    client_id: _Header | None = None
    source_application: _Header | None = None
    source_application_version: _Header | None = None
