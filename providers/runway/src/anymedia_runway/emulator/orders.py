"""Turns the body of a create call into an order, or into all that is wrong with it."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from anymedia_runway.emulator import issues
from anymedia_runway.emulator.assets import Asset
from anymedia_runway.emulator.backend import Backend
from anymedia_runway.emulator.drawing import Drawing
from anymedia_runway.emulator.errors import ApiError, invalid_body
from anymedia_runway.emulator.issues import Issue
from anymedia_runway.emulator.jobs import plan
from anymedia_runway.emulator.models import Model
from anymedia_runway.emulator.pricing import credits_for
from anymedia_runway.emulator.rules import broken_rules
from anymedia_runway.emulator.tasks import Order, Tasks
from anymedia_runway.emulator.validation import Findings, find_model, validate

__all__ = ["Companions", "Orders"]

Body = Mapping[str, Any]
# Media that a body means without giving their URIs, and what is wrong with the ids it gives instead.
Companions = Callable[[Body], tuple[Sequence[Asset], Sequence[Issue]]]

# Source: runwayml 5.24.0, docstring of `draft` in types/text_to_video_create_params.py; 2026-11
_DRAFT_LIFETIME = timedelta(days=7)


class Orders:
    """Reads create calls.

    Args:
        backend: What all services share.
        tasks: Where drafts are found.
        companions: By endpoint, what finds the media that are meant by an id.
        strict: Whether unknown keys are refused even by models that tolerate them.
    """

    def __init__(self, backend: Backend, tasks: Tasks, companions: Mapping[str, Companions], *, strict: bool) -> None:
        self._models = backend.models
        self._assets = backend.assets
        self._calendar = backend.calendar
        self._companions = companions
        self._tasks = tasks
        self._strict = strict

    async def read(self, endpoint: str, body: Body) -> Order:
        """The order that a body comes to.

        Raises:
            ApiError: The body, or a medium in it, is wrong.
        """
        model = find_model(self._models.endpoints[endpoint], body)
        if not isinstance(model, Model):
            raise invalid_body(model)
        findings = self._checked(model, body)
        assets, wrong = await self._assets.load(findings)
        if endpoint in self._companions:
            meant, unknown = self._companions[endpoint](body)
            assets, wrong = [*assets, *meant], [*wrong, *unknown]
        if wrong:
            raise invalid_body(wrong)
        wanted = self._finished_draft(body) if "draftTaskId" in body else body
        job = plan(self._models, model, wanted, assets)
        estimate = credits_for(self._models, model, wanted, job, assets, at_most=True)
        price = credits_for(self._models, model, wanted, job, assets)
        drawing = Drawing(model, wanted, job, assets, secrets.randbelow(2**32))
        return Order(endpoint, model.name, body, job, drawing, estimate, price)

    def _checked(self, model: Model, body: Body) -> Findings:
        findings = validate(model, body, strict=self._strict)
        wrong = findings.issues or broken_rules(model, body)
        if wrong:
            raise invalid_body(wrong)
        return findings

    def _finished_draft(self, body: Body) -> Body:
        """The request of a draft, to be made in full."""
        try:
            draft = self._tasks.get(body["draftTaskId"])
        except ApiError:
            draft = None
        finished = draft is not None and draft.status == "SUCCEEDED" and draft.order.body.get("draft")
        if draft is None or not finished or self._calendar.now() > draft.created + _DRAFT_LIFETIME:
            raise invalid_body([issues.custom(["draftTaskId"], "This is not the id of a finished draft.")])
        return {**draft.order.body, "draft": False}
