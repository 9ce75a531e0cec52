"""The vendor's side of the protocol, for tests and for running without a key."""

from anymedia_runware.emulator.app import RunwareEmulator
from anymedia_runware.emulator.behaviour import Behaviour

__all__ = ["Behaviour", "RunwareEmulator"]
