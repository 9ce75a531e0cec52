"""Runware's own knobs, typed: what a request may carry beyond the portable fields."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal, cast

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from anymedia.json import JSON
from anymedia.requests import ProviderOptions
from anymedia_runware.parts import (
    AcceleratorOptions,
    AcePlusPlus,
    AdvancedFeatures,
    ControlNet,
    Embedding,
    IpAdapter,
    Lora,
    Outpaint,
    PhotoMaker,
    PuLID,
    Refiner,
    Safety,
    Ultralytics,
    wire_name,
)
from anymedia_runware.vendors import VendorSettings
from anymedia_runware.word_parts import AudioSettings, ImportModel, Speech, Tool, ToolChoice

__all__ = ["RunwareOptions", "unknown_inside"]

_Object = Mapping[str, JSON]


class RunwareOptions(ProviderOptions):
    """Options for Runware, under Python names; each goes on the wire under the vendor's name.

    Unknown ones are sent as they are, with a notice, so a new parameter never has to wait for a release. A key inside
    an object (`settings`, `provider_settings`, `inputs`, `speech`) is added to what the request itself puts there.
    Some models need one of these; the error then names it.
    Source: runware.ai/docs, task references, and the generated types of runware-sdk 1.8.0; 2026-10.

    Attributes:
        positive_prompt: For operations whose request has no prompt; `__BLANK__` says none.
        negative_prompt: For operations whose request has none.
        width: Pixels, for operations whose request has no size.
        height: Pixels, with `width`.
        resolution: The vendor's name of a scale, where a size does not say it.
        duration: Seconds, for operations whose request has no duration.
        fps: Frames per second, for operations whose request has none.
        seed: For operations whose request has none.
        number_results: For operations whose request has no count.
        strength: 0 to 1, for operations whose request has none, such as music made from music.
        steps: Denoising steps, 1 to 100; the vendor takes 20 for images.
        cfg_scale: How closely the prompt is followed, 0 to 50.
        true_cfg_scale: Real classifier-free guidance, where a model has both.
        scheduler: Such as `Euler a`; the vendor may replace one it does not know.
        clip_skip: Layers of the text encoder to skip, 0 to 2.
        prompt_weighting: How weights in the prompt are read: `compel` or `sdEmbeds`.
        structured_prompt: A prompt in parts, where a model takes it beside the text.
        vae: AIR of another decoder.
        lora: LoRAs to apply.
        lycoris: LyCORIS to apply.
        embeddings: Textual inversions.
        control_net: Guidance by structure.
        ip_adapters: Guidance by look.
        refiner: A second model for the last steps.
        pulid: A person's identity, for FLUX; `puLID` in the older dialect.
        ace_plus_plus: Subject editing with FLUX Fill.
        photo_maker: A person's identity, for SDXL.
        ultralytics: Repair of faces.
        outpaint: Pixels to add on each side.
        mask_margin: Pixels of context around a mask, 32 to 128.
        upscale_factor: How many times wider and higher, where an image model enlarges too.
        target_megapixels: The wanted scale in place of a factor.
        hires_fix: A second pass in high resolution; `advancedFeatures.hiresfix` in the older dialect.
        acceleration: A preset over `accelerator_options`: `none`, `low`, `medium` or `high`.
        accelerator_options: Caches that trade quality for speed.
        advanced_features: Watermark, layer diffusion and others.
        use_cache: Whether a result made before may be given again.
        safety: A check for content not safe for work.
        check_nsfw: Deprecated by the vendor for `safety`.
        settings: The model's own settings, under the vendor's names.
        provider_settings: Settings of the vendor behind the model.
        inputs: Further inputs under the vendor's names.
        speech: What is said, and by which voice.
        audio_settings: How sound is written.
        template: A caption's template, in place of a prompt.
        tools: Functions a language model may call.
        tool_choice: Which of them it has to.
        import_model: What a trained model is called.
        output_type: `base64Data` or `dataURI` for data inside the answer; `URL` is the vendor's choice.
        output_format: For operations whose request has no `output_format`.
        output_quality: 20 to 99; the vendor takes 95.
        ttl: Seconds an output's URL lives, from 60; the vendor takes seven days.
        upload_endpoint: A URL to which the vendor also puts the output's bytes.
        webhook_url: Told of each finished result, beside the ways this library learns of it.
        include_cost: Whether the cost is told; asked for unless False.
        include_usage: Whether a language model's usage is told; asked for unless False.
        routing: The vendor's choice of where to run.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="allow", populate_by_name=True, alias_generator=wire_name
    )

    positive_prompt: str | None = None
    negative_prompt: str | None = None
    width: int | None = None
    height: int | None = None
    resolution: str | None = None
    duration: float | None = None
    fps: float | None = None
    seed: int | None = None
    number_results: int | None = None
    strength: float | None = None
    steps: int | None = None
    cfg_scale: float | None = None
    true_cfg_scale: float | None = None
    scheduler: str | None = None
    clip_skip: int | None = None
    prompt_weighting: str | None = None
    structured_prompt: str | _Object | None = None
    vae: str | None = None
    lora: Sequence[Lora] | None = None
    lycoris: Sequence[Lora] | None = None
    embeddings: Sequence[Embedding] | None = None
    control_net: Sequence[ControlNet] | None = None
    ip_adapters: Sequence[IpAdapter] | None = None
    refiner: Refiner | None = None
    pulid: PuLID | None = Field(default=None, validation_alias=AliasChoices("pulid", "puLID"))
    ace_plus_plus: AcePlusPlus | None = None
    photo_maker: PhotoMaker | None = None
    ultralytics: Ultralytics | None = None
    outpaint: Outpaint | None = None
    mask_margin: int | None = None
    upscale_factor: float | None = None
    target_megapixels: float | None = None
    hires_fix: Literal[True] | _Object | None = None
    acceleration: str | None = None
    accelerator_options: AcceleratorOptions | None = None
    advanced_features: AdvancedFeatures | None = None
    use_cache: bool | None = None
    safety: Safety | None = None
    check_nsfw: bool | None = None
    settings: _Object | None = None
    provider_settings: VendorSettings | None = None
    inputs: _Object | None = None
    speech: Speech | None = None
    audio_settings: AudioSettings | None = None
    template: str | None = None
    tools: Sequence[Tool] | None = None
    tool_choice: ToolChoice | None = None
    import_model: ImportModel | None = None
    output_type: str | None = None
    output_format: str | None = None
    output_quality: int | None = None
    ttl: int | None = None
    upload_endpoint: str | None = None
    webhook_url: str | None = None
    include_cost: bool | None = None
    include_usage: bool | None = None
    routing: _Object | None = None


def unknown_inside(options: RunwareOptions) -> Iterator[str]:
    """The dotted names of unknown keys inside the typed parts; those of the options themselves the core reports."""
    for name in type(options).model_fields:
        yield from _unknown(getattr(options, name), wire_name(name))


def _unknown(value: object, path: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from (f"{path}.{key}" for key in value.model_extra or {})
        for name in type(value).model_fields:
            yield from _unknown(getattr(value, name), f"{path}.{wire_name(name)}")
    elif isinstance(value, list | tuple):
        for index, element in enumerate(cast("Sequence[object]", value)):
            yield from _unknown(element, f"{path}[{index}]")
