"""Runway's developer API as a provider of anymedia."""

from anymedia_runway import recipes
from anymedia_runway.natives import avatar_video, finish_draft, realtime_session, workflow
from anymedia_runway.options import ContentModeration, Keyframe, KeyframeRange, KlingSettings, RunwayOptions, Shot
from anymedia_runway.provider import RunwayProvider
from anymedia_runway.resources import CLEAR, AsyncRunway, Runway
from anymedia_runway.routing import generate_audio, generate_image, generate_video

__all__ = [
    "CLEAR",
    "AsyncRunway",
    "ContentModeration",
    "Keyframe",
    "KeyframeRange",
    "KlingSettings",
    "Runway",
    "RunwayOptions",
    "RunwayProvider",
    "Shot",
    "avatar_video",
    "finish_draft",
    "generate_audio",
    "generate_image",
    "generate_video",
    "realtime_session",
    "recipes",
    "workflow",
]
