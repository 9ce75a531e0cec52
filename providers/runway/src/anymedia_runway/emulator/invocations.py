"""Runs workflows: their steps one after another, each with its own outcome."""

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anymedia_runway.emulator import issues
from anymedia_runway.emulator.answers import answer
from anymedia_runway.emulator.backend import Backend
from anymedia_runway.emulator.bills import Bill
from anymedia_runway.emulator.errors import ApiError, invalid_body, not_found
from anymedia_runway.emulator.orders import Orders
from anymedia_runway.emulator.tasks import Order
from anymedia_runway.emulator.web import base_url, stamp
from anymedia_runway.emulator.workflows import EXAMPLES, Node, Workflow, Workflows

__all__ = ["WORKFLOW_FAULTS", "Invocations"]

WORKFLOW_FAULTS: Mapping[str, str] = {
    "fail_node": "lets the step node= of the workflow started fail with failure_code='INTERNAL' and failure=",
    "fail_workflow": "lets the workflow started end as FAILED with failure_code='INTERNAL' and failure=",
}

_QUEUE_SECONDS = 3.0
_STEP_SECONDS = 10.0


@dataclass
class _Invocation:
    id: str
    created: datetime
    workflow: Workflow
    values: Mapping[str, Mapping[str, Any]]
    base: str
    failing: Mapping[str, Mapping[str, Any]]
    failure: Mapping[str, Any] | None
    status: str = "PENDING"
    ended: list[str] = field(default_factory=list[str])
    made: dict[str, str] = field(default_factory=dict[str, str])
    errors: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    bills: list[Bill] = field(default_factory=list[Bill])


