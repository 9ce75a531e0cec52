"""What is asked of the calls that are Runway's own: as little as they take, and everything they take at once."""

from collections.abc import Iterator

from page_cases import INPUTS, Case

from anymedia.requests import Native
from anymedia_runway import (
    Keyframe,
    Shot,
    avatar_video,
    generate_audio,
    generate_image,
    generate_video,
    recipes,
    workflow,
)

__all__ = ["native_cases"]

_INFO, _IDEA = "a kite", "it flies"
_SHOTS = [Shot(prompt=prompt, duration=seconds) for prompt, seconds in (("a kite", 1), ("a beach", 2), ("a gull", 2))]


def native_cases(router: str, workflow_id: str) -> Iterator[Case]:
    """Both extents of every call.

    Args:
        router: The slug of a router.
        workflow_id: Of a published workflow whose node `scene` puts out `value`.
    """
    routed = (*_routed_images(router), *_routed_films(router), *_routed_sounds(router))
    pairs = (*_avatars(), *routed, *_image_recipes(), *_film_recipes(), *_workflows(workflow_id))
    for smallest, fullest in pairs:
        for extent, request in (("smallest", smallest), ("fullest", fullest)):
            endpoint = request.call.removeprefix("POST /v1/").replace(workflow_id, "{id}")
            yield Case(endpoint, "native", str(request.payload.get("model", "")), extent, request)


_Pair = tuple[Native, Native]


def _avatars() -> Iterator[_Pair]:
    yield (
        avatar_video(avatar="influencer", audio=INPUTS["audio"]),
        avatar_video(avatar="influencer", text="Hello.", voice="clara"),
    )


def _routed_images(router: str) -> Iterator[_Pair]:
    full = generate_image(
        router, prompt="a kite", references=[INPUTS["image"]], aspect_ratio="16:9", resolution="1k", count=2
    )
    yield generate_image(router, prompt="a kite"), full


def _routed_films(router: str) -> Iterator[_Pair]:
    image, video = INPUTS["image"], INPUTS["video"]
    full = generate_video(
        router, prompt="a kite", image=image, aspect_ratio="16:9", resolution="720p", duration=5, audio=True, seed=7
    )
    yield generate_video(router, prompt="a kite"), full
    keyed = generate_video(router, prompt="snow", video=video, keyframes=[Keyframe(uri=image, seconds=1)])
    yield generate_video(router, prompt="snow", video=video), keyed


def _routed_sounds(router: str) -> Iterator[_Pair]:
    spoken = generate_audio(router, prompt="A kite.", type="speech", voice="Leslie")
    yield generate_audio(router, prompt="A kite.", type="speech"), spoken
    heard = generate_audio(router, prompt="a bell", type="audio", duration=2, loop=True)
    yield generate_audio(router, prompt="a bell", type="audio"), heard


def _image_recipes() -> Iterator[_Pair]:
    image = INPUTS["image"]
    yield (recipes.ad_localization(image=image, language="es"),) * 2
    stock = recipes.marketing_stock_image(prompt="a kite", image=image, count=1, quality="low")
    yield recipes.marketing_stock_image(prompt="a kite"), stock
    yield (recipes.product_campaign_image(image=image, prompt="a kite"),) * 2


def _film_recipes() -> Iterator[_Pair]:
    image, video = INPUTS["image"], INPUTS["video"]
    shots = recipes.multi_shot_video(shots=_SHOTS, image=image, duration=5, ratio="720:1280", audio=False)
    yield recipes.multi_shot_video(prompt="a kite"), shots
    ad = recipes.product_ad(
        images=[image], styles=[image], duration=4, ratio="960:960", audio=True, product_info=_INFO, concept=_IDEA
    )
    yield recipes.product_ad(images=[image]), ad
    swap = recipes.product_swap(
        video=video,
        product=image,
        new_product=[image] * 2,
        views=["front"],
        duration=4,
        resolution="1080p",
        audio=False,
    )
    yield recipes.product_swap(video=video, product=image, new_product=[image]), swap
    ugc = recipes.product_ugc(
        character=image, product=image, duration=4, ratio="1080:1920", audio=False, product_info=_INFO, concept=_IDEA
    )
    yield recipes.product_ugc(character=image, product=image), ugc


def _workflows(workflow_id: str) -> Iterator[_Pair]:
    yield workflow(workflow_id), workflow(workflow_id, {"scene": {"value": "a kite"}})
