"""The operations: what can be asked for, as frozen values."""

from collections.abc import Mapping

from anymedia.requests.audio import (
    DubVoice,
    GenerateMusic,
    IsolateVoice,
    SoundEffect,
    SpeechToSpeech,
    TextToSpeech,
    VideoToAudio,
)
from anymedia.requests.base import MEDIA_FIELDS, ProviderOptions, Reference, Request, media_of
from anymedia.requests.generation import (
    CharacterPerformance,
    Generate3D,
    ImageToImage,
    ImageToVideo,
    TextToImage,
    TextToVideo,
    VideoToVideo,
)
from anymedia.requests.native import Native, TrainModel
from anymedia.requests.text import CaptionImage, CaptionVideo, EnhancePrompt, GenerateText, Message
from anymedia.requests.tools import (
    MaskImage,
    PreprocessImage,
    RemoveBackground,
    RemoveVideoBackground,
    UpscaleImage,
    UpscaleVideo,
    Vectorize,
    VideoToHdr,
)
from anymedia.results import Result

__all__ = [
    "MEDIA_FIELDS",
    "OPERATIONS",
    "CaptionImage",
    "CaptionVideo",
    "CharacterPerformance",
    "DubVoice",
    "EnhancePrompt",
    "Generate3D",
    "GenerateMusic",
    "GenerateText",
    "ImageToImage",
    "ImageToVideo",
    "IsolateVoice",
    "MaskImage",
    "Message",
    "Native",
    "PreprocessImage",
    "ProviderOptions",
    "Reference",
    "RemoveBackground",
    "RemoveVideoBackground",
    "Request",
    "SoundEffect",
    "SpeechToSpeech",
    "TextToImage",
    "TextToSpeech",
    "TextToVideo",
    "TrainModel",
    "UpscaleImage",
    "UpscaleVideo",
    "Vectorize",
    "VideoToAudio",
    "VideoToHdr",
    "VideoToVideo",
    "media_of",
]

OPERATIONS: Mapping[str, type[Request[Result]]] = {
    cls.operation: cls
    for cls in (
        TextToImage,
        ImageToImage,
        TextToVideo,
        ImageToVideo,
        VideoToVideo,
        CharacterPerformance,
        UpscaleImage,
        UpscaleVideo,
        RemoveBackground,
        RemoveVideoBackground,
        VideoToHdr,
        TextToSpeech,
        SoundEffect,
        GenerateMusic,
        SpeechToSpeech,
        DubVoice,
        IsolateVoice,
        VideoToAudio,
        CaptionImage,
        CaptionVideo,
        EnhancePrompt,
        GenerateText,
        MaskImage,
        PreprocessImage,
        Vectorize,
        Generate3D,
        TrainModel,
        Native,
    )
}
"""Every operation by its name."""
