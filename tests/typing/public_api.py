"""The public face as type checkers see it: checked by mypy and pyright, never run."""

from pathlib import Path
from typing import assert_type

from anymedia import (
    AsyncMediaClient,
    AsyncTask,
    Completion,
    ImageResult,
    ImageToVideo,
    MediaClient,
    Native,
    RawResult,
    Result,
    Task,
    TextToImage,
    UpscaleVideo,
    VideoResult,
)


async def operations_return_their_own_result(client: AsyncMediaClient) -> None:
    """Each asynchronous operation takes its request's fields and gives that request's result."""
    image = await client.text_to_image(prompt="a lighthouse", aspect_ratio="16:9")
    assert_type(image, ImageResult)
    assert_type(await client.image_to_video(image=image.output, duration=5), VideoResult)
    assert_type(await client.upscale_image(image=Path("cat.jpg"), factor=2), ImageResult)
    assert_type(await client.native(provider="runway", call="POST /v1/sound_effect"), RawResult)
    await client.text_to_image(promt="a lighthouse")  # type: ignore[call-arg]
    await client.text_to_image(prompt=7)  # type: ignore[arg-type]


async def requests_carry_their_result_through(client: AsyncMediaClient) -> None:
    """`run`, `submit`, `map` and `attach` know what a request results in."""
    request = ImageToVideo(image=b"...", prompt="the cat stretches")
    assert_type(await client.run(request), VideoResult)
    assert_type(await client.submit(request), AsyncTask[VideoResult])
    assert_type(client.attach("anymedia+runway://...", ImageToVideo), AsyncTask[VideoResult])
    assert_type(client.attach("anymedia+runway://..."), AsyncTask[Result])
    async for done in client.map([TextToImage(prompt="a"), TextToImage(prompt="b")]):
        assert_type(done, Completion[ImageResult])
        assert_type(done.result, ImageResult | None)
    assert_type(client.with_options(strict=True), AsyncMediaClient)


def the_synchronous_client_is_typed_alike(client: MediaClient) -> None:
    """The facade loses nothing."""
    image = client.text_to_image(prompt="a lighthouse")
    assert_type(image, ImageResult)
    assert_type(image.save("lighthouse.png"), list[Path])
    assert_type(client.submit(UpscaleVideo(video=Path("film.mp4"))), Task[VideoResult])
    assert_type(client.run(Native(provider="runware", call="imageInference")), RawResult)
    assert_type(client.attach("anymedia+runway://...", TextToImage).result(timeout=None), ImageResult)
    for done in client.map([TextToImage(prompt="a")]):
        assert_type(done, Completion[ImageResult])
    client.text_to_image(promt="a lighthouse")  # type: ignore[call-arg]
