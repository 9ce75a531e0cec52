"""Conversations: what is left of realtime sessions, and how long they lasted day by day."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anymedia.testing import render
from anymedia_runway.emulator.answers import answer
from anymedia_runway.emulator.assets import Asset
from anymedia_runway.emulator.backend import Backend
from anymedia_runway.emulator.drawing import content
from anymedia_runway.emulator.outputs import Outputs
from anymedia_runway.emulator.pages import page
from anymedia_runway.emulator.records import Record, Records
from anymedia_runway.emulator.web import stamp, utc

__all__ = ["Conversations"]

_HELLO = "Hello, how can I help you?"
_RECORDED_SECONDS = 10


class Conversations:
    """Keeps conversations; each has the id of its session."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._records = Records("avatar conversation", backend.calendar)

    def routes(self) -> list[Route]:
        """Where it is reached."""
        return [
            Route("/v1/avatar_usage", self._usage, methods=["GET"]),
            Route("/v1/avatar_conversations", self._list, methods=["GET"]),
            Route("/v1/avatar_conversations/{conversation}", self._get, methods=["GET"]),
            Route("/v1/avatar_conversations/{conversation}", self._delete, methods=["DELETE"]),
        ]

    def begin(self, session: Record, avatar: str, cast: Sequence[Asset]) -> None:
        """A session has been joined."""
        fields = {"session": session.fields, "avatar": avatar, "cast": cast, "status": "in_progress"}
        self._records.create(fields, session.id)

    def end(self, session: str, seconds: int) -> None:
        """A session is over."""
        conversation = self._records.find(session)
        if conversation is not None:
            self._records.update(conversation, {"status": "ended", "duration": seconds})
            faces: Sequence[Asset] = conversation.fields["cast"]
            self._backend.shelf.put(session, Outputs(["mp4"], lambda _: _recording(faces, seconds)))

    async def _usage(self, request: Request) -> Response:
        wanted = self._backend.query(request, "avatar_usage")
        first, after = utc(wanted["startDate"]), utc(wanted["endDate"])
        days: defaultdict[str, list[int]] = defaultdict(list)
        for conversation in self._records:
            if first <= conversation.created < after and "duration" in conversation.fields:
                days[conversation.created.date().isoformat()].append(conversation.fields["duration"])
        by_day = [{"date": day, "seconds": sum(each), "sessions": len(each)} for day, each in sorted(days.items())]
        sessions, seconds = sum(map(len, days.values())), sum(map(sum, days.values()))
        average = round(seconds / sessions) if sessions else 0
        totals = {"totalSessions": sessions, "totalSeconds": seconds, "avgDurationSeconds": average}
        return answer({**totals, "byDay": by_day})

    async def _list(self, request: Request) -> Response:
        wanted = self._backend.query(request, "avatar_conversations")
        rows = [row for row in self._records if _matches(row, wanted)]
        return answer(page(rows, wanted, Record.key, _row))

    async def _get(self, request: Request) -> Response:
        conversation = self._records.get(request.path_params["conversation"])
        return answer(self._shown(conversation, request))

    async def _delete(self, request: Request) -> Response:
        conversation = self._records.delete(request.path_params["conversation"])
        self._backend.shelf.remove(conversation.id)
        return Response(status_code=204)

    def _shown(self, conversation: Record, request: Request) -> dict[str, Any]:
        fields, session = conversation.fields, conversation.fields["session"]
        shown = {key: value for key, value in _row(conversation).items() if key != "hasTools"}
        shown |= {
            "startedAt": stamp(conversation.created),
            "maxDuration": session.get("maxDuration", 300),
            "tools": [{key: tool[key] for key in ("name", "type", "description")} for tool in session.get("tools", ())],
            "transcript": [
                {
                    "role": "assistant",
                    "content": session.get("startScript", _HELLO),
                    "timestamp": stamp(conversation.created),
                }
            ],
        }
        if fields["status"] == "ended":
            ended = conversation.created + timedelta(seconds=fields["duration"])
            shown |= {"endedAt": stamp(ended), "recordingUrl": self._backend.urls(conversation.id, request)[0]}
        return shown


def _row(conversation: Record) -> dict[str, Any]:
    fields, chosen = conversation.fields, conversation.fields["session"]["avatar"]
    avatar = {"type": chosen["type"], "name": fields["avatar"]}
    avatar |= {"presetId": chosen["presetId"]} if "presetId" in chosen else {"id": chosen["avatarId"]}
    row = {
        "id": conversation.id,
        "name": f"Conversation with {fields['avatar']}",
        "status": fields["status"],
        "createdAt": stamp(conversation.created),
        "hasTools": bool(fields["session"].get("tools")),
        "avatar": avatar,
    }
    return row | ({"duration": fields["duration"]} if "duration" in fields else {})


def _matches(conversation: Record, wanted: dict[str, Any]) -> bool:
    chosen = conversation.fields["session"]["avatar"]
    named = chosen.get("presetId") or chosen.get("avatarId")
    return (
        wanted.get("avatar", named) == named
        and ("startDate" not in wanted or conversation.created >= utc(wanted["startDate"]))
        and ("endDate" not in wanted or conversation.created < utc(wanted["endDate"]))
    )


def _recording(faces: Sequence[Asset], seconds: int) -> bytes:
    face = content(faces[0]) if faces else None
    duration = max(1, min(seconds, _RECORDED_SECONDS))
    return render.video("", seed=seconds, width=640, height=360, duration=duration, first_frame=face, audio=True)
