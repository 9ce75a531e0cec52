"""Workflows as they are published: graphs of values and generations."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["EXAMPLES", "Edge", "Node", "Workflow", "Workflows"]


@dataclass(frozen=True)
class Node:
    """One step: a value that the caller may replace, or a generation.

    Attributes:
        id: What its outputs are listed under.
        name: For people.
        value: `{"type": "primitive", "value": ...}` or `{"type": "image", "uri": ...}`, for a value.
        endpoint: Where it is made, for a generation.
        body: The request without what comes over edges.
    """

    id: str
    name: str
    value: Mapping[str, Any] | None = None
    endpoint: str = ""
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def describe(self) -> dict[str, Any]:
        """The node as the graph shows it."""
        shown = {"id": self.id, "name": self.name}
        if self.value is not None:
            return {**shown, "type": "input", "outputs": {"value": dict(self.value)}}
        return {**shown, "type": self.endpoint, "inputs": dict(self.body)}


@dataclass(frozen=True)
class Edge:
    """The output of one node goes into a field of another's request."""

    source: str
    target: str
    field: str


@dataclass(frozen=True)
class Workflow:
    """One published version of a workflow."""

    name: str
    nodes: Sequence[Node]
    edges: Sequence[Edge]
    description: str = ""
    version: int = 1
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime | None = None

    @property
    def steps(self) -> list[Node]:
        """Its generations, each after those that it needs."""
        waiting = [node for node in self.nodes if node.value is None]
        ordered: list[Node] = []
        while waiting:
            open_ids = {node.id for node in waiting}
            ready = [node for node in waiting if not open_ids & {edge.source for edge in self.into(node)}]
            if not ready:
                raise ValueError(f"the steps of workflow {self.name!r} need each other in a circle")
            ordered += ready
            waiting = [node for node in waiting if node not in ready]
        return ordered

    def into(self, node: Node) -> list[Edge]:
        """The edges that end in a node."""
        return [edge for edge in self.edges if edge.target == node.id]

    @property
    def graph(self) -> dict[str, Any]:
        """The graph as the API shows it."""
        edges = [{"source": edge.source, "target": edge.target, "targetHandle": edge.field} for edge in self.edges]
        return {"version": 1, "nodes": [node.describe() for node in self.nodes], "edges": edges}


EXAMPLES: tuple[Workflow, ...] = (
    Workflow(
        "Still to film",
        (
            Node("scene", "Scene", {"type": "primitive", "value": "a lighthouse at dusk"}),
            Node("still", "Still", endpoint="text_to_image", body={"model": "gen4_image", "ratio": "1280:720"}),
            Node(
                "film",
                "Film",
                endpoint="image_to_video",
                body={"model": "gen4_turbo", "ratio": "1280:720", "duration": 2},
            ),
        ),
        (Edge("scene", "still", "promptText"), Edge("still", "film", "promptImage")),
        "Draws a scene and sets it in motion.",
    ),
    Workflow(
        "Picture and voice",
        (
            Node("line", "Line", {"type": "primitive", "value": "Welcome aboard."}),
            Node("poster", "Poster", endpoint="text_to_image", body={"model": "gen4_image", "ratio": "720:720"}),
            Node(
                "voice",
                "Voice",
                endpoint="text_to_speech",
                body={"model": "eleven_multilingual_v2", "voice": {"type": "runway-preset", "presetId": "Maya"}},
            ),
        ),
        (Edge("line", "poster", "promptText"), Edge("line", "voice", "promptText")),
        "A poster, and its line spoken.",
    ),
)


class Workflows:
    """All published versions."""

    def __init__(self) -> None:
        self._published: list[Workflow] = []

    def add(self, workflow: Workflow) -> None:
        """Publish a version."""
        self._published.append(workflow)

    def find(self, workflow_id: str) -> Workflow | None:
        """The version with an id."""
        return next((each for each in self._published if each.id == workflow_id), None)

    def by_name(self) -> Iterator[tuple[str, list[Workflow]]]:
        """The versions of each workflow, newest first."""
        names = dict.fromkeys(each.name for each in self._published)
        for name in names:
            versions = [each for each in self._published if each.name == name]
            yield name, sorted(versions, key=lambda each: each.version, reverse=True)
