"""The model router: Runway picks the model by a configuration of yours.

Source: runwayml 5.24.0, types/generate; Runway API reference 2024-11-06; 2026-11.
"""

from collections.abc import Sequence
from typing import Literal

from anymedia.media import MediaInput
from anymedia.requests import Native
from anymedia_runway.inputs import as_uri
from anymedia_runway.options import ContentModeration, Keyframe
from anymedia_runway.payloads import items, native, payload

__all__ = ["generate_audio", "generate_image", "generate_video"]


def generate_image(
    config_id: str,
    *,
    prompt: str,
    references: Sequence[MediaInput] = (),
    aspect_ratio: Literal["16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "2:3", "3:2", "4:5", "5:4"] | None = None,
    resolution: Literal["1k", "2k", "4k"] | None = None,
    count: int | None = None,
    seed: int | None = None,
    content_moderation: ContentModeration | None = None,
) -> Native:
    """Images, by the model that the router picks; `result.raw` tells which.

    Args:
        config_id: The router's slug.
        prompt: 1 to 32000 characters.
        references: At most 16 images.
        aspect_ratio: Of the result.
        resolution: Its scale.
        count: 1 to 10.
        seed: Only some models repeat themselves.
        content_moderation: How strict the vendor's check is.

    Raises:
        MediaInputError: A reference is no input.
    """
    wanted = payload(
        prompt_text=prompt,
        aspect_ratio=aspect_ratio,
        resolution=resolution,
        output_count=count,
        seed=seed,
        reference_images=items(references) or None,
        content_moderation=content_moderation,
    )
    return native("generate/image", config_id=config_id, input=wanted)


def generate_video(
    config_id: str,
    *,
    prompt: str | None = None,
    negative_prompt: str | None = None,
    image: MediaInput | None = None,
    last_frame: MediaInput | None = None,
    references: Sequence[MediaInput] = (),
    video: MediaInput | None = None,
    reference_video: MediaInput | None = None,
    reference_audio: MediaInput | None = None,
    keyframes: Sequence[Keyframe] | None = None,
    aspect_ratio: Literal["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"] | None = None,
    resolution: Literal["480p", "720p", "1080p", "4k"] | None = None,
    duration: int | None = None,
    audio: bool | None = None,
    seed: int | None = None,
    content_moderation: ContentModeration | None = None,
) -> Native:
    """A film, by the model that the router picks; `result.raw` tells which.

    Args:
        config_id: The router's slug.
        prompt: 1 to 6000 characters.
        negative_prompt: At most 1000 characters.
        image: The first frame.
        last_frame: The last frame.
        references: Images that guide it; with the frames at most 4.
        video: The film to change.
        reference_video: A film that guides it.
        reference_audio: A sound that guides it.
        keyframes: Images to hit; they need `video`.
        aspect_ratio: Of the result.
        resolution: Its scale.
        duration: Whole seconds, 2 to 30.
        audio: Whether it has sound.
        seed: Only some models repeat themselves.
        content_moderation: How strict the vendor's check is.

    Raises:
        MediaInputError: Something handed in is no input.
    """
    pictures = [*_as("first", image), *_as("last", last_frame), *items(references, role="reference")]
    wanted = payload(
        prompt_text=prompt,
        aspect_ratio=aspect_ratio,
        duration=duration,
        resolution=resolution,
        audio=audio,
        negative_prompt=negative_prompt,
        seed=seed,
        reference_images=pictures or None,
        reference_videos=[*_as("source", video), *_as("reference", reference_video)] or None,
        reference_audio=items([reference_audio]) if reference_audio is not None else None,
        keyframes=keyframes,
        content_moderation=content_moderation,
    )
    return native("generate/video", config_id=config_id, input=wanted)


def generate_audio(
    config_id: str,
    *,
    prompt: str,
    type: Literal["speech", "audio"],
    voice: str | None = None,
    voice_sample: MediaInput | None = None,
    references: Sequence[MediaInput] = (),
    duration: float | None = None,
    loop: bool | None = None,
) -> Native:
    """A sound, by the model that the router picks; `result.raw` tells which.

    Args:
        config_id: The router's slug.
        prompt: What is said or heard, 1 to 5000 characters.
        type: Whether that is spoken or anything else.
        voice: A preset voice such as `Leslie`; or else
        voice_sample: a recording whose voice is copied.
        references: At most 3 sounds.
        duration: Seconds, for sounds.
        loop: Whether its end should lead into its start.

    Raises:
        MediaInputError: Something handed in is no input.
    """
    preset = {"type": "preset", "presetId": voice} if voice is not None else None
    cloned = {"type": "reference-audio", "audioUri": as_uri(voice_sample)} if voice_sample is not None else None
    wanted = payload(
        type=type,
        prompt_text=prompt,
        voice=cloned or preset,
        duration=duration,
        loop=loop,
        reference_audios=items(references) or None,
    )
    return native("generate/audio", config_id=config_id, input=wanted)


def _as(role: str, media: MediaInput | None) -> list[dict[str, object]]:
    return [{**one} for one in items([media], role=role)] if media is not None else []
