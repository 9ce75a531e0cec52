"""accountManagement: an invented organisation with a real count of what was asked and spent."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from anymedia_runware.emulator.backend import Backend
from anymedia_runware.emulator.behaviour import DAY
from anymedia_runware.emulator.shapes import array_of
from anymedia_runware.emulator.tasks import Task
from anymedia_runware.emulator.training import AIR_SOURCE

__all__ = ["account"]

_OPENING_BALANCE = Decimal(1000)
_ORGANISATION = "00000000-0000-4000-8000-000000000001"
_MEMBER = "someone@example.com"
_FIRST_DAY = "2026-01-01T00:00:00Z"
_KEY = "emul****************0000"
_SPANS = {"total": None, "today": DAY, "last7Days": 7 * DAY, "last30Days": 30 * DAY}


def account(task: Mapping[str, Any], backend: Backend) -> dict[str, Any]:
    """The answer to any of the four operations; credits are US dollars."""
    operation = str(task["operation"])
    if operation == "getDetails":
        return {"operation": operation, **_details(backend)}
    models = array_of(task.get("models"))
    tasks = [one for one in backend.tasks.values() if not models or one.order.model.air in models]
    asked = {name: task[name] for name in ("startDate", "endDate", "groupBy", "timezone") if task.get(name) is not None}
    return {"operation": operation, **asked, "usage": _REPORTS[operation](tasks, backend)}


def _details(backend: Backend) -> dict[str, Any]:
    balance = float(_OPENING_BALANCE - backend.ledger.charged)
    requests = len(backend.tasks)
    key = {"name": "emulated", "apiKey": _KEY, "description": "", "enabled": True, "createdAt": _FIRST_DAY}
    return {
        "organizationUUID": _ORGANISATION,
        "organizationName": "Emulated organisation",
        "AIRSource": AIR_SOURCE,
        "balance": {"amount": balance, "currency": "USD"} if backend.behaviour.balance_object else balance,
        "team": [{"name": "Someone", "email": _MEMBER, "roles": ["owner"], "joinedAt": _FIRST_DAY}],
        "apiKeys": [{**key, "lastUsedAt": _FIRST_DAY, "requests": requests}],
        "usage": {name: _spent(_since(backend, span), backend) for name, span in _SPANS.items()},
    }


def _since(backend: Backend, span: float | None) -> list[Task]:
    start = None if span is None else backend.clock.now() - span
    return [task for task in backend.tasks.values() if start is None or task.created >= start]


def _spent(tasks: Iterable[Task], backend: Backend) -> dict[str, Any]:
    chosen = list(tasks)
    spent = sum((backend.ledger.entries[task.uuid].charged for task in chosen), Decimal(0))
    return {"credits": float(spent), "requests": len(chosen)}


# What the usage operations answer is not documented; this form is our choice: a total and a line per group.
def _activity(tasks: list[Task], backend: Backend) -> dict[str, Any]:
    return _report(tasks, lambda task: {"model": task.order.model.air}, lambda chosen: _spent(chosen, backend))


def _performance(tasks: list[Task], backend: Backend) -> dict[str, Any]:
    def measured(chosen: list[Task]) -> dict[str, Any]:
        times = [result.ready_at - task.created for task in chosen for result in task.results if result.done]
        return {"results": len(times), "averageSeconds": round(sum(times) / len(times), 3) if times else None}

    return _report(tasks, lambda task: {"model": task.order.model.air}, measured)


def _errors(tasks: list[Task], backend: Backend) -> dict[str, Any]:
    failed = [task for task in tasks if task.failures]
    return _report(
        failed,
        lambda task: {"model": task.order.model.air, "code": task.failures[0].code},
        lambda chosen: {"errors": sum(len(task.failures) for task in chosen)},
    )


def _report(
    tasks: list[Task], group: Callable[[Task], dict[str, Any]], measure: Callable[[list[Task]], dict[str, Any]]
) -> dict[str, Any]:
    groups: dict[tuple[Any, ...], list[Task]] = {}
    for task in tasks:
        groups.setdefault(tuple(group(task).values()), []).append(task)
    lines = [{**group(chosen[0]), **measure(chosen)} for chosen in groups.values()]
    return {"total": measure(tasks), "groups": lines}


_REPORTS: Mapping[str, Callable[[list[Task], Backend], dict[str, Any]]] = {
    "getUsageActivity": _activity,
    "getUsagePerformance": _performance,
    "getUsageErrors": _errors,
}
