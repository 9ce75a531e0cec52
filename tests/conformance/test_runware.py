"""Runware keeps every promise of the kit: one WebSocket, pushed results, and task ids that the client makes."""

from functools import cache

from anymedia import (
    CharacterPerformance,
    ImageToImage,
    ImageToVideo,
    InsufficientCreditsError,
    ModerationError,
    ProviderUnavailableError,
    RateLimitError,
    RemoveBackground,
    RemoveVideoBackground,
    Request,
    Result,
    TaskFailedError,
    TextToImage,
    TextToVideo,
    UpscaleImage,
    UpscaleVideo,
    VideoToVideo,
)
from anymedia.testing.conformance import Code, Fault, ProviderConformance
from anymedia.testing.render import image, video
from anymedia_runware.emulator import RunwareEmulator

TASK = "imageInference"


@cache
def picture() -> bytes:
    """A small picture."""
    return image("a cat", seed=1, width=320, height=320)


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
        }
        return requests[operation]
