"""What all of the API's services stand on: time, faults, money, files and the checking of bodies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from anymedia.clock import Clock
from anymedia.testing.emulator import Faults, Ledger
from anymedia_runway.emulator.account import Account, Calendar
from anymedia_runway.emulator.assets import Asset, Assets
from anymedia_runway.emulator.background import Background
from anymedia_runway.emulator.errors import invalid_body
from anymedia_runway.emulator.media import Media
from anymedia_runway.emulator.models import Models
from anymedia_runway.emulator.outputs import Shelf
from anymedia_runway.emulator.uploads import Uploads
from anymedia_runway.emulator.validation import validate_object
from anymedia_runway.emulator.web import base_url, json_body, query, subject

__all__ = ["Backend"]


@dataclass
class Backend:
    """Shared by all services of one emulator."""

    clock: Clock
    calendar: Calendar
    faults: Faults
    ledger: Ledger
    models: Models
    account: Account
    shelf: Shelf = field(default_factory=Shelf)
    background: Background = field(default_factory=Background)

    def __post_init__(self) -> None:
        self.media = Media(self.shelf, self.calendar)
        self.uploads = Uploads(self.calendar)
        self.assets = Assets(self._stored)

    def fault(self, kind: str, request: Request) -> Mapping[str, Any] | None:
        """The options of an armed fault that applies to a request, used up once."""
        return self.faults.take(kind, subject(request))

    def urls(self, owner: str, request: Request) -> list[str]:
        """Freshly signed URLs of an owner's files."""
        return self.media.urls(owner, base_url(request))

    def query(self, request: Request, name: str) -> dict[str, Any]:
        """A request's query, checked.

        Raises:
            ApiError: Some value is wrong or missing.
        """
        return query(request, self.models.queries[name])

    async def body(self, request: Request, name: str) -> tuple[dict[str, Any], list[Asset]]:
        """A request's body, checked, and the media in it.

        Raises:
            ApiError: With everything that is wrong.
        """
        body = await json_body(request)
        findings = validate_object(self.models.bodies[name], body)
        if findings.issues:
            raise invalid_body(findings.issues)
        assets, wrong = await self.assets.load(findings)
        if wrong:
            raise invalid_body(wrong)
        return body, assets

    def _stored(self, uri: str) -> Callable[[], bytes] | None:
        upload = self.uploads.read(uri)
        return (lambda: upload) if upload is not None else self.media.reader(uri)
