"""Runware keeps every promise of the kit, on its WebSocket and over HTTP, with task ids that the client makes."""

from functools import cache
from io import BytesIO
from zipfile import ZipFile

from typing_extensions import override

from anymedia import (
    CaptionImage,
    CaptionVideo,
    CharacterPerformance,
    EnhancePrompt,
    Generate3D,
    GenerateMusic,
    GenerateText,
    ImageToImage,
    ImageToVideo,
    InsufficientCreditsError,
    MaskImage,
    ModerationError,
    PreprocessImage,
    ProviderUnavailableError,
    RateLimitError,
    RemoveBackground,
    RemoveVideoBackground,
    Request,
    Result,
    SoundEffect,
    TaskFailedError,
    TextToImage,
    TextToSpeech,
    TextToVideo,
    TrainModel,
    UpscaleImage,
    UpscaleVideo,
    Vectorize,
    VideoToAudio,
    VideoToVideo,
)
from anymedia.testing import Endpoint
from anymedia.testing.conformance import Code, Fault, ProviderConformance
from anymedia.testing.render import image, video
from anymedia_runware.emulator import RunwareEmulator

TASK = "imageInference"


@cache
def picture() -> bytes:
    """A small picture."""
    return image("a cat", seed=1, width=320, height=320)


@cache
def archive() -> bytes:
    """Examples to learn from."""
    held = BytesIO()
    with ZipFile(held, "w") as zipped:
        zipped.writestr("cat.png", picture())
    return held.getvalue()


@cache
def film() -> bytes:
    """Three seconds of film."""
    return video("a cat", seed=1, width=320, height=180, duration=3)


class TestRunware(ProviderConformance):
    """The kit, for Runware."""

    provider = "runware"
    emulator = RunwareEmulator
    ambiguous = (
        Fault("close", match=TASK, when="before_accept"),
        Fault("close", match=TASK, when="after_accept"),
        Fault("close", match=TASK, when="after_accept", code=1006),
        Fault("close", match=TASK, when="before_result"),
        Fault("error_after", match=TASK),
        Fault("duplicate", match=TASK),
    )
    refusal = Fault("throttle", match=TASK)
    failure = Fault("fail_task", match=TASK)
    tolerated = (
        Fault("odd_status"),
        Fault("extra_fields"),
        Fault("array_frame"),
        Fault("data_object"),
        Fault("mixed_frame"),
        Fault("foreign"),
        Fault("orphan_error"),
        Fault("duplicate"),
        Fault("reorder"),
        Fault("poll_error"),
        Fault("form_b_errors"),
        Fault("task_not_found"),
        Fault("task_not_found", empty=True),
        Fault("early_uuid", match=TASK),
    )
    codes = (
        Code(Fault("throttle", match=TASK), RateLimitError),
        Code(Fault("no_credits", match=TASK), InsufficientCreditsError),
        Code(Fault("server_error", match=TASK), ProviderUnavailableError),
        Code(Fault("fail_task", match=TASK), TaskFailedError),
        Code(Fault("fail_task", match=TASK, code="contentModerationFailed"), ModerationError),
        Code(Fault("fail_task", match=TASK, code="nobodyKnows"), TaskFailedError),
    )

    def sample(self, prompt: str, seed: int) -> Request[Result]:
        """The smallest picture the default model makes."""
        return TextToImage(prompt=prompt, seed=seed, size="128x128")

    def request(self, operation: str) -> Request[Result]:
        """One small request for each operation."""
        requests: dict[str, Request[Result]] = {
            "text_to_image": self.sample("a lighthouse", 1),
            "image_to_image": ImageToImage(prompt="at night", image=picture(), size="256x256"),
            "text_to_video": TextToVideo(prompt="a lighthouse", duration=3),
            "image_to_video": ImageToVideo(prompt="the cat stretches", image=picture(), duration=3),
            "video_to_video": VideoToVideo(prompt="in winter", video=film()),
            "upscale_image": UpscaleImage(image=picture(), factor=2),
            "upscale_video": UpscaleVideo(video=film(), factor=2),
            "remove_background": RemoveBackground(image=picture()),
            "remove_video_background": RemoveVideoBackground(video=film()),
            "character_performance": CharacterPerformance(character=picture(), performance=film()),
            "text_to_speech": TextToSpeech(text="The tide turns."),
            "sound_effect": SoundEffect(prompt="rain"),
            "generate_music": GenerateMusic(prompt="a slow waltz", duration=10),
            "video_to_audio": VideoToAudio(video=film(), prompt="waves"),
            "caption_image": CaptionImage(image=picture()),
            "caption_video": CaptionVideo(video=film()),
            "enhance_prompt": EnhancePrompt(prompt="a cat", count=2),
            "generate_text": GenerateText(prompt="Say hi.", max_tokens=16),
            "mask_image": MaskImage(image=picture()),
            "preprocess_image": PreprocessImage(image=picture(), preprocessor="canny"),
            "vectorize": Vectorize(image=picture()),
            "generate_3d": Generate3D(image=picture()),
            "train_model": TrainModel(dataset=archive(), name="acme:900@1", trigger_word="tide"),
        }
        return requests[operation]


class HttpDoor(RunwareEmulator):
    """The emulator, known by its HTTP address."""

    @override
    async def start(self) -> Endpoint:
        endpoint = await super().start()
        return Endpoint(endpoint.base_url.replace("ws://", "http://"), endpoint.api_key)


class TestRunwareOverHttp(TestRunware):
    """The kit, for Runware without its WebSocket."""

    emulator = HttpDoor
    ambiguous = (
        Fault("http_status_before", match=TASK, status=503),
        Fault("http_status_after", match=TASK, status=502),
        Fault("http_status_after", match=TASK, status=504),
        Fault("duplicate", match=TASK),
    )
    tolerated = (
        Fault("odd_status"),
        Fault("extra_fields"),
        Fault("poll_error"),
        Fault("form_b_errors"),
        Fault("task_not_found"),
        Fault("task_not_found", empty=True),
    )
