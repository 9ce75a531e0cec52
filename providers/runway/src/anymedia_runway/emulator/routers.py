"""The model router: saved preferences, requests that leave the model open, and what was decided for each."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from anymedia_runway.emulator import issues
from anymedia_runway.emulator.answers import answer
from anymedia_runway.emulator.backend import Backend
from anymedia_runway.emulator.candidates import candidates
from anymedia_runway.emulator.errors import ApiError, invalid_body
from anymedia_runway.emulator.generations import Generations
from anymedia_runway.emulator.orders import Orders
from anymedia_runway.emulator.pages import page
from anymedia_runway.emulator.records import Record, Records
from anymedia_runway.emulator.routing import Choice, ceiling, choose, maker
from anymedia_runway.emulator.tasks import Order, Tasks
from anymedia_runway.emulator.web import json_body, stamp

__all__ = ["Routers"]

Settings = dict[str, Any]

_MEDIA = ("image", "video", "audio")
_SCHEMA_VERSION = {"schemaVersion": 1}


class Routers:
    """Keeps routers and routes by them."""

    def __init__(self, backend: Backend, orders: Orders, tasks: Tasks, generations: Generations) -> None:
        self._backend = backend
        self._orders = orders
        self._tasks = tasks
        self._generations = generations
        self._routers = Records("router", backend.calendar)
        self._decisions: dict[str, Records] = {}

    def routes(self) -> list[Route]:
        """Where it is reached."""
        return [
            *(Route(f"/v1/generate/{medium}", partial(self._generate, medium), methods=["POST"]) for medium in _MEDIA),
            Route("/v1/routers", self._create, methods=["POST"]),
            Route("/v1/routers", self._list, methods=["GET"]),
            Route("/v1/routers/{router}", self._get, methods=["GET"]),
            Route("/v1/routers/{router}", self._update, methods=["PATCH"]),
            Route("/v1/routers/{router}", self._delete, methods=["DELETE"]),
            Route("/v1/routers/{router}/requests", self._requests, methods=["GET"]),
        ]

    async def _create(self, request: Request) -> Response:
        body, _ = await self._backend.body(request, "routers.create")
        self._check_models(body)
        if any(router.fields["slug"] == body["slug"] for router in self._routers):
            raise invalid_body([issues.custom(["slug"], "A router with this slug exists.")])
        settings = _merged({}, body.get("settings", {})) | _SCHEMA_VERSION
        router = self._routers.create({"name": body["slug"], "version": 1, **body, "settings": settings})
        self._decisions[router.id] = Records("request", self._backend.calendar)
        return answer(_shown(router))

    async def _list(self, request: Request) -> Response:
        wanted = self._backend.query(request, "page")
        return answer(page(self._routers, wanted, Record.key, _shown))

    async def _get(self, request: Request) -> Response:
        return answer(_shown(self._routers.get(request.path_params["router"])))

    async def _update(self, request: Request) -> Response:
        router = self._routers.get(request.path_params["router"])
        body, _ = await self._backend.body(request, "routers.update")
        self._check_models(body)
        settings = _merged(router.fields["settings"], body.pop("settings", {}))
        version = router.fields["version"] + (settings != router.fields["settings"])
        return answer(_shown(self._routers.update(router, body | {"settings": settings, "version": version})))

    async def _delete(self, request: Request) -> Response:
        router = self._routers.delete(request.path_params["router"])
        del self._decisions[router.id]
        return Response(status_code=204)

    async def _requests(self, request: Request) -> Response:
        router = self._routers.get(request.path_params["router"])
        wanted = self._backend.query(request, "page")
        return answer(page(self._decisions[router.id], wanted, Record.key, _decision))

    async def _generate(self, medium: str, request: Request) -> Response:
        router = self._meant(await json_body(request))
        try:
            body, _ = await self._backend.body(request, f"generate/{medium}")
        except ApiError:
            if router is not None:
                self._record(router, Choice(), request, status="invalid_request")
            raise
        if router is None:
            message = f"No router has the slug {body['configId']!r}"
            raise ApiError(404, {"error": message, "code": "router_config_not_found"})
        wanted = self._backend.models.routing["defaults"].get(medium, {}) | body["input"]
        wanted |= {"asked_duration": body["input"].get("duration")}
        orders, choice = await self._choose(medium, wanted, router)
        if choice.candidate is None:
            self._record(router, choice, request, status="no_eligible_model")
            raise _none_eligible(choice)
        task = self._generations.place(orders[choice.candidate.model.name], request)
        self._record(router, choice, request, status="routed", taskId=task.id)
        return answer({"id": task.id, "routing": self._routing(medium, wanted, router, choice)})

    def _meant(self, body: Mapping[str, Any]) -> Record | None:
        return next((router for router in self._routers if router.fields["slug"] == body.get("configId")), None)

    async def _choose(self, medium: str, wanted: Mapping[str, Any], router: Record) -> tuple[dict[str, Order], Choice]:
        orders: dict[str, Order] = {}
        offered = candidates(self._backend.models, medium, wanted)
        for each in offered:
            if not each.fails:
                try:
                    orders[each.model.name] = await self._orders.read(each.model.endpoint, each.body)
                except ApiError:
                    # Its fields are fine, so it must be the media.
                    each.fails.add("input_support")
        prices = {name: order.estimate for name, order in orders.items()}
        settings = router.fields["settings"]
        return orders, choose(offered, settings, medium, prices, self._tasks.is_full)

    def _record(self, router: Record, choice: Choice, request: Request, **ending: Any) -> None:
        fields: dict[str, Any] = {
            "requestId": f"req-{len(self._backend.ledger.requests)}",
            "emptiedBy": choice.emptied_by,
            "pipeline": choice.pipeline,
            **ending,
        }
        if choice.candidate is not None:
            model = choice.candidate.model.name
            fields |= {"model": model, "provider": maker(self._backend.models, model), "reasonCode": choice.reason}
            fields |= {"estimatedCredits": choice.credits, "reason": f"{model} for {choice.credits:g} credits"}
        self._decisions[router.id].create(fields)

    def _routing(self, medium: str, wanted: Mapping[str, Any], router: Record, choice: Choice) -> dict[str, Any]:
        assert choice.candidate is not None
        settings, model = router.fields["settings"], choice.candidate.model.name
        routing: dict[str, Any] = {
            "configId": router.fields["slug"],
            "model": model,
            "provider": maker(self._backend.models, model),
            "estimatedCost": {"credits": choice.credits},
            "resolvedInput": _resolved(medium, wanted, choice),
            "resolvedSettings": {
                "optimizeFor": settings.get("optimizeFor", "cost"),
                "priceCeiling": ceiling(settings, medium),
            },
        }
        return routing | ({"capacityFallback": choice.capacity} if choice.capacity else {})

    def _check_models(self, body: Mapping[str, Any]) -> None:
        names = body.get("settings", {}).get("models", {}).get("ids", ())
        unknown = [index for index, name in enumerate(names) if name not in self._backend.models.names]
        if unknown:
            path = ["settings", "models", "ids"]
            raise invalid_body([issues.custom([*path, index], "Unknown model") for index in unknown])


def _none_eligible(choice: Choice) -> ApiError:
    filters = [step for step in choice.pipeline if step["type"] == "filter"]
    error = {"error": "No eligible model for this request.", "code": "no_eligible_model"}
    return ApiError(400, {**error, "pipeline": filters, "emptiedBy": choice.emptied_by})


def _resolved(medium: str, wanted: Mapping[str, Any], choice: Choice) -> dict[str, Any]:
    assert choice.candidate is not None
    if medium == "audio":
        kind = wanted.get("voice", {}).get("type") or ("default" if wanted["type"] == "speech" else "none")
        return {"type": wanted["type"], "voice": kind}
    ratio = choice.candidate.ratio or "auto"
    if medium == "image":
        return {"aspectRatio": wanted["aspectRatio"], "ratio": ratio, "resolution": wanted["resolution"]}
    return {"duration": wanted["duration"], "ratio": ratio, "resolution": wanted["resolution"]}


def _shown(router: Record) -> dict[str, Any]:
    fields = router.fields
    return {
        "id": router.id,
        "slug": fields["slug"],
        "name": fields["name"],
        "description": fields.get("description"),
        "settings": fields["settings"],
        "version": fields["version"],
        "createdAt": stamp(router.created),
        "updatedAt": stamp(router.updated),
    }


def _decision(record: Record) -> dict[str, Any]:
    return {"id": record.id, "createdAt": stamp(record.created), **record.fields}


def _merged(old: Settings, new: Mapping[str, Any]) -> Settings:
    """New settings laid over old ones, level by level; null takes one away. A list of models is replaced as a whole."""
    merged = dict(old)
    for key, value in new.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and key != "models":
            merged[key] = _merged(merged.get(key, {}), value)  # pyright: ignore[reportUnknownArgumentType]
        else:
            merged[key] = value
    return {key: value for key, value in merged.items() if value != {}}