class Invocations:
    """Shows workflows, and starts and shows their runs."""

    def __init__(self, backend: Backend, orders: Orders, published: Workflows) -> None:
        self._backend = backend
        self._orders = orders
        self._published = published
        self._invocations: dict[str, _Invocation] = {}
        for example in EXAMPLES:
            published.add(replace(example, id=str(uuid.uuid4())))
        self._since = backend.calendar.now()

    def routes(self) -> list[Route]:
        """Where it is reached."""
        return [
            Route("/v1/workflows", self._list, methods=["GET"]),
            Route("/v1/workflows/{workflow}", self._get, methods=["GET"]),
            Route("/v1/workflows/{workflow}", self._run, methods=["POST"]),
            Route("/v1/workflow_invocations/{invocation}", self._get_invocation, methods=["GET"]),
        ]

    async def _list(self, request: Request) -> Response:
        rows = [
            {"name": name, "versions": [self._version(each) for each in versions]}
            for name, versions in self._published.by_name()
        ]
        return answer({"data": rows})

    async def _get(self, request: Request) -> Response:
        workflow = self._workflow(request)
        about = {"name": workflow.name, "description": workflow.description, "graph": workflow.graph}
        return answer({**self._version(workflow), "updatedAt": stamp(workflow.created or self._since), **about})

    async def _run(self, request: Request) -> Response:
        workflow = self._workflow(request)
        body, _ = await self._backend.body(request, "workflows.run")
        values = _values(workflow, body.get("nodeOutputs", {}))
        fault = self._backend.fault("fail_node", request)
        invocation = _Invocation(
            str(uuid.uuid4()),
            self._backend.calendar.now(),
            workflow,
            values,
            base_url(request),
            {} if fault is None else {fault["node"]: fault},
            self._backend.fault("fail_workflow", request),
        )
        self._invocations[invocation.id] = invocation
        self._backend.ledger.accept(invocation.id, "workflows", body)
        self._backend.background.start(self._work(invocation))
        return answer({"id": invocation.id})

    async def _get_invocation(self, request: Request) -> Response:
        invocation = self._invocations.get(request.path_params["invocation"])
        if invocation is None:
            raise not_found("workflow invocation")
        return answer(self._shown(invocation, request))

    async def _work(self, invocation: _Invocation) -> None:
        await self._backend.clock.sleep(_QUEUE_SECONDS)
        invocation.status = "RUNNING"
        for node in invocation.workflow.steps:
            try:
                await self._step(invocation, node)
            except ApiError as error:
                invocation.errors[node.id] = {"message": str(error.body["error"]), "nodeName": node.name}
            invocation.ended.append(node.id)
        whole = invocation.failure is None and bool(invocation.made)
        invocation.status = "SUCCEEDED" if whole else "FAILED"
        self._backend.ledger.finish(invocation.id, "succeeded" if whole else "failed")

    async def _step(self, invocation: _Invocation, node: Node) -> None:
        order = await self._orders.read(node.endpoint, self._body(invocation, node))
        taken = math.ceil(order.estimate)
        self._backend.account.admit(order.model, taken)
        bill = Bill(self._backend.account, self._backend.ledger, invocation.id, order.model)
        bill.take(taken)
        invocation.bills.append(bill)
        await self._backend.clock.sleep(_STEP_SECONDS)
        fault = invocation.failing.get(node.id) or invocation.failure
        if fault is None:
            bill.settle(math.ceil(order.price))
            self._keep(invocation, node, order)
        else:
            bill.settle(0)
            failure = fault.get("failure", "An unexpected error occurred.")
            code = fault.get("failure_code", "INTERNAL")
            invocation.errors[node.id] = {"message": failure, "failureCode": code, "nodeName": node.name}

    def _keep(self, invocation: _Invocation, node: Node, order: Order) -> None:
        owner = str(uuid.uuid4())
        self._backend.shelf.put(owner, order.outputs)
        invocation.made[node.id] = owner

    def _body(self, invocation: _Invocation, node: Node) -> dict[str, Any]:
        """A step's request, with what the steps before it made.

        Raises:
            ApiError: One of them made nothing.
        """
        body = dict(node.body)
        for edge in invocation.workflow.into(node):
            if edge.source in invocation.values:
                value = invocation.values[edge.source]
                body[edge.field] = value.get("uri", value.get("value"))
            elif edge.source in invocation.made:
                body[edge.field] = self._backend.media.urls(invocation.made[edge.source], invocation.base)[0]
            else:
                raise ApiError(400, {"error": "An earlier step made no output."})
        return body

    def _shown(self, invocation: _Invocation, request: Request) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": invocation.id,
            "createdAt": stamp(invocation.created),
            "status": invocation.status,
        }
        if invocation.errors:
            shown["nodeErrors"] = invocation.errors
        made = {node: self._backend.urls(owner, request) for node, owner in invocation.made.items()}
        cost = {"cost": {"credits": sum(bill.charged for bill in invocation.bills)}}
        match invocation.status:
            case "RUNNING":
                progress = round(len(invocation.ended) / len(invocation.workflow.steps), 2)
                return shown | {"progress": progress, "output": made}
            case "SUCCEEDED":
                self._backend.ledger.deliver(invocation.id, sum(map(len, made.values())))
                return shown | {"output": made} | cost
            case "FAILED":
                fault = invocation.failure or {}
                failure = fault.get("failure", "No step of the workflow succeeded.")
                return shown | {"failure": failure, "failureCode": fault.get("failure_code", "INTERNAL")} | cost
            case _:
                return shown

    def _workflow(self, request: Request) -> Workflow:
        workflow = self._published.find(request.path_params["workflow"])
        if workflow is None:
            raise not_found("workflow")
        return workflow

    def _version(self, workflow: Workflow) -> dict[str, Any]:
        created = stamp(workflow.created or self._since)
        return {"id": workflow.id, "version": workflow.version, "createdAt": created}


def _values(workflow: Workflow, given: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """What each value node holds: its default, or what the caller gave.

    Raises:
        ApiError: The caller gave something for a node that has no value.
    """
    values = {node.id: node.value for node in workflow.nodes if node.value is not None}
    unknown = [node for node in given if node not in values]
    if unknown:
        raise invalid_body([issues.custom(["nodeOutputs", node], "There is no such node.") for node in unknown])
    return values | {node: next(iter(outputs.values())) for node, outputs in given.items() if outputs}
