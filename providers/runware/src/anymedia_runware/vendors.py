"""`providerSettings`, typed: the knobs of the vendors behind Runware's models.

Source: request classes of runware 0.5.24, and runware.ai/docs, provider settings of each task; 2026-10.
"""

from collections.abc import Mapping, Sequence

from anymedia.json import JSON
from anymedia_runware.parts import MediaOption, Part

__all__ = [
    "Alibaba",
    "Bfl",
    "Bria",
    "Bytedance",
    "ElevenLabs",
    "Google",
    "Ideogram",
    "KlingAI",
    "Lightricks",
    "LumaAI",
    "Midjourney",
    "MiniMax",
    "Mirelo",
    "OpenAI",
    "PixVerse",
    "PrunaAI",
    "Recraft",
    "Runway",
    "Sourceful",
    "Sync",
    "VendorSettings",
    "Vidu",
]

_Object = Mapping[str, JSON]


class OpenAI(Part):
    """`quality` is auto, high, medium or low; `background` auto, transparent or opaque; `moderation` auto or low."""

    quality: str | None = None
    background: str | None = None
    style: str | None = None
    moderation: str | None = None


class Bria(Part):
    """`medium` is photography or art; `mode` base, high_control or fast; `mask` has foreground, prompt, keyPoints."""

    medium: str | None = None
    mode: str | None = None
    prompt_enhancement: bool | None = None
    enhance_image: bool | None = None
    prompt_content_moderation: bool | None = None
    content_moderation: bool | None = None
    ip_signal: bool | None = None
    preserve_alpha: bool | None = None
    enhance_reference_images: bool | None = None
    refine_prompt: bool | None = None
    original_quality: bool | None = None
    force_background_detection: bool | None = None
    preserve_audio: bool | None = None
    auto_trim: bool | None = None
    mask: _Object | None = None
    edit: str | None = None
    color: str | None = None
    light_direction: str | None = None
    light_type: str | None = None
    season: str | None = None


class Bfl(Part):
    """`safety_tolerance` is 0 (strict) to 6; the vendor takes 2."""

    safety_tolerance: int | None = None
    prompt_upsampling: bool | None = None
    raw: bool | None = None


class Alibaba(Part):
    """`prompt_extend` is on unless switched off; `shot_type` is single or multi."""

    prompt_extend: bool | None = None
    prompt_enhancer: bool | None = None
    audio: bool | None = None
    shot_type: str | None = None


class Bytedance(Part):
    """`max_sequential_images` is 1 to 15, references included; fewer may come back."""

    camera_fixed: bool | None = None
    max_sequential_images: int | None = None
    fast_mode: bool | None = None
    audio: bool | None = None
    draft: bool | None = None
    optimize_prompt_mode: str | None = None


class Google(Part):
    """`search` lets the model look things up, near a latitude and longitude if given."""

    generate_audio: bool | None = None
    enhance_prompt: bool | None = None
    search: bool | None = None
    search_latitude: float | None = None
    search_longitude: float | None = None
    resize_mode: str | None = None
    safety_tolerance: str | None = None


class KlingAI(Part):
    """`camera_control` has `camera_type` and `config`; `multi_prompt` is a list of prompt and duration in seconds."""

    sound: bool | None = None
    camera_control: _Object | None = None
    sound_volume: float | None = None
    original_audio_volume: float | None = None
    sound_effect_prompt: str | None = None
    bgm_prompt: str | None = None
    asmr_mode: bool | None = None
    keep_original_sound: bool | None = None
    character_orientation: str | None = None
    multi_prompt: Sequence[_Object] | None = None


class Ideogram(Part):
    """`rendering_speed` is TURBO, DEFAULT or QUALITY; `magic_prompt` AUTO, ON or OFF; `remix_strength` 1 to 100."""

    rendering_speed: str | None = None
    magic_prompt: str | None = None
    style_type: str | None = None
    style_preset: str | None = None
    style_code: str | None = None
    style_reference_images: Sequence[MediaOption] | None = None
    remix_strength: int | None = None
    color_palette: _Object | None = None
    character_reference_images: Sequence[MediaOption] | None = None
    character_reference_images_mask: Sequence[MediaOption] | None = None


