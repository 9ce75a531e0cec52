"""Things that are not ready at once: avatars and voices."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from anymedia_runway.emulator.account import Calendar

__all__ = ["PROCESSING_FAULTS", "Processing"]

PROCESSING_FAULTS: Mapping[str, str] = {
    "fail_processing": "lets the avatar or voice that is created or changed end as FAILED with reason=",
}

_SECONDS = 12.0


class Processing:
    """The work on each of them, by id."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._work: dict[str, tuple[datetime, str | None]] = {}

    def start(self, record_id: str, failure: str | None) -> None:
        """Begin, or begin anew; with a failure it will fail."""
        self._work[record_id] = self._calendar.now() + timedelta(seconds=_SECONDS), failure

    def status(self, record_id: str) -> str:
        """`PROCESSING`, `READY` or `FAILED`."""
        end, failure = self._work[record_id]
        if self._calendar.now() < end:
            return "PROCESSING"
        return "FAILED" if failure else "READY"

    def describe(self, record_id: str) -> dict[str, str]:
        """The status as the API shows it."""
        status = self.status(record_id)
        failure = self._work[record_id][1]
        return {"status": status, "failureReason": failure} if status == "FAILED" and failure else {"status": status}
