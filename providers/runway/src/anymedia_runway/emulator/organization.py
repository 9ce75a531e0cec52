"""The organization: balance, limits, usage by model, and what its people did in the web app."""

from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anymedia_runway.emulator.answers import answer
from anymedia_runway.emulator.backend import Backend
from anymedia_runway.emulator.errors import not_found
from anymedia_runway.emulator.pages import page
from anymedia_runway.emulator.records import Record, Records
from anymedia_runway.emulator.web import stamp, utc

__all__ = ["Organization"]

_PEOPLE = (("ada@example.com", "ada"), ("grace@example.com", "grace"), ("mary@example.com", "mary"))
_WORKSPACES = ((101, "Studio"), (102, "Trailers"))
_TOOLS = ("Gen-4.5", "Act-Two", "Aleph 2", "Upscale")
_ACTIONS = ("UserLogin", "GenerationCreated", "AssetCreated", "MemberInvited", "MemberRoleChanged", "AssetDownloaded")
_DETAILS = {"MemberRoleChanged": {"New role": "Admin"}, "GenerationCreated": {"Amount": 60}}
_EVENTS = 60
_EVERY = timedelta(hours=7)


class Organization:
    """Answers questions about the one organization; its past in the web app is made up and always the same."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._usage = Records("usage", backend.calendar)
        self._events = Records("audit log", backend.calendar)
        self._make_up_a_past(backend.calendar.now())

    def routes(self) -> list[Route]:
        """Where it is reached."""
        webapp = "/v1/organization/webapp"
        return [
            Route("/v1/organization", self._describe, methods=["GET"]),
            Route("/v1/organization/usage", self._usage_by_day, methods=["POST"]),
            Route(f"{webapp}/usage", self._list_usage, methods=["GET"]),
            Route(f"{webapp}/audit_logs", self._list_events, methods=["GET"]),
            Route(f"{webapp}/audit_logs/{{event}}", self._event, methods=["GET"]),
        ]

    async def _describe(self, request: Request) -> Response:
        return answer(self._backend.account.describe())

    async def _usage_by_day(self, request: Request) -> Response:
        body, _ = await self._backend.body(request, "organization.usage")
        return answer(self._backend.account.usage(body))

    async def _list_usage(self, request: Request) -> Response:
        wanted = self._backend.query(request, "webapp.usage")
        rows = [row for row in self._usage if _matches(row, wanted)]
        return answer(page(rows, wanted, Record.key, lambda row: {**row.fields, "timestamp": stamp(row.created)}))

    async def _list_events(self, request: Request) -> Response:
        wanted = self._backend.query(request, "webapp.audit_logs")
        rows = [row for row in self._events if _matches(row, wanted)]
        return answer(page(rows, wanted, Record.key, _event_row))

    async def _event(self, request: Request) -> Response:
        self._backend.query(request, "webapp.audit_log")
        found = self._events.find(request.path_params["event"])
        if found is None:
            raise not_found("audit log")
        origin = {"clientIpAddress": "192.0.2.7", "userAgent": "Mozilla/5.0", "requestId": f"req-{found.serial}"}
        return answer(_event_row(found) | origin | {"metadata": _DETAILS.get(found.fields["action"], {})})

    def _make_up_a_past(self, now: datetime) -> None:
        people, places, tools, actions = cycle(_PEOPLE), cycle(_WORKSPACES), cycle(_TOOLS), cycle(_ACTIONS)
        for age, (email, name), (workspace, called) in islice(zip(_ages(now), people, places, strict=False), _EVENTS):
            where = {"workspaceId": workspace, "workspaceName": called}
            action = {"action": next(actions), "actorEmail": email, "actorUsername": name, "actorDeleted": False}
            self._events.create(action | where).created = age
            kind = "refund" if age.day % 9 == 0 else "charge"
            spent = {"credits": 5 + age.day, "email": email, "tool": next(tools), "type": kind}
            self._usage.create(spent | where).created = age


def _ages(now: datetime) -> Any:
    while True:
        now -= _EVERY
        yield now


def _matches(row: Record, wanted: dict[str, Any]) -> bool:
    fields = row.fields
    return (
        ("from" not in wanted or row.created >= utc(wanted["from"]))
        and ("to" not in wanted or row.created < utc(wanted["to"]))
        and str(fields["workspaceId"]) in wanted.get("workspaceIds", [str(fields["workspaceId"])])
        and fields.get("action") in wanted.get("actions", [fields.get("action")])
        and fields.get("actorEmail") in wanted.get("actorEmails", [fields.get("actorEmail")])
    )


def _event_row(row: Record) -> dict[str, Any]:
    return {"eventId": row.id, "timestamp": stamp(row.created), **row.fields}
