"""Runway's side of the wire, for tests, demos and work without a key."""

from anymedia_runway.emulator.service import RunwayEmulator

__all__ = ["RunwayEmulator"]
