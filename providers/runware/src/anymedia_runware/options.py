"""Runware's own knobs, typed: what a request may carry beyond the portable fields."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import ConfigDict, Field

from anymedia.json import JSON
from anymedia.requests import ProviderOptions

__all__ = ["RunwareOptions"]

_Object = Mapping[str, JSON]


class RunwareOptions(ProviderOptions):
    """Options for Runware, under Python names; each goes on the wire under the vendor's name.

    Unknown ones are sent as they are, with a notice, so a new parameter never has to wait for a release. A key inside
    `settings`, `provider_settings` or `inputs` is added to what the request itself puts there.
    Source: runware.ai/docs, task references, and the generated types of runware-sdk 1.8.0; 2026-10.

    Attributes:
        steps: Denoising steps, 1 to 100.
        cfg_scale: How closely the prompt is followed.
        true_cfg_scale: Real classifier-free guidance, where a model has both.
        scheduler: Such as `Euler a`; the vendor may replace one it does not know.
        clip_skip: Layers of the text encoder to skip.
        prompt_weighting: How weights in the prompt are read.
        vae: AIR of another decoder.
        lora: `{"model": air, "weight": 1}` each.
        lycoris: As `lora`.
        embeddings: As `lora`.
        control_net: `{"model", "guideImage", "weight", ...}` each.
        ip_adapters: `{"model", "guideImage", "weight", ...}` each.
        refiner: `{"model", "startStep"}`.
        pulid: Identity from a face.
        ace_plus_plus: Subject editing with FLUX Fill.
        ultralytics: Repair of faces.
        outpaint: Pixels to add on each side.
        mask_margin: Pixels of context around a mask.
        hires_fix: A second pass in high resolution.
        acceleration: A preset over `accelerator_options`.
        accelerator_options: Caches that trade quality for speed.
        advanced_features: Watermark, layer diffusion and others.
        safety: `{"checkContent": True, "mode": "fast"}`; results then say whether they are NSFW.
        settings: The model's own settings.
        provider_settings: Settings of the vendor behind the model, `{"google": {...}}`.
        inputs: Further inputs under the vendor's names.
        speech: What is said, and by which voice.
        output_type: Data inside the answer in place of a URL.
        output_format: For operations whose request has no `output_format`.
        output_quality: 20 to 99.
        ttl: Seconds an output's URL lives, from 60.
        upload_endpoint: Where the vendor also puts the output's bytes.
        webhook_url: Told of each finished result, beside the ways this library learns of it.
        routing: The vendor's choice of where to run.
    """

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    steps: int | None = None
    cfg_scale: float | None = Field(default=None, alias="CFGScale")
    true_cfg_scale: float | None = Field(default=None, alias="trueCFGScale")
    scheduler: str | None = None
    clip_skip: int | None = Field(default=None, alias="clipSkip")
    prompt_weighting: Literal["compel", "sdEmbeds"] | None = Field(default=None, alias="promptWeighting")
    vae: str | None = None
    lora: Sequence[_Object] | None = None
    lycoris: Sequence[_Object] | None = None
    embeddings: Sequence[_Object] | None = None
    control_net: Sequence[_Object] | None = Field(default=None, alias="controlNet")
    ip_adapters: Sequence[_Object] | None = Field(default=None, alias="ipAdapters")
    refiner: _Object | None = None
    pulid: _Object | None = None
    ace_plus_plus: _Object | None = Field(default=None, alias="acePlusPlus")
    ultralytics: _Object | None = None
    outpaint: _Object | None = None
    mask_margin: int | None = Field(default=None, alias="maskMargin")
    hires_fix: Literal[True] | _Object | None = Field(default=None, alias="hiresFix")
    acceleration: Literal["none", "low", "medium", "high"] | None = None
    accelerator_options: _Object | None = Field(default=None, alias="acceleratorOptions")
    advanced_features: _Object | None = Field(default=None, alias="advancedFeatures")
    safety: _Object | None = None
    settings: _Object | None = None
    provider_settings: _Object | None = Field(default=None, alias="providerSettings")
    inputs: _Object | None = None
    speech: _Object | None = None
    output_type: Literal["URL", "base64Data", "dataURI"] | None = Field(default=None, alias="outputType")
    output_format: str | None = Field(default=None, alias="outputFormat")
    output_quality: int | None = Field(default=None, alias="outputQuality")
    ttl: int | None = None
    upload_endpoint: str | None = Field(default=None, alias="uploadEndpoint")
    webhook_url: str | None = Field(default=None, alias="webhookURL")
    routing: _Object | None = None
