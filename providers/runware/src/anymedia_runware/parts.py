"""The typed parts of Runware's options for pictures and films. Their ranges are the vendor's to judge."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, PlainValidator, WithJsonSchema
from pydantic.alias_generators import to_camel

from anymedia.errors import MediaInputError
from anymedia.media import Media, MediaInput

__all__ = [
    "AcceleratorOptions",
    "AcePlusPlus",
    "AdvancedFeatures",
    "ControlNet",
    "Embedding",
    "FluxKontext",
    "IpAdapter",
    "Lora",
    "MediaOption",
    "Outpaint",
    "Part",
    "PhotoMaker",
    "PuLID",
    "Refiner",
    "Region",
    "RegionalPrompting",
    "Safety",
    "Ultralytics",
    "WanAnimate",
    "Watermark",
    "wire_name",
]

_ODD_NAMES: Final[Mapping[str, str]] = {
    "cfg_scale": "CFGScale",
    "true_cfg_scale": "trueCFGScale",
    "cfg_start_step": "CFGStartStep",
    "cfg_start_step_percentage": "CFGStartStepPercentage",
    "video_cfg_scale": "videoCFGScale",
    "audio_cfg_scale": "audioCFGScale",
    "check_nsfw": "checkNSFW",
    "hero_image_url": "heroImageURL",
    "webhook_url": "webhookURL",
    "schema_": "schema",
}


def wire_name(name: str) -> str:
    """The vendor's spelling of one of our names."""
    return _ODD_NAMES.get(name) or to_camel(name)


class Part(BaseModel):
    """An object among the options: Python names here, the vendor's on the wire; unknown keys are sent as they are."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="allow", populate_by_name=True, alias_generator=wire_name, protected_namespaces=()
    )


def _as_text(value: object) -> str:
    """An input in the vendor's form: a URL or an id as it is, bytes as a data URI."""
    media = Media.of(value)
    if media.path is not None or media.file is not None:
        raise MediaInputError("options hold no files; give the bytes: Path('guide.png').read_bytes()")
    return media.url or media.ref or media.data_uri


MediaOption: TypeAlias = Annotated[MediaInput, PlainValidator(_as_text), WithJsonSchema({"type": "string"})]
"""An input among the options: a URL, a vendor's id, a data URI, bytes, or another result's `Output`."""


class Lora(Part):
    """A LoRA or LyCORIS to apply.

    Attributes:
        model: Its AIR.
        weight: How strongly, -4 to 4; the vendor takes 1.
        transformer: For Wan: `high`, `low` or `both`.
    """

    model: str
    weight: float | None = None
    transformer: str | None = None


class Embedding(Part):
    """A textual inversion.

    Attributes:
        model: Its AIR.
        weight: How strongly, -4 to 4; the vendor takes 1.
    """

    model: str
    weight: float | None = None


class ControlNet(Part):
    """Guidance by the structure of an image; each step either as a number or as a percentage.

    Attributes:
        model: AIR of the ControlNet.
        guide_image: An image preprocessed for it.
        weight: How strongly, 0 to 1; the vendor takes 1.
        start_step: First step it acts in.
        start_step_percentage: The same as 0 to 99 percent of the steps.
        end_step: Last step it acts in.
        end_step_percentage: The same as percent of the steps, up to 100.
        control_mode: `prompt`, `controlnet` or `balanced`.
    """

    model: str
    guide_image: MediaOption | None = None
    weight: float | None = None
    start_step: int | None = None
    start_step_percentage: int | None = None
    end_step: int | None = None
    end_step_percentage: int | None = None
    control_mode: str | None = None


