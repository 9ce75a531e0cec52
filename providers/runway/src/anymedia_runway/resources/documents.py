"""Documents: texts that avatars know."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Final, Literal

from anymedia.resources import Resource, iterating, waiting
from anymedia_runway.resources.api import LIMIT, AsyncResource
from anymedia_runway.resources.records import Page, Record, body_of, path_to
from anymedia_runway.wire import Lenient

__all__ = ["AsyncDocuments", "Document", "DocumentUse", "Documents"]

DocumentSort = Literal["createdAt", "updatedAt"]
Order = Literal["asc", "desc"]


class DocumentUse(Record):
    """An avatar that knows a document."""

    id: Lenient[str] = None
    name: Lenient[str] = None
    image_url: Lenient[str] = None


class Document(Record):
    """A text.

    Attributes:
        id: Its id.
        name: What it is called.
        type: `text` or `file`.
        content: The text; not in lists.
        created_at: When it was made.
        updated_at: When it was changed.
        used_by: The avatars that know it.
    """

    id: str
    name: Lenient[str] = None
    type: Lenient[str] = None
    content: Lenient[str] = None
    created_at: Lenient[datetime] = None
    updated_at: Lenient[datetime] = None
    used_by: Lenient[tuple[DocumentUse, ...]] = None


class AsyncDocuments(AsyncResource):
    """The account's documents."""

    async def create(self, *, name: str, content: str) -> Document:
        """Keep a text.

        Args:
            name: 1 to 255 characters.
            content: 1 to 200,000 characters; an avatar holds about 50,000 tokens in all.

        Raises:
            SubmissionUnknownError: Nobody can say whether it was made; `list` tells.
        """
        return await self._api.create(Document, "/v1/documents", body_of(name=name, content=content))

    def list(
        self, *, sort: DocumentSort = "createdAt", order: Order = "desc", limit: int = LIMIT
    ) -> AsyncGenerator[Document, None]:
        """Every document without its text, the pages fetched as they are needed, `limit` on each."""
        return self._api.items(Document, "/v1/documents", limit=limit, sort=sort, order=order)

    async def page(
        self,
        *,
        cursor: str | None = None,
        sort: DocumentSort = "createdAt",
        order: Order = "desc",
        limit: int = LIMIT,
    ) -> Page[Document]:
        """One page of the list."""
        return await self._api.page(Document, "/v1/documents", cursor=cursor, limit=limit, sort=sort, order=order)

    async def retrieve(self, document_id: str) -> Document:
        """One document with its text."""
        return await self._api.get(Document, path_to("documents", document_id))

    async def update(self, document_id: str, *, name: str | None = None, content: str | None = None) -> None:
        """Change what is given, and leave the rest."""
        await self._api.change(path_to("documents", document_id), body_of(name=name, content=content))

    async def delete(self, document_id: str) -> None:
        """Delete a document; one that is gone already is as good."""
        await self._api.delete(path_to("documents", document_id))


class Documents(Resource[AsyncDocuments]):
    """The account's documents, for synchronous code. See `AsyncDocuments`."""

    create: Final = waiting(AsyncDocuments.create)
    list: Final = iterating(AsyncDocuments.list)
    page: Final = waiting(AsyncDocuments.page)
    retrieve: Final = waiting(AsyncDocuments.retrieve)
    update: Final = waiting(AsyncDocuments.update)
    delete: Final = waiting(AsyncDocuments.delete)
