"""Runware as a provider of anymedia: images, films and more over one WebSocket."""

from anymedia_runware.options import RunwareOptions
from anymedia_runware.provider import RunwareProvider

__all__ = ["RunwareOptions", "RunwareProvider"]