class IpAdapter(Part):
    """Guidance by the look of images.

    Attributes:
        model: AIR of the adapter.
        guide_image: One image (2025).
        guide_images: Several.
        weight: 0 to 1; the vendor takes 1.
        combine_method: `concat`, `add`, `subtract`, `average` or `norm_average`.
        embed_scaling: `only_v`, `kv`, `kv_penalty_c` or `k_mean_v_penalty_c`.
        weight_type: `normal`, `ease_in`, `style_transfer`, `composition`, ...
        weight_composition: 0 to 1.
    """

    model: str
    guide_image: MediaOption | None = None
    guide_images: Sequence[MediaOption] | None = None
    weight: float | None = None
    combine_method: str | None = None
    embed_scaling: str | None = None
    weight_type: str | None = None
    weight_composition: float | None = None


class Refiner(Part):
    """A second SDXL model for the last steps.

    Attributes:
        model: Its AIR.
        start_step: Its first step, from 2.
        start_step_percentage: The same as 1 to 99 percent of the steps.
    """

    model: str
    start_step: int | None = None
    start_step_percentage: int | None = None


class PuLID(Part):
    """A person's identity, for FLUX.

    Attributes:
        input_images: One image of the face.
        id_weight: 0 to 3; the vendor takes 1.
        true_cfg_scale: 0 to 10.
        cfg_start_step: 0 to 10.
        cfg_start_step_percentage: The same as 0 to 100 percent of the steps.
    """

    input_images: Sequence[MediaOption]
    id_weight: int | None = None
    true_cfg_scale: float | None = None
    cfg_start_step: int | None = None
    cfg_start_step_percentage: int | None = None


class AcePlusPlus(Part):
    """Editing that keeps a subject, for FLUX Fill (`runware:102@1`), beside reference images.

    Attributes:
        type: `portrait`, `subject` or `local_editing`.
        input_images: At most one.
        input_masks: At most one.
        repainting_scale: 0 follows the input, 1 the prompt; the vendor takes 0.
    """

    type: str
    input_images: Sequence[MediaOption] | None = None
    input_masks: Sequence[MediaOption] | None = None
    repainting_scale: float | None = None


class PhotoMaker(Part):
    """A person's identity, for SDXL.

    Attributes:
        images: One to four, each with one clear face.
        style: `No style`, `Cinematic`, `Photographic`, ...
        strength: 15 to 50; the vendor takes 15.
    """

    images: Sequence[MediaOption]
    style: str | None = None
    strength: int | None = None


class Ultralytics(Part):
    """Repair of faces.

    Attributes:
        mask_blur: 0 to 100 pixels; the vendor takes 5.
        mask_padding: 0 to 20 pixels; the vendor takes 5.
        confidence: 0 to 1; the vendor takes 0.5.
        positive_prompt: What the face should be like.
        negative_prompt: What it should not.
        steps: 1 to 100; the vendor takes 20.
        cfg_scale: 0 to 50; the vendor takes 8.
        strength: 0 to 1; the vendor takes 0.3.
        inpaint_size: Pixels the face is repaired at.
    """

    mask_blur: int | None = None
    mask_padding: int | None = None
    confidence: float | None = None
    positive_prompt: str | None = None
    negative_prompt: str | None = None
    steps: int | None = None
    cfg_scale: float | None = None
    strength: float | None = None
    inpaint_size: int | None = None


class Outpaint(Part):
    """Pixels to add on each side, multiples of 64; the size is then that of the seed image and these.

    Attributes:
        top: Above.
        right: On the right.
        bottom: Below.
        left: On the left.
        blur: How soft the seam is, 0 to 32 pixels; the vendor takes 0.
    """

    top: int | None = None
    right: int | None = None
    bottom: int | None = None
    left: int | None = None
    blur: int | None = None


