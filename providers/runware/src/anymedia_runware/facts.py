"""What the vendor's data file leaves out: names, defaults, where inputs go, what is quick. Tables only."""

from collections.abc import Mapping
from typing import Any, Final

__all__ = [
    "DEFAULTS",
    "EFFECTS",
    "FILM_CAPTIONS",
    "FIRST_FRAME_ONLY",
    "IMAGE_INPUT",
    "LIP_SYNC",
    "MASKED",
    "MUSIC",
    "NO_FRAMES",
    "PERFORMANCE",
    "PORTABLE",
    "PREPROCESSORS",
    "REFERENCES",
    "SIZES",
    "SLOW",
    "SOUND",
    "SOUND_FOR_FILMS",
    "SPEAKING",
    "SPEAKS_ITS_PROMPT",
    "UNCURATED",
    "VIDEO_INPUT",
]

DEFAULTS: Final[Mapping[str, str]] = {
    "text_to_image": "runware:101@1",
    "image_to_image": "runware:101@1",
    "text_to_video": "klingai:kling-video@3-standard",
    "image_to_video": "klingai:kling-video@3-standard",
    "video_to_video": "runway:aleph@2.0",
    "upscale_image": "runware:504@1",
    "upscale_video": "bria:50@1",
    "remove_background": "runware:109@1",
    "remove_video_background": "bria:51@1",
    "character_performance": "prunaai:p-video@animate",
    "text_to_speech": "minimax:speech@2.8",
    "sound_effect": "mirelo:1@1",
    "generate_music": "runware:ace-step@v1.5-turbo",
    "video_to_audio": "mirelo:1@1",
    "caption_image": "runware:150@2",
    "caption_video": "memories:1@1",
    "mask_image": "runware:35@1",
    "preprocess_image": "runware:controlnet-preprocess@canny",
    "vectorize": "recraft:1@1",
    "enhance_prompt": "runware:llama-3-1-8b@prompt-enhancer",
    "generate_text": "openai:gpt@5-mini",
    "generate_3d": "tripo:v3.1@0",
    "train_model": "runware:flux-1-dev@style-lora-training",
}
"""The model for each operation when a request names none. Changing one is a breaking change."""

PORTABLE: Final[Mapping[str, str]] = {
    "runway:1@1": "runway-gen-4-turbo",
    "runway:1@2": "runway-gen-4.5",
    "runway:4@1": "runway-gen-4-image",
    "runway:4@2": "runway-gen-4-image-turbo",
    "runway:aleph@2.0": "runway-aleph-2",
    "google:3@2": "google-veo-3.1",
    "google:3@3": "google-veo-3.1-fast",
    "klingai:6@1": "kling-2.5-turbo-pro",
    "klingai:kling-video@3-standard": "kling-3.0-standard",
    "klingai:kling-video@3-pro": "kling-3.0-pro",
    "klingai:kling-video@3-4k": "kling-3.0-4k",
    "klingai:kling-video@o3-standard": "kling-o3-standard",
    "klingai:kling-video@o3-pro": "kling-o3-pro",
    "klingai:kling-video@o3-4k": "kling-o3-4k",
    "minimax:h3@max": "minimax-h3-max",
    "minimax:h3@0": "minimax-hailuo-3",
    "alibaba:happyhorse@1.0": "alibaba-happyhorse-1.0",
    "alibaba:wan@3.0": "alibaba-wan-3.0",
    "alibaba:wan@3.0-prime": "alibaba-wan-3.0-prime",
    "bytedance:seedance@2.0": "bytedance-seedance-2.0",
    "bytedance:seedance@2.0-fast": "bytedance-seedance-2.0-fast",
    "bytedance:seedance@2.0-mini": "bytedance-seedance-2.0-mini",
    "bytedance:seedance@2.5": "bytedance-seedance-2.5",
    "google:gemini@omni-flash-1.1": "google-gemini-omni-flash-1.1",
    "xai:grok-imagine@video-1.5": "xai-grok-imagine-video-1.5",
    "xai:grok-imagine@video-1.5-lite": "xai-grok-imagine-video-1.5-lite",
    "xai:grok-imagine@image-2.0": "xai-grok-imagine-image-2.0",
    "openai:gpt-image@2": "openai-gpt-image-2",
    "openai:gpt-image@2.5-flare": "openai-gpt-image-2.5-flare",
    "openai:gpt-image@2.5-sunburst": "openai-gpt-image-2.5-sunburst",
    "google:4@2": "google-nano-banana-pro",
    "google:4@3": "google-nano-banana-2",
    "google:nano-banana@2-lite": "google-nano-banana-2-lite",
    "google:nano-banana@2.1": "google-nano-banana-2.1",
    "meta:muse@image": "meta-muse-image",
    "bytedance:seedream@5.0-pro": "bytedance-seedream-5.0-pro",
    "bytedance:seedream@5.0-lite": "bytedance-seedream-5.0-lite",
    "bytedance:seedream@5.0-flash": "bytedance-seedream-5.0-flash",
    "ideogram:4@0": "ideogram-4.0",
    "ideogram:4.5@0": "ideogram-4.5",
    "recraft:v4.1@flash": "recraft-v4.1-flash",
    "bytedance:seed-audio@1.0": "bytedance-seed-audio-1.0",
}
"""Names that mean the same model at every provider that sells it."""

