"""Workflows made in the web app. Running one costs money, so that is a request; finding them is here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from anymedia.json import JSON
from anymedia.resources import Resource, waiting
from anymedia_runway.resources.api import AsyncResource
from anymedia_runway.resources.records import Record, path_to
from anymedia_runway.wire import Lenient

__all__ = ["AsyncWorkflows", "Workflow", "WorkflowFamily", "WorkflowGraph", "WorkflowVersion", "Workflows"]


class WorkflowVersion(Record):
    """One state of a workflow that can be run."""

    id: str
    version: Lenient[int] = None
    created_at: Lenient[datetime] = None


class WorkflowFamily(Record):
    """All versions of a workflow, the newest first."""

    name: Lenient[str] = None
    versions: tuple[WorkflowVersion, ...] = ()


class WorkflowGraph(Record):
    """What a workflow is made of, as the vendor tells it."""

    version: JSON = None
    nodes: Lenient[tuple[Mapping[str, JSON], ...]] = None
    edges: Lenient[tuple[Mapping[str, JSON], ...]] = None


class Workflow(Record):
    """A workflow.

    Attributes:
        id: By which it is run.
        name: What it is called.
        description: What it does.
        version: Which state of it.
        created_at: When it was made.
        updated_at: When it was changed.
        graph: Its nodes, whose ids name the inputs of a run.
    """

    id: str
    name: Lenient[str] = None
    description: Lenient[str] = None
    version: Lenient[int] = None
    created_at: Lenient[datetime] = None
    updated_at: Lenient[datetime] = None
    graph: Lenient[WorkflowGraph] = None


class _Families(Record):
    data: tuple[WorkflowFamily, ...]


class AsyncWorkflows(AsyncResource):
    """The account's workflows."""

    async def list(self) -> tuple[WorkflowFamily, ...]:
        """Every workflow that can be run; the vendor gives them all at once."""
        return (await self._api.get(_Families, "/v1/workflows")).data

    async def retrieve(self, workflow_id: str) -> Workflow:
        """One workflow with its graph."""
        return await self._api.get(Workflow, path_to("workflows", workflow_id))


class Workflows(Resource[AsyncWorkflows]):
    """The account's workflows, for synchronous code. See `AsyncWorkflows`."""

    list: Final = waiting(AsyncWorkflows.list)
    retrieve: Final = waiting(AsyncWorkflows.retrieve)
