"""Runway's developer API as a provider of anymedia."""

from anymedia_runway.options import RunwayOptions
from anymedia_runway.provider import RunwayProvider

__all__ = ["RunwayOptions", "RunwayProvider"]