SLOW: Final = (
    "memories:",
    "midjourney:",
    "openai:1@",
    "openai:4@",
    "openai:gpt-image@",
    "openai:gpt@5.4-pro",
)
"""Prefixes of models that take long, or are asynchronous only, although their kind of task is quick; never pushed.
Source: runware.ai/docs, the models' pages, and textInference of runware-sdk 1.8.0; 2026-10."""

IMAGE_INPUT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("bfl:1@2", "bfl:1@3", "ideogram:4@3", "ideogram:4@4", "ideogram:4@5"), "seedImage"),
    **dict.fromkeys(
        (
            "bfl:flux@erase",
            "bfl:flux@outpainting",
            "bria:11@1",
            "bria:20@1",
            "bria:20@3",
            "bria:21@1",
            "bria:21@2",
            "ideogram:layerize-text@0",
            "ideogram:object-remover@0",
            "runware:300@1",
        ),
        "image",
    ),
}
"""Under which name an image model takes the image to change, where neither habit holds: models with a `strength` take a
`seedImage`, all others `referenceImages`. Source: request schemas at schemas.runware.ai/resolve; 2026-10."""

MASKED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("bfl:1@2", "ideogram:4@3"), "maskImage"),
    **dict.fromkeys(("bfl:flux@erase", "bria:21@1", "ideogram:object-remover@0", "runware:300@1"), "mask"),
}
"""Under which name a model without `maskMargin` takes a mask. Source: as above."""

VIDEO_INPUT: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            "bfl:flux@video-edit-fast",
            "bria:60@1",
            "bytedance:seedance@2.5",
            "google:gemini@omni-flash-1.1",
            "klingai:kling-video@o3-4k",
            "klingai:kling-video@o3-pro",
            "klingai:kling-video@o3-standard",
            "klingai:kling@o1",
            "klingai:kling@o1-standard",
            "luma:ray@3.2",
            "pixverse:modify@0",
            "prunaai:p-video@edit",
            "runway:aleph@2.0",
        ),
        "video",
    ),
    **dict.fromkeys(
        ("bytedance:seedance@2.0", "bytedance:seedance@2.0-fast", "bytedance:seedance@2.0-mini"), "referenceVideos"
    ),
}
"""Models that change a film, and under which name they take it. Source: runware.ai/docs, the models' pages; 2026-10."""

