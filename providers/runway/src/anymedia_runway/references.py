"""Reference inputs on the wire: which list each goes into, and by what tag the prompt names it."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from anymedia.errors import InvalidRequestError, Issue
from anymedia.media import Media
from anymedia.requests import Reference
from anymedia.results import Notice
from anymedia_runway.forms import Form, ReferenceField
from anymedia_runway.inputs import kind_of_input

__all__ = ["reference_items", "refuse_homeless", "tag_notices"]

# Source: Runway API reference 2024-11-06, referenceImages.tag; 2026-11
_TAG: Final = re.compile(r"[a-z][a-z0-9_]{2,15}")


def reference_items(
    references: Sequence[Reference], rule: ReferenceField, first: Media | None
) -> list[dict[str, object]]:
    """The elements of one list: the image to change, if there is one, then the references of the list's kind.

    Raises:
        InvalidRequestError: They are too many, or a tag is impossible or used twice.
    """
    fitting = [item for item in references if kind_of_input(Media.of(item.media)) == rule.kind]
    items: list[dict[str, object]] = [{"uri": first}] if first is not None else []
    tags = _tags(fitting, rule)
    for reference, tag in zip(fitting, tags, strict=True):
        named = {"tag": tag} if tag is not None else {}
        typed = {"type": rule.kind} if rule.typed else {}
        items.append({**typed, "uri": Media.of(reference.media), **named})
    if rule.most is not None and len(items) > rule.most:
        raise _refused("references", f"{len(items)} of kind {rule.kind} are too many; at most {rule.most} are taken")
    return items


def refuse_homeless(references: Sequence[Reference], form: Form, operation: str) -> None:
    """Refuse a reference of a kind that has no list: a dropped input is always an error.

    Raises:
        InvalidRequestError: There is one.
    """
    homes = sorted({rule.kind for rule in form.references.values()})
    for index, reference in enumerate(references):
        kind = kind_of_input(Media.of(reference.media))
        if kind not in homes:
            taken = f"only {' and '.join(homes)} references" if homes else "no references"
            raise _refused(f"references[{index}]", f"is of kind {kind}; this model takes {taken} for {operation}")


def tag_notices(references: Sequence[Reference], form: Form) -> Iterator[Notice]:
    """A notice for each tag that the model has no place for."""
    tagless = {rule.kind for rule in form.references.values() if rule.tags == "none"}
    for index, reference in enumerate(references):
        if reference.tag is not None and kind_of_input(Media.of(reference.media)) in tagless:
            message = f"this model knows no tags, so @{reference.tag} in the prompt means nothing to it; not sent"
            yield Notice(code="dropped", message=message, field=f"references[{index}].tag")


def _tags(references: Sequence[Reference], rule: ReferenceField) -> list[str | None]:
    if rule.tags == "none":
        return [None] * len(references)
    given = [reference.tag for reference in references]
    _check_tags([tag for tag in given if tag is not None])
    if rule.tags == "optional":
        return list(given)
    spare = (tag for tag in (f"ref{number}" for number in range(1, 2 * len(given) + 1)) if tag not in given)
    return [tag if tag is not None else next(spare) for tag in given]


def _check_tags(tags: Sequence[str]) -> None:
    for tag in tags:
        if not _TAG.fullmatch(tag):
            near = re.sub(r"[^a-z0-9_]", "_", tag.lower())[:16]
            nearest = near if _TAG.fullmatch(near) else "ref1"
            message = f"tag {tag!r} is not 3 to 16 lower-case letters, digits and _, a letter first"
            raise _refused("references", message, nearest)
        if tags.count(tag) > 1:
            raise _refused("references", f"tag {tag!r} names two of them")


def _refused(field: str, message: str, nearest: str | None = None) -> InvalidRequestError:
    issue = Issue(field=field, message=message, nearest=nearest)
    return InvalidRequestError(str(issue), provider="runway", issues=[issue])
