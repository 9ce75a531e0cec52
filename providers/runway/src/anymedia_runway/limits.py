"""Which values a model takes, in the core's words, and which of the rules the vendor publishes."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from anymedia.catalog import Range
from anymedia_runway.facts import Field
from anymedia_runway.forms import ReferenceField
from anymedia_runway.writers import FORMAT_WORDS

__all__ = ["Limits", "is_preset", "seconds"]

_OUR_WORDS: Final = {vendors: ours for ours, vendors in FORMAT_WORDS.items()}


class Limits:
    """Collects numeric rules, and which of them the vendor publishes."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self.confirmed: set[str] = set()
        self.takes_references = False

    def numbers(self, fields: Mapping[str, Field]) -> None:
        """Prompt length, seconds, number of outputs, seeds, formats, factors and frame rates."""
        for name, rule in (("promptText", "prompt"), ("duration", "duration"), ("seed", "seeds")):
            self._range(fields.get(name), rule)
        self._count(fields.get("outputCount") or fields.get("numVariants"))
        self._listed(fields)

    def references(self, fields: Mapping[str, Field], references: Mapping[str, ReferenceField], operation: str) -> None:
        """How many reference inputs there may be in all; an image to change is one of them on the wire."""
        most = [fields[name].bounds[1] for name in references]
        taken = 1 if operation == "image_to_image" else 0
        self.takes_references = bool(most) and (None in most or sum(most) > taken)
        if self.takes_references and None not in most:
            self.found["references"] = sum(most) - taken
            self._confirm("references", *(fields[name] for name in references))

    def _range(self, field: Field | None, rule: str) -> None:
        low, high = field.bounds if field else (None, None)
        if field and high is not None:
            self.found[rule] = Range(low or 0, high, 0 if field.schema.get("type") == "number" else 1)
            self._confirm(rule, field)

    def _count(self, field: Field | None) -> None:
        if field is None:
            self.found["counts"] = Range(1, 1, 1)
            self.confirmed.add("counts")
            return
        low, high = (min(field.values), max(field.values)) if field.values else field.bounds
        # Where only the two ends are legal, they are one step apart.
        self.found["counts"] = Range(low, high, high - low if field.values else 1)
        self._confirm("counts", field)

    def _listed(self, fields: Mapping[str, Field]) -> None:
        if "duration" in fields and seconds(fields["duration"]):
            self.found["durations"] = seconds(fields["duration"])
            self.confirmed.add("durations")
        made = fields.get("outputFormat") or fields.get("format")
        if made:
            self.found["formats"] = tuple(_OUR_WORDS.get(value, value) for value in made.values)
        choices = dict(_choices(fields))
        if choices:
            self.found["choices"] = choices

    def _confirm(self, rule: str, *fields: Field) -> None:
        if not any(field.assumed & {"min", "max"} for field in fields):
            self.confirmed.add(rule)


def _choices(fields: Mapping[str, Field]) -> Iterator[tuple[str, tuple[float | str, ...]]]:
    if "scaleFactor" in fields:
        yield "factor", fields["scaleFactor"].values
    if "targetFramerate" in fields:
        yield "fps", tuple(float(value.replace("_", ".")) for value in fields["targetFramerate"].values)
    if "targetLang" in fields:
        yield "language", fields["targetLang"].values
    if "voice" in fields and is_preset(fields["voice"]):
        yield "voice", Field("presetId", fields["voice"].schema["fields"]["presetId"]).values


def is_preset(voice: Field) -> bool:
    """Whether a voice is picked from the vendor's list, not copied from a recording."""
    return "presetId" in voice.schema["fields"]


def seconds(field: Field) -> tuple[float, ...]:
    """Those of a field's listed values that are numbers."""
    return tuple(value for value in field.values if isinstance(value, int | float))
