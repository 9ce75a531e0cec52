"""Runway's recipes: whole productions from a few inputs. Each returns a `Native` request for any client.

Local files are read at once; large ones are uploaded when the request is sent.
Source: runwayml 5.24.0, resources/recipes.py and types; Runway API reference 2024-11-06; 2026-11.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from anymedia.media import MediaInput
from anymedia.requests import Native
from anymedia_runway.options import Shot
from anymedia_runway.payloads import item, items, native, one_of

__all__ = [
    "Version",
    "ad_localization",
    "marketing_stock_image",
    "multi_shot_video",
    "product_ad",
    "product_campaign_image",
    "product_swap",
    "product_ugc",
]

Version: TypeAlias = Literal["2026-06", "unsafe-latest"]
# fmt: off
_Language: TypeAlias = Literal[
    "ar", "zh", "zh-Hant", "nl", "en", "fr", "de", "hi", "id", "it", "ja", "ko", "pl", "pt", "ru", "es", "sv", "th",
    "tr", "uk", "vi", "el",
]
# fmt: on


def ad_localization(*, image: MediaInput, language: _Language, version: Version = "2026-06") -> Native:
    """An advertisement in another language.

    Raises:
        MediaInputError: `image` is no input.
    """
    return native("recipes/ad_localization", version=version, reference_image=item(image), target_language=language)


def marketing_stock_image(
    *,
    prompt: str,
    image: MediaInput | None = None,
    count: int = 4,
    quality: Literal["low", "medium", "high"] = "high",
    version: Version = "2026-06",
) -> Native:
    """Stock images for marketing.

    Args:
        prompt: 1 to 3500 characters.
        image: A reference.
        count: 1 to 4.
        quality: Decides the price.
        version: Of the recipe.

    Raises:
        MediaInputError: `image` is no input.
    """
    return native(
        "recipes/marketing_stock_image",
        version=version,
        prompt=prompt,
        output_count=count,
        quality=quality,
        reference_image=item(image),
    )


def multi_shot_video(
    *,
    prompt: str | None = None,
    shots: Sequence[Shot] | None = None,
    image: MediaInput | None = None,
    duration: Literal[5, 10, 15] = 10,
    ratio: Literal["1280:720", "720:1280", "960:960", "1920:1080", "1080:1920", "1440:1440"] = "1280:720",
    audio: bool = True,
    version: Version = "2026-06",
) -> Native:
    """A film of several shots.

    Args:
        prompt: 1 to 2500 characters, from which the recipe makes five shots; or else
        shots: 3 to 5 shots of your own, their seconds adding up to `duration`.
        image: The first frame.
        duration: Seconds.
        ratio: Width and height in pixels.
        audio: Whether it has sound.
        version: Of the recipe.

    Raises:
        InvalidRequestError: Not exactly one of `prompt` and `shots` is given.
        MediaInputError: `image` is no input.
    """
    one_of(prompt=prompt, shots=shots)
    return native(
        "recipes/multi_shot_video",
        version=version,
        mode="auto" if shots is None else "custom",
        prompt=prompt,
        shots=shots,
        first_frame=item(image),
        duration=duration,
        ratio=ratio,
        audio=audio,
    )


def product_ad(
    *,
    images: Sequence[MediaInput],
    styles: Sequence[MediaInput] = (),
    product_info: str | None = None,
    concept: str | None = None,
    duration: int = 10,
    ratio: Literal[
        "1280:720", "720:1280", "960:960", "834:1112", "1920:1080", "1080:1920", "1440:1440", "1248:1664"
    ] = "1280:720",
    audio: bool = False,
    version: Literal["2026-06", "2026-07", "unsafe-latest"] = "2026-06",
) -> Native:
    """A film that advertises a product.

    Args:
        images: 1 to 10 of the product.
        styles: At most 4 images of the wanted style.
        product_info: At most 2500 characters.
        concept: At most 3500 characters.
        duration: Whole seconds, 4 to 15.
        ratio: Width and height in pixels.
        audio: Whether it has sound.
        version: Of the recipe.

    Raises:
        MediaInputError: An image is no input.
    """
    return native(
        "recipes/product_ad",
        version=version,
        product_images=items(images),
        style_images=items(styles) or None,
        product_info=product_info,
        user_concept=concept,
        duration=duration,
        ratio=ratio,
        audio=audio,
    )


def product_campaign_image(*, image: MediaInput, prompt: str, version: Version = "2026-06") -> Native:
    """A campaign image of a product; the prompt has 1 to 3500 characters.

    Raises:
        MediaInputError: `image` is no input.
    """
    return native("recipes/product_campaign_image", version=version, image=item(image), prompt=prompt)


def product_swap(
    *,
    video: MediaInput,
    product: MediaInput,
    new_product: Sequence[MediaInput],
    views: Sequence[Literal["front", "side", "back"]] = (),
    duration: int = 10,
    resolution: Literal["720p", "1080p"] = "720p",
    audio: bool = True,
    version: Version = "2026-06",
) -> Native:
    """A film with one product in place of another.

    Args:
        video: 1.8 to 15 seconds.
        product: An image of the product that is there.
        new_product: 1 to 10 images of the one that takes its place.
        views: Which side each of them shows, in their order; may be shorter.
        duration: Whole seconds, 4 to 15.
        resolution: Of the result.
        audio: Whether it has sound.
        version: Of the recipe.

    Raises:
        MediaInputError: Something handed in is no input.
    """
    images = items(new_product)
    seen = [{**image, "view": view} for image, view in zip(images, views, strict=False)]
    return native(
        "recipes/product_swap",
        version=version,
        reference_video=item(video),
        original_product_image=item(product),
        new_product_images=[*seen, *images[len(seen) :]],
        duration=duration,
        resolution=resolution,
        audio=audio,
    )


def product_ugc(
    *,
    character: MediaInput,
    product: MediaInput,
    product_info: str | None = None,
    concept: str | None = None,
    duration: int = 15,
    ratio: Literal["720:1280", "1080:1920"] = "720:1280",
    audio: bool = True,
    version: Version = "2026-06",
) -> Native:
    """A film in which somebody shows a product, as if a customer had made it.

    Args:
        character: An image of who shows it.
        product: An image of the product. Both are 0.4 to 4 times as wide as high.
        product_info: At most 2500 characters.
        concept: At most 3500 characters.
        duration: Whole seconds, 4 to 15.
        ratio: Width and height in pixels.
        audio: Whether it has sound.
        version: Of the recipe.

    Raises:
        MediaInputError: An image is no input.
    """
    return native(
        "recipes/product_ugc",
        version=version,
        character_image=item(character),
        product_image=item(product),
        product_info=product_info,
        user_concept=concept,
        duration=duration,
        ratio=ratio,
        audio=audio,
    )