class AcceleratorOptions(Part):
    """Caches that trade quality for speed.

    Attributes:
        tea_cache: For transformers.
        tea_cache_distance: 0 to 1; the vendor takes 0.5.
        deep_cache: For UNets.
        deep_cache_interval: Steps between full passes, from 1; the vendor takes 3.
        deep_cache_branch_id: From 0; the vendor takes 0.
        fb_cache: Of the first block.
        fb_cache_threshold: 0 to 1; the vendor takes 0.25.
        cache_start_step: First step that may use a cache.
        cache_start_step_percentage: The same as 0 to 99 percent of the steps.
        cache_end_step: Last step that may.
        cache_end_step_percentage: The same as percent of the steps, up to 100.
        cache_max_consecutive_steps: 1 to 5; the vendor takes 3.
    """

    tea_cache: bool | None = None
    tea_cache_distance: float | None = None
    deep_cache: bool | None = None
    deep_cache_interval: int | None = None
    deep_cache_branch_id: int | None = None
    fb_cache: bool | None = None
    fb_cache_threshold: float | None = None
    cache_start_step: int | None = None
    cache_start_step_percentage: int | None = None
    cache_end_step: int | None = None
    cache_end_step_percentage: int | None = None
    cache_max_consecutive_steps: int | None = None


class FluxKontext(Part):
    """When Kontext stops being guided: by step, or as a percentage of the steps."""

    guidance_end_step: int | None = None
    guidance_end_step_percentage: float | None = None


class Region(Part):
    """A part of the image with its own prompt.

    Attributes:
        prompt: What is to be there.
        mask: An image, or `[x0, y0, x1, y1]` in pixels.
    """

    prompt: str
    mask: Sequence[int] | MediaOption


class RegionalPrompting(Part):
    """Prompts by region.

    Attributes:
        regions: The regions.
        background_prompt: For everything else.
        base_ratio: How much the common prompt counts, 0 to 1.
        inject_steps: For how many steps regions count.
    """

    regions: Sequence[Region] | None = None
    background_prompt: str | None = None
    base_ratio: float | None = None
    inject_steps: int | None = None


class Watermark(Part):
    """A mark on the output: a text or an image.

    Attributes:
        text: 2 to 32 characters.
        image: 64 to 384 pixels a side.
        display_position: Such as `bottom-right`.
        tiled: Whether it is repeated everywhere.
        opacity: 0.1 to 1.
        font_color: Of the text.
        bg_color: Behind it.
    """

    text: str | None = None
    image: MediaOption | None = None
    display_position: str | None = None
    tiled: bool | None = None
    opacity: float | None = None
    font_color: str | None = None
    bg_color: str | None = None


class WanAnimate(Part):
    """How Wan animates a character: `mode`, and whether its pose is fitted to the performer's."""

    mode: str | None = None
    retarget_pose: bool | None = None
    prev_seg_cond_frames: int | None = None


class AdvancedFeatures(Part):
    """Extras of images and films.

    Attributes:
        layer_diffuse: Transparent images with FLUX, as PNG or WebP.
        hiresfix: A second pass in high resolution, as written in 2025; see `RunwareOptions.hires_fix`.
        flux_kontext: Guidance of FLUX Kontext.
        regional_prompting: Prompts by region.
        watermark: A visible mark.
        video_cfg_scale: How closely a film follows the prompt, where its sound is guided apart.
        audio_cfg_scale: How closely the sound does.
        video_negative_prompt: What should not be seen.
        audio_negative_prompt: What should not be heard.
        fps: Frames per second, where a model takes them here.
        slg_layer: The layer for skip-layer guidance.
        wan_animate: How Wan animates a character.
    """

    layer_diffuse: bool | None = None
    hiresfix: bool | None = None
    flux_kontext: FluxKontext | None = None
    regional_prompting: RegionalPrompting | None = None
    watermark: Watermark | None = None
    video_cfg_scale: float | None = None
    audio_cfg_scale: float | None = None
    video_negative_prompt: str | None = None
    audio_negative_prompt: str | None = None
    fps: int | None = None
    slg_layer: int | None = None
    wan_animate: WanAnimate | None = None


class Safety(Part):
    """A check for content not safe for work; outputs then say what it found.

    Attributes:
        check_content: The same as mode `fast`.
        mode: `none`, `fast` or `full`; wins over `check_content`.
        tolerance: Whether the vendor behind the model is to be lenient.
        check_inputs: Whether inputs are checked too.
    """

    check_content: bool | None = None
    mode: str | None = None
    tolerance: bool | None = None
    check_inputs: bool | None = None
