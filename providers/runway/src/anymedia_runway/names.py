"""Names by which both vendors' catalogues know the same underlying model."""

from collections.abc import Mapping
from typing import Final

__all__ = ["PORTABLE_NAMES"]

PORTABLE_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "gen4_turbo": ("runway-gen-4-turbo",),
    "gen4.5": ("runway-gen-4.5",),
    "gen4_image": ("runway-gen-4-image",),
    "gen4_image_turbo": ("runway-gen-4-image-turbo",),
    "aleph2": ("runway-aleph-2",),
    "veo3.1": ("google-veo-3.1",),
    "veo3.1_fast": ("google-veo-3.1-fast",),
    "kling2.5_turbo_pro": ("kling-2.5-turbo-pro",),
    "kling3.0_standard": ("kling-3.0-standard",),
    "kling3.0_pro": ("kling-3.0-pro",),
    "kling3.0_4k": ("kling-3.0-4k",),
    "klingO3_standard": ("kling-o3-standard",),
    "klingO3_pro": ("kling-o3-pro",),
    "klingO3_4k": ("kling-o3-4k",),
    "h3_max": ("minimax-h3-max",),
    "hailuo3": ("minimax-hailuo-3",),
    "happyhorse_1_0": ("alibaba-happyhorse-1.0",),
    "wan3": ("alibaba-wan-3.0",),
    "wan3_prime": ("alibaba-wan-3.0-prime",),
    "seedance2": ("bytedance-seedance-2.0",),
    "seedance2_fast": ("bytedance-seedance-2.0-fast",),
    "seedance2_mini": ("bytedance-seedance-2.0-mini",),
    "seedance2_5": ("bytedance-seedance-2.5",),
    "gemini_omni_flash_1.1": ("google-gemini-omni-flash-1.1",),
    "grok_imagine_1_5": ("xai-grok-imagine-video-1.5",),
    "grok_imagine_1_5_lite": ("xai-grok-imagine-video-1.5-lite",),
    "grok_imagine_image_2": ("xai-grok-imagine-image-2.0",),
    "gpt_image_2": ("openai-gpt-image-2",),
    "gpt_image_2_5_flare": ("openai-gpt-image-2.5-flare",),
    "gpt_image_2_5_sunburst": ("openai-gpt-image-2.5-sunburst",),
    "gemini_image3_pro": ("google-nano-banana-pro",),
    "gemini_image3.1_flash": ("google-nano-banana-2",),
    "gemini_image3.1_flash_lite": ("google-nano-banana-2-lite",),
    "nano_banana_2.1": ("google-nano-banana-2.1",),
    "muse_image": ("meta-muse-image",),
    "seedream5_pro": ("bytedance-seedream-5.0-pro",),
    "seedream5_lite": ("bytedance-seedream-5.0-lite",),
    "seedream5_flash": ("bytedance-seedream-5.0-flash",),
    "ideogram_4_0": ("ideogram-4.0",),
    "ideogram_4_5": ("ideogram-4.5",),
    "recraft_v4_1_flash": ("recraft-v4.1-flash",),
    "seed_audio": ("bytedance-seed-audio-1.0",),
}
"""Portable names by Runway's own. Pairings rest on the vendors' names of 2026-11."""
