"""Runway keeps every promise of the kit: a REST API that is polled and has no idempotency key."""

from functools import cache

from anymedia import (
    CharacterPerformance,
    DubVoice,
    ImageToImage,
    ImageToVideo,
    InsufficientCreditsError,
    InvalidRequestError,
    IsolateVoice,
    ModerationError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    Request,
    Result,
    SoundEffect,
    SpeechToSpeech,
    TaskFailedError,
    TextToImage,
    TextToSpeech,
    TextToVideo,
    UpscaleImage,
    UpscaleVideo,
    VideoToAudio,
    VideoToHdr,
    VideoToVideo,
)
from anymedia.testing.conformance import Code, Fault, ProviderConformance
from anymedia.testing.render import audio, image, video
from anymedia_runway.emulator import RunwayEmulator

CREATE = "POST /v1/text_to_image"


@cache
def picture() -> bytes:
    """A small picture."""
    return image("a cat", seed=1, width=320, height=320)


@cache
def film() -> bytes:
    """Three seconds of film, as short as a performance may be."""
    return video("a cat", seed=1, width=320, height=180, duration=3)


@cache
def speech() -> bytes:
    """Five seconds of sound, as long as a voice must last to be told from noise."""
    return audio("a voice", seed=1, duration=5)


def refused(status: int, text: str = "No.") -> Fault:
    """An answer with this status, before anything is started."""
    return Fault("status_before", match=CREATE, status=status, body={"error": text})


def failed(code: str) -> Fault:
    """A task that fails with this code."""
    return Fault("fail_task", match=CREATE, failure_code=code)


class TestRunway(ProviderConformance):
    """The kit, for Runway."""

    provider = "runway"
    emulator = RunwayEmulator
    ambiguous = (
        Fault("status_after", match=CREATE),
        Fault("status_after", match=CREATE, status=503),
        Fault("status_after", match=CREATE, status=408),
        Fault("status_after", match=CREATE, status=302, headers={"location": "/v1/text_to_image"}),
        Fault("status_before", match=CREATE, status=500),
        Fault("lose_reply", match=CREATE),
        Fault("html", match=CREATE),
    )
    refusal = Fault("throttle", match=CREATE)
    failure = Fault("fail_task", match=CREATE)
    tolerated = (
        Fault("odd_status", match="GET /v1/tasks/"),
        Fault("extra_fields"),
        Fault("missing_cost"),
        Fault("hide_task", match="GET /v1/tasks/"),
        Fault("status_before", match="GET /v1/tasks/", status=503),
    )
    codes = (
        Code(Fault("throttle", match=CREATE), RateLimitError),
        Code(Fault("daily_quota", match=CREATE), QuotaExceededError),
        Code(Fault("no_credits", match=CREATE), InsufficientCreditsError),
        Code(refused(400), InvalidRequestError),
        Code(refused(403), PermissionDeniedError),
        Code(refused(422), InvalidRequestError),
        Code(failed("SAFETY.INPUT.TEXT"), ModerationError),
        Code(failed("INPUT_PREPROCESSING.SAFETY.TEXT"), ModerationError),
        Code(failed("ASSET.INVALID"), TaskFailedError),
        Code(failed("INTERNAL.BAD_OUTPUT.CODE01"), TaskFailedError),
        Code(failed("THIRD_PARTY.UNAVAILABLE"), TaskFailedError),
        Code(failed("NOBODY.KNOWS"), TaskFailedError),
    )

    def sample(self, prompt: str, seed: int) -> Request[Result]:
        """The smallest picture the default model makes."""
        return TextToImage(prompt=prompt, seed=seed, size="720x720")

    def request(self, operation: str) -> Request[Result]:
        """One small request for each operation."""
        requests: dict[str, Request[Result]] = {
            "text_to_image": self.sample("a lighthouse", 1),
            "image_to_image": ImageToImage(prompt="at night", image=picture()),
            "text_to_video": TextToVideo(prompt="a lighthouse", duration=2),
            "image_to_video": ImageToVideo(prompt="the cat stretches", image=picture(), duration=2),
            "video_to_video": VideoToVideo(prompt="in winter", video=film()),
            "upscale_image": UpscaleImage(image=picture(), factor=2),
            "upscale_video": UpscaleVideo(video=film(), resolution="720p"),
            "character_performance": CharacterPerformance(character=picture(), performance=film()),
            "text_to_speech": TextToSpeech(text="The tide turns."),
            "sound_effect": SoundEffect(prompt="rain", duration=2),
            "speech_to_speech": SpeechToSpeech(recording=speech(), voice="Leslie"),
            "dub_voice": DubVoice(recording=speech(), language="es"),
            "isolate_voice": IsolateVoice(recording=speech()),
            "video_to_audio": VideoToAudio(video=film(), prompt="waves", duration=2),
            "video_to_hdr": VideoToHdr(video=film()),
        }
        return requests[operation]
