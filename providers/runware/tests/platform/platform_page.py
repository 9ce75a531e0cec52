"""The published tables: what was asked for and answered, in `docs/reference/runware.md`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from platform_requests import Question

from anymedia.catalog import Capabilities, Range
from anymedia_runware.catalog import catalog

__all__ = ["Answer", "model_tables", "operation_table", "task_table"]


@dataclass(frozen=True)
class Answer:
    """What came of one request.

    Attributes:
        sent: The parameters that the vendor's side has accepted.
        kinds: What came out.
    """

    sent: frozenset[str]
    kinds: tuple[str, ...]


def operation_table() -> str:
    """One line for each operation: what it becomes, the model taken when none is named, and how many there are."""
    lines = ["| Operation | Task type | Default model | Models |", "|---|---|---|---|"]
    for operation, air in catalog().defaults.items():
        task_type = catalog().models[air].operations[operation].wire["task"]
        models = len(catalog().offering(operation))
        lines.append(f"| `{operation}` | `{task_type}` | `{air}` | {models} |")
    return "\n".join(lines)


def task_table(answers: Mapping[str, tuple[str, Sequence[str]]]) -> str:
    """One line for each task type: how it is asked for, and what came out."""
    lines = ["| Task type | Asked for by | Answered with |", "|---|---|---|"]
    lines += [f"| `{name}` | {how} | {', '.join(kinds)} |" for name, (how, kinds) in sorted(answers.items())]
    return "\n".join(lines)


def model_tables(answers: Sequence[tuple[Question, Answer]]) -> str:
    """A table for each task type: every model, what it can be asked for, and the parameters it has answered to."""
    in_order = sorted(answers, key=lambda pair: (pair[0].task_type, pair[0].common, pair[0].model))
    text: list[str] = []
    for (task_type, common), pairs in groupby(in_order, lambda pair: (pair[0].task_type, pair[0].common)):
        lines = [_line(question, answer) for question, answer in pairs]
        shared = ", ".join(f"`{name}`" for name in common)
        count = f"{len(lines)} models" if len(lines) > 1 else "one model"
        text += [f"### {task_type}, {count}", "", f"All of them take {shared}." if common else "", ""]
        head = "| Model | Operations | Limits | Its own parameters | Came out |"
        text += [head, "|---|---|---|---|---|", *lines, ""]
    return "\n".join(text).strip()


def _line(question: Question, answer: Answer) -> str:
    operations = catalog().models[question.model].operations
    names = ", ".join(f"`{name}`" for name in operations) or "`native`"
    limits = _limits(operations[question.request.operation]) if operations else ""
    own = ", ".join(sorted(answer.sent & set(question.own), key=str.lower))
    return f"| `{question.model}` | {names} | {limits} | {own} | {', '.join(answer.kinds)} |"


def _limits(rules: Capabilities) -> str:
    parts = [
        _sizes(rules),
        f"{_numbers(rules.durations)} s" if rules.durations else f"{rules.duration} s" if rules.duration else "",
        f"references: {rules.references}" if rules.references else "",
        f"{rules.counts} at once" if isinstance(rules.counts, Range) else "",
        f"prompt up to {rules.prompt.high:g}" if rules.prompt else "",
    ]
    return "; ".join(part for part in parts if part)


def _sizes(rules: Capabilities) -> str:
    if rules.sizes:
        ordered = sorted(rules.sizes, key=lambda size: (size.width * size.height, size.width))
        return f"{len(ordered)} sizes, {ordered[0]} to {ordered[-1]}"
    if rules.sides:
        return f"sides {rules.sides}"
    return ", ".join(rules.resolutions)


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