SPEAKING: Final = frozenset(
    {
        "bytedance:5@1",
        "bytedance:5@2",
        "creatify:aurora@0",
        "creatify:aurora@fast",
        "heygen:avatar@4",
        "heygen:avatar@5",
        "klingai:avatar@2.0-pro",
        "klingai:avatar@2.0-standard",
        "prunaai:p-video@avatar",
        "veed:fabric@1.0-hosted",
    }
)
"""Models that let a face speak: one image, and a sound in place of a prompt. Source: runware.ai/docs; 2026-10."""

LIP_SYNC: Final = frozenset(
    {"klingai:7@1", "pixverse:lipsync@1", "sync:3@0", "sync:lipsync-2-pro@1", "sync:lipsync-2@1", "sync:react-1@1"}
)
"""Models that make the lips in a film follow a sound. Source: runware.ai/docs, the models' pages; 2026-10."""

PERFORMANCE: Final = frozenset(
    {"klingai:kling-video@2.6-standard", "prunaai:p-video@animate", "prunaai:p-video@replace"}
)
"""Models by which a character acts as a performer does. Source: runware.ai/docs, the models' pages; 2026-10."""

FIRST_FRAME_ONLY: Final = frozenset(
    {
        "bytedance:2@2",
        "google:gemini@omni-flash-1.1",
        "klingai:kling-video@2.6-pro",
        "klingai:kling-video@3.0-turbo",
        "runway:1@1",
        "runway:1@2",
        "xai:grok-imagine@video",
        "xai:grok-imagine@video-1.5",
        "xai:grok-imagine@video-1.5-lite",
    }
)
"""Video models that take no last frame. Source: runware.ai/docs, the models' pages; 2026-10."""

NO_FRAMES: Final = frozenset({"heygen:video-agent@0", "heygen:video@1.0"})
"""Video models whose images are no frames. Source: request schemas at schemas.runware.ai/resolve; 2026-10."""

REFERENCES: Final[Mapping[str, int]] = {
    "alibaba:wan@3.0": 10,
    "alibaba:wan@3.0-prime": 10,
    "bytedance:seedance@2.0": 9,
    "bytedance:seedance@2.0-fast": 9,
    "bytedance:seedance@2.0-mini": 9,
    "bytedance:seedance@2.5": 30,
    "google:3@2": 3,
    "google:3@3": 3,
    "google:gemini@omni-flash-1.1": 7,
    "klingai:kling-video@o3-4k": 7,
    "klingai:kling-video@o3-pro": 7,
    "klingai:kling-video@o3-standard": 7,
    "klingai:kling@o1": 7,
    "klingai:kling@o1-standard": 7,
    "xai:grok-imagine@video-1.5": 7,
}
"""Video models that take references, and how many. Source: runware.ai/docs, the models' pages; 2026-10."""

SOUND: Final[Mapping[str, str]] = {
    **dict.fromkeys(("google:3@2", "google:3@3", "google:veo@3.1-lite"), "providerSettings.google.generateAudio"),
    **dict.fromkeys(
        (
            "klingai:kling-video@2.6-pro",
            "klingai:kling-video@3-4k",
            "klingai:kling-video@3-pro",
            "klingai:kling-video@3-standard",
            "klingai:kling-video@o3-4k",
            "klingai:kling-video@o3-pro",
            "klingai:kling-video@o3-standard",
        ),
        "providerSettings.klingai.sound",
    ),
    **dict.fromkeys(("alibaba:wan@2.6", "runware:201@1"), "providerSettings.alibaba.audio"),
    **dict.fromkeys(("pixverse:1@6", "pixverse:1@7"), "providerSettings.pixverse.audio"),
    **dict.fromkeys(
        (
            "bytedance:seedance@2.0",
            "bytedance:seedance@2.0-fast",
            "bytedance:seedance@2.0-mini",
            "bytedance:seedance@2.5",
            "pixverse:1@8",
        ),
        "settings.audio",
    ),
    "bytedance:seedance@1.5-pro": "providerSettings.bytedance.audio",
    "vidu:4@1": "providerSettings.vidu.audio",
}
"""Where a video model's sound is switched on or off. Source: runware.ai/docs, the models' pages; 2026-10."""

