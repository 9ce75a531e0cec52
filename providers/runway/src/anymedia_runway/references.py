"""Reference inputs on the wire: which list each goes into, and by what tag the prompt names it."""

import re
from collections.abc import Iterator, Mapping, Sequence
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
    references: Sequence[Reference], name: str, form: Form, *, first: Media | None, subjects: Mapping[str, str]
) -> list[object]:
    """The elements of one list: the image to change, if there is one, then the references of the list's kind.

    Args:
        references: All there are.
        name: The list's name on the wire.
        form: How the call is laid out.
        first: The image to change.
        subjects: What tagged references show.

    Raises:
        InvalidRequestError: They are too many, or a tag is impossible or used twice.
    """
    rule = form.references[name]
    fitting = [item for item in references if _kind(item, form) == rule.kind]
    items: list[object] = [{"uri": first}] if first is not None else []
    for reference, tag in zip(fitting, _tags(fitting, rule), strict=True):
        items.append(_item(Media.of(reference.media), tag, rule, subjects))
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
        kind = _kind(reference, form)
        if kind not in homes:
            taken = f"only {' and '.join(homes)} references" if homes else "no references"
            raise _refused(f"references[{index}]", f"is of kind {kind}; this model takes {taken} for {operation}")


def tag_notices(references: Sequence[Reference], form: Form) -> Iterator[Notice]:
    """A notice for each tag that the model has no place for."""
    tagless = {rule.kind for rule in form.references.values() if rule.tags == "none"}
    for index, reference in enumerate(references):
        if reference.tag is not None and _kind(reference, form) in tagless:
            message = f"this model knows no tags, so @{reference.tag} in the prompt means nothing to it; not sent"
            yield Notice(code="dropped", message=message, field=f"references[{index}].tag")


def _kind(reference: Reference, form: Form) -> str:
    """What a reference is; one that does not tell is what this call takes, a picture before all."""
    homes = sorted({rule.kind for rule in form.references.values()}, key=("image", "audio", "video").index)
    return kind_of_input(Media.of(reference.media), otherwise=homes[0] if homes else "image")


def _item(media: Media, tag: str | None, rule: ReferenceField, subjects: Mapping[str, str]) -> object:
    if rule.plain:
        return media
    named = {"tag": tag} if tag is not None else {}
    typed = {"type": rule.kind} if rule.typed else {}
    shown = {"subject": subjects[tag]} if rule.subjects and tag is not None and tag in subjects else {}
    return {**typed, "uri": media, **named, **shown}


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
