"""Documents: what avatars know."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anymedia_runway.emulator.answers import answer
from anymedia_runway.emulator.backend import Backend
from anymedia_runway.emulator.pages import page
from anymedia_runway.emulator.records import Record, Records
from anymedia_runway.emulator.web import stamp

__all__ = ["Documents"]


class Documents:
    """Keeps documents.

    Args:
        backend: What all services share.
        avatars: All avatars; some of them use documents.
    """

    def __init__(self, backend: Backend, avatars: Records) -> None:
        self._backend = backend
        self._avatars = avatars
        self.records = Records("document", backend.calendar)

    def routes(self) -> list[Route]:
        """Where it is reached."""
        return [
            Route("/v1/documents", self._create, methods=["POST"]),
            Route("/v1/documents", self._list, methods=["GET"]),
            Route("/v1/documents/{document}", self._get, methods=["GET"]),
            Route("/v1/documents/{document}", self._update, methods=["PATCH"]),
            Route("/v1/documents/{document}", self._delete, methods=["DELETE"]),
        ]

    async def _create(self, request: Request) -> Response:
        body, _ = await self._backend.body(request, "documents.create")
        return answer(self._shown(self.records.create(body)))

    async def _list(self, request: Request) -> Response:
        wanted = self._backend.query(request, "documents")
        by_update = wanted["sort"] == "updatedAt"
        return answer(
            page(
                self.records,
                wanted,
                lambda record: record.key(record.updated if by_update else record.created),
                self._row,
                newest_first=wanted["order"] == "desc",
            )
        )

    async def _get(self, request: Request) -> Response:
        return answer(self._shown(self.records.get(request.path_params["document"])))

    async def _update(self, request: Request) -> Response:
        record = self.records.get(request.path_params["document"])
        body, _ = await self._backend.body(request, "documents.update")
        self.records.update(record, body)
        return Response(status_code=204)

    async def _delete(self, request: Request) -> Response:
        self.records.delete(request.path_params["document"])
        return Response(status_code=204)

    def _row(self, record: Record) -> dict[str, Any]:
        return {
            "id": record.id,
            "name": record.fields["name"],
            "type": "text",
            "createdAt": stamp(record.created),
            "updatedAt": stamp(record.updated),
            "usedBy": [
                {"id": avatar.id, "name": avatar.fields["name"]}
                for avatar in self._avatars
                if record.id in avatar.fields.get("documentIds", ())
            ],
        }

    def _shown(self, record: Record) -> dict[str, Any]:
        return self._row(record) | {"content": record.fields["content"]}
