"""What Runway alone offers: typed options, sent under their names on the wire.

Which model takes which is told by Runway's API reference; an option a model does not have gives a notice in the plan.
Source: runwayml 5.24.0, types/*_create_params.py; 2026-11.
"""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from anymedia.json import JSON
from anymedia.requests import ProviderOptions

__all__ = ["ContentModeration", "Keyframe", "KeyframeRange", "RunwayOptions"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", alias_generator=to_camel, populate_by_name=True)


class ContentModeration(_Part):
    """How strict the vendor's check is.

    Attributes:
        public_figure_threshold: `auto`, or `low` to be more lenient about recognisable public figures.
    """

    public_figure_threshold: str


class KeyframeRange(BaseModel):
    """The stretch of a film that a key-frame rules, in whole seconds; the end is outside it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    start_seconds: int
    end_seconds: int


class Keyframe(_Part):
    """An image that a film should look like at one moment (`aleph2`).

    Attributes:
        uri: An https or runway URI, or a data URI.
        seconds: The moment, 0 to 30; or else
        at: the moment as a fraction of the film, 0 to 1.
        range: Its stretch; all key-frames have one or none has.
    """

    uri: str
    seconds: float | None = None
    at: float | None = None
    range: KeyframeRange | None = None


class RunwayOptions(ProviderOptions):
    """Options of Runway's models beyond what every provider has.

    Attributes:
        content_moderation: Gen-4 family, `aleph2`, `act_two`.
        prores_profile: `422`, `4444`, `422 Proxy`, `422 LT`, `422 HQ`, `4444 XQ`; with a ProRes output format.
        quality: Image models: `low`, `medium`, `high` and more; decides the price.
        background: `transparent`, `opaque` or `auto` (`gpt_image_2*`).
        background_color: A hint such as `#FF8800` (`recraft_*`).
        colors: Hints such as `#FF8800` (`recraft_*`).
        grounding: Whether the web may be searched (`seedream5_pro`, `seedream5_lite`).
        edit: Whether the one reference is changed rather than followed (`grok_imagine_image_2`).
        precise_edit: Whether composition and size of the first reference stay (`ideogram_4_5`).
        thinking_level: `minimal`, `medium` or `high` (`nano_banana_2.1`).
        cfg_scale: 0 free to 1 strict (Kling 2.5 and 3.0).
        provider_settings: Multi-shot and sound settings (Kling 3.0 and O3).
        prompt_expansion_mode: `disabled`, `balanced` or `quality` (`h3_max`).
        draft: Whether a cheap preview is made (`seedance2_5`).
        mode: `reference`, `extend` or `edit` (`seedance2_5`, `gemini_omni_flash_1.1`, from a film).
        keyframes: 1 to 5 images to hit (`aleph2`).
        flavor: The upscalers' preset.
        creativity: 0 to 100 (video upscaler).
        sharpen: 0 to 100 (upscalers).
        smart_grain: 0 to 100 (upscalers).
        ultra_detail: 0 to 100 (image upscaler).
        fps_boost: Whether frames are added (video upscaler).
        on_behalf_of: Value of the header `X-Runway-On-Behalf-Of` that some partner accounts need; never in the body.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    content_moderation: ContentModeration | None = None
    prores_profile: str | None = None
    quality: str | None = None
    background: str | None = None
    background_color: str | None = None
    colors: Sequence[str] | None = None
    grounding: bool | None = None
    edit: bool | None = None
    precise_edit: bool | None = None
    thinking_level: str | None = None
    cfg_scale: float | None = Field(default=None, ge=0, le=1)
    provider_settings: Mapping[str, JSON] | None = None
    prompt_expansion_mode: str | None = None
    draft: bool | None = None
    mode: str | None = None
    keyframes: Sequence[Keyframe] | None = None
    flavor: str | None = None
    creativity: int | None = Field(default=None, ge=0, le=100)
    sharpen: int | None = Field(default=None, ge=0, le=100)
    smart_grain: int | None = Field(default=None, ge=0, le=100)
    ultra_detail: int | None = Field(default=None, ge=0, le=100)
    fps_boost: bool | None = None
    on_behalf_of: str | None = Field(default=None, pattern=r"^[!-~]+$")
