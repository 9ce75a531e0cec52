"""What tests and emulators are built from; media rendering and the server are imported by their own names."""

from anymedia.testing.clock import ManualClock, ScaledClock
from anymedia.testing.emulator import Emulator, Endpoint, Faults, Ledger
from anymedia.testing.faultproxy import FaultProxy

__all__ = ["Emulator", "Endpoint", "FaultProxy", "Faults", "Ledger", "ManualClock", "ScaledClock"]