class Midjourney(Part):
    """`quality` is 0.25, 0.5, 1 or 2; `stylize` 0 to 1000; `chaos` 0 to 100; `weird` 0 to 3000; `niji` 0, 5 or 6."""

    quality: float | None = None
    stylize: int | None = None
    chaos: int | None = None
    weird: int | None = None
    niji: str | None = None


class MiniMax(Part):
    """Whether the vendor improves the prompt."""

    prompt_optimizer: bool | None = None


class PixVerse(Part):
    """`motion_mode` is normal or fast; sound by `sound_effect_switch` and `sound_effect_content`, or `audio`."""

    effect: str | None = None
    camera_movement: str | None = None
    style: str | None = None
    motion_mode: str | None = None
    sound_effect_switch: bool | None = None
    sound_effect_content: str | None = None
    audio: bool | None = None
    multi_clip: bool | None = None
    thinking: str | None = None


class Vidu(Part):
    """`movement_amplitude` is auto, small, medium or large; `template` has name, area and beast."""

    bgm: bool | None = None
    style: str | None = None
    movement_amplitude: str | None = None
    template: _Object | None = None
    audio: bool | None = None


class Runway(Part):
    """`content_moderation` has `publicFigureThreshold`."""

    content_moderation: _Object | None = None


class LumaAI(Part):
    """`concepts` is a list of objects with `key`."""

    loop: bool | None = None
    concepts: Sequence[_Object] | None = None


class Lightricks(Part):
    """`start_time` and `duration` in seconds; `mode` is replace_audio, replace_video or replace_audio_and_video."""

    generate_audio: bool | None = None
    start_time: float | None = None
    duration: float | None = None
    mode: str | None = None


class Sync(Part):
    """Lip sync: what happens when sound and film differ in length, which face, which part of it."""

    sync_mode: str | None = None
    mode: str | None = None
    emotion: str | None = None
    edit_region: str | None = None
    emotion_prompt: str | None = None
    temperature: float | None = None
    active_speaker_detection: bool | _Object | None = None
    occlusion_detection: bool | None = None
    occlusion_detection_enabled: bool | None = None
    segments: Sequence[_Object] | None = None


class ElevenLabs(Part):
    """`music` has `compositionPlan`, which stands in place of prompt and duration."""

    music: _Object | None = None


class Mirelo(Part):
    """Seconds into the film at which the sound starts."""

    start_offset: int | None = None


class Recraft(Part):
    """Colours are objects with `rgb`, a list of three numbers up to 255."""

    style_id: str | None = None
    colors: Sequence[_Object] | None = None
    background_color: _Object | None = None


class Sourceful(Part):
    """`font_inputs` is a list of objects with `fontUrl` and `text`."""

    transparency: bool | None = None
    enhance_prompt: bool | None = None
    font_inputs: Sequence[_Object] | None = None


class PrunaAI(Part):
    """Whether quality is traded for speed."""

    turbo: bool | None = None


class VendorSettings(Part):
    """One vendor's settings; another vendor's than the model's are refused."""

    openai: OpenAI | None = None
    bria: Bria | None = None
    bfl: Bfl | None = None
    alibaba: Alibaba | None = None
    bytedance: Bytedance | None = None
    google: Google | None = None
    klingai: KlingAI | None = None
    ideogram: Ideogram | None = None
    midjourney: Midjourney | None = None
    minimax: MiniMax | None = None
    pixverse: PixVerse | None = None
    vidu: Vidu | None = None
    runway: Runway | None = None
    lumaai: LumaAI | None = None
    lightricks: Lightricks | None = None
    sync: Sync | None = None
    elevenlabs: ElevenLabs | None = None
    mirelo: Mirelo | None = None
    recraft: Recraft | None = None
    sourceful: Sourceful | None = None
    prunaai: PrunaAI | None = None