SPEAKS_ITS_PROMPT: Final = frozenset({"bytedance:seed-audio@1.0"})
"""Speech models that say the prompt itself. Source: generated types of runware-sdk 1.8.0; 2026-10."""

EFFECTS: Final = frozenset({"bytedance:seed-audio@1.0", "mirelo:1@1"})
"""Models for sounds of any kind. Source: runware.ai/docs, the models' pages; 2026-10."""

SOUND_FOR_FILMS: Final = frozenset({"mirelo:1@1"})
"""Models that hear what is seen. Source: runware.ai/docs, the models' pages; 2026-10."""

MUSIC: Final = frozenset(
    {
        "minimax:music@2.6",
        "minimax:music@cover",
        "runware:ace-step@v1.5-base",
        "runware:ace-step@v1.5-turbo",
        "runware:ace-step@v1.5-xl-base",
        "runware:ace-step@v1.5-xl-sft",
        "runware:ace-step@v1.5-xl-turbo",
    }
)
"""Models for music. Source: runware.ai/docs, the models' pages; 2026-10."""

PREPROCESSORS: Final = (
    "canny",
    "depth",
    "lineart",
    "lineart-anime",
    "lineart_anime",
    "mlsd",
    "normalbae",
    "openpose",
    "scribble",
    "seg",
    "shuffle",
    "softedge",
    "tile",
)
"""What can be read from an image; each has a model of its own. Source: runware.ai/docs, ControlNet tools; 2026-10."""

FILM_CAPTIONS: Final = frozenset({"memories:1@1"})
"""Caption models that watch films. Source: runware.ai/docs, video captions; 2026-10."""

UNCURATED: Final[Mapping[str, Mapping[str, Any]]] = {
    "memories:1@1": {
        "slug": "memories-video-caption",
        "task_type": "caption",
        "set": "words",
        "params": ["inputs"],
        "required": ["inputs"],
    }
}
"""Documented models that the curated list leaves out, as the data file would have them. Source: as above."""

_KLING_PRO = ((1920, 1080), (1080, 1920), (1080, 1080))
_GEMINI = (
    (1024, 1024),
    (1264, 848),
    (848, 1264),
    (1200, 896),
    (896, 1200),
    (1152, 928),
    (928, 1152),
    (1376, 768),
    (768, 1376),
    (1584, 672),
)


def _times(*factors: int) -> tuple[tuple[int, int], ...]:
    return tuple((width * factor, height * factor) for factor in factors for width, height in _GEMINI)


SIZES: Final[Mapping[str, tuple[tuple[int, int], ...]]] = {
    "google:4@2": _times(1, 2, 4),
    "google:4@3": _times(1, 2, 4),
    "google:nano-banana@2-lite": _times(1),
    "google:nano-banana@2.1": _times(1, 2, 4),
    "klingai:6@1": ((1280, 720), (720, 1280), (720, 720)),
    "klingai:kling-video@2.6-pro": _KLING_PRO,
    "klingai:kling-video@3-standard": ((1280, 720), (720, 1280), (960, 960)),
    "klingai:kling-video@3-pro": ((1920, 1080), (1080, 1920), (1440, 1440)),
    "klingai:kling-video@3-4k": ((3840, 2160), (2160, 3840), (2880, 2880)),
    "klingai:kling-video@3.0-turbo": (
        (1280, 720),
        (720, 1280),
        (960, 960),
        (1920, 1080),
        (1080, 1920),
        (1440, 1440),
    ),
    "klingai:kling@o1": _KLING_PRO,
    "runway:1@2": ((1280, 720), (720, 1280), (960, 960), (1104, 832), (832, 1104), (1584, 672)),
}
"""Known pixel sizes, none of them confirmed. Source: runware.ai/docs, the models' pages, and ai.google.dev, image sizes
of Gemini 3; 2026-10."""
