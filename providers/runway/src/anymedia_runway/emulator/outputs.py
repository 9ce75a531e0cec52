"""Files that the service has made: drawn when they are first wanted, kept under the id of what they belong to."""

import threading
from collections.abc import Callable, Sequence

from anymedia_runway.emulator.errors import not_found

__all__ = ["Outputs", "Shelf"]


class Outputs:
    """The files of one task, or of one avatar, voice or conversation.

    Args:
        formats: The format of each file, by its name in `FORMATS`.
        draw: Makes the bytes of one file; keeps a core busy.
    """

    def __init__(self, formats: Sequence[str], draw: Callable[[int], bytes]) -> None:
        self.formats = list(formats)
        self._draw = draw
        self._drawn: dict[int, bytes] = {}
        self._lock = threading.Lock()

    def read(self, index: int) -> bytes:
        """The bytes of one file, drawn at the first call; belongs on a worker thread."""
        with self._lock:
            if index not in self._drawn:
                self._drawn[index] = self._draw(index)
            return self._drawn[index]


class Shelf:
    """All files that can still be downloaded, by the id of their owner."""

    def __init__(self) -> None:
        self._kept: dict[str, Outputs] = {}

    def put(self, owner: str, outputs: Outputs) -> Outputs:
        """Keep an owner's files, in the place of those it had."""
        self._kept[owner] = outputs
        return outputs

    def get(self, owner: str) -> Outputs:
        """An owner's files.

        Raises:
            ApiError: There are none, or no more.
        """
        if owner not in self._kept:
            raise not_found("file")
        return self._kept[owner]

    def remove(self, owner: str) -> None:
        """Forget an owner's files, if there are any."""
        self._kept.pop(owner, None)
