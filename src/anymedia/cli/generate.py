"""`anymedia image`, `video` and `upscale`: one request, from the options to files on disk."""

import json
import signal
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated, cast

import typer

from anymedia.bridge import bridge
from anymedia.cli.console import (
    BAD_INPUT,
    FAILED,
    answer,
    answer_json,
    console,
    exiting,
    interrupted,
    price,
    say,
)
from anymedia.cli.options import Connection, Delivery, Look, check_out, given, is_folder, open_client
from anymedia.cli.progress import Words, board_for, follow
from anymedia.errors import AuthenticationError
from anymedia.handles import NOT_GIVEN
from anymedia.json import JSON
from anymedia.media import Media, load
from anymedia.provider import Plan
from anymedia.refs import TaskRef
from anymedia.requests import ImageToVideo, Native, Request, TextToImage, TextToVideo, UpscaleImage, UpscaleVideo
from anymedia.results import Notice, Result, TextResult, TrainingResult
from anymedia.sync import MediaClient, Task

__all__ = ["DryRun", "Key", "as_data", "deliver", "generate", "image", "save", "upscale", "video"]

Prompt = Annotated[str, typer.Argument(metavar="PROMPT", help="What to make.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be sent and what it should cost; send nothing.")
]
Key = Annotated[
    str | None, typer.Option("--idempotency-key", metavar="KEY", help="The same key is the same task, however often.")
]
Model = Annotated[str | None, typer.Option(help="A model; default: the provider's for this operation.")]


def image(
    prompt: Prompt,
    *,
    look: Look,
    connection: Connection,
    delivery: Delivery,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Make an image from a prompt."""
    fields = given(look, prompt=prompt, idempotency_key=key)
    generate(TextToImage, fields, connection, delivery, dry_run=dry_run)


def video(
    prompt: Prompt,
    *,
    look: Look,
    connection: Connection,
    delivery: Delivery,
    image: Annotated[str | None, typer.Option(help="The first frame: a file or a URL.")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds.")] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Make a video from a prompt, or from an image and a prompt."""
    fields = given(look, prompt=prompt, duration=duration, idempotency_key=key)
    if image is None:
        generate(TextToVideo, fields, connection, delivery, dry_run=dry_run)
    else:
        first = image if "://" in image else Path(image)
        generate(ImageToVideo, fields | {"image": first}, connection, delivery, dry_run=dry_run)


def upscale(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An image or a video; its content tells which.")],
    *,
    connection: Connection,
    delivery: Delivery,
    model: Model = None,
    factor: Annotated[float | None, typer.Option(help="How many times wider and higher.")] = None,
    resolution: Annotated[str | None, typer.Option(help="For a video, the wanted scale: 720p ... 4k.")] = None,
    fps: Annotated[float | None, typer.Option(help="For a video, the wanted frames per second.")] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Make an image or a video larger."""
    fields = given(model=model, factor=factor, resolution=resolution, fps=fps, idempotency_key=key)
    with exiting(BAD_INPUT):
        source = bridge().run(lambda: load(Media.of(file), field="file", kinds=("image", "video")))
    if source.kind == "image":
        generate(UpscaleImage, fields | {"image": source}, connection, delivery, dry_run=dry_run)
    else:
        generate(UpscaleVideo, fields | {"video": source}, connection, delivery, dry_run=dry_run)


def generate(
    kind: type[Request[Result]],
    fields: Mapping[str, object],
    connection: Connection,
    delivery: Delivery,
    *,
    dry_run: bool,
    own: Mapping[str, JSON] | None = None,
) -> None:
    """Plan one request, start it, follow it and write its outputs; `own` are options of the provider's own."""
    with exiting(BAD_INPUT):
        check_out(delivery.out)
        client = _open(connection)
    out = delivery.out or (None if issubclass(kind.result_type, TextResult) else Path())
    with client.with_options(autosave=out if out is not None and is_folder(out) else None) as client:
        with exiting(BAD_INPUT):
            request = kind(**fields, **_of_provider(kind, client.provider, own))
            plan = client.plan(request)
        if dry_run:
            _show_plan(plan, as_json=delivery.json)
            return
        _tell(plan.notices)
        task = _submit(client, request)
        streamed = getattr(request, "stream", False) and out is None and not delivery.json
        deliver(client, task, replace(delivery, out=out), told=plan.notices, streamed=streamed)


def _of_provider(kind: type[Request[Result]], provider: str, own: Mapping[str, JSON] | None) -> Mapping[str, object]:
    named = {"provider": provider} if issubclass(kind, Native) else {}
    return named | ({"provider_options": {provider: own}} if own else {})


def _open(connection: Connection) -> MediaClient:
    try:
        return open_client(connection)
    except AuthenticationError as error:
        raise AuthenticationError(f"{error.message}, or add --emulate", provider=error.provider) from error


def _submit(client: MediaClient, request: Request[Result]) -> Task[Result]:
    ref: TaskRef | None = None
    try:
        with exiting(FAILED), _patience():
            task = client.submit(request)
            ref = task.ref
            say(f"task: {ref}", "dim")
    except KeyboardInterrupt:
        interrupted(ref, emulated=client.emulated)
    return task


@contextmanager
def _patience() -> Generator[None]:
    """Hold the first Ctrl-C back until the block ends: a request that is being sent leads to its task only then."""
    pressed = False
    before = signal.getsignal(signal.SIGINT)

    def hold(_: int, __: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)
        say("waiting for the answer, so that the task is not lost; Ctrl-C again gives it up")

    signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def deliver(
    client: MediaClient,
    task: Task[Result],
    delivery: Delivery,
    *,
    told: tuple[Notice, ...] = (),
    streamed: bool = False,
) -> None:
    """Follow a task to its end, write its outputs and say where they are; a streamed text is shown as it comes."""
    timeout = NOT_GIVEN if delivery.timeout is None else delivery.timeout
    try:
        with exiting(FAILED, task.ref), Words() if streamed else board_for(console) as board:
            result = follow(task, f"{task.ref.provider} {task.ref.operation}", board, timeout)
            if isinstance(board, Words) and isinstance(result, TextResult):
                board.finish(result.text)
        with exiting(FAILED, task.ref):
            files = () if is_printed(result, delivery.out) else save(client, result, delivery.out)
    except KeyboardInterrupt:
        interrupted(task.ref, emulated=client.emulated)
    _tell(tuple(notice for notice in result.notices if notice not in told))
    for error in result.errors:
        say(f"missing output: {error.message}", "yellow")
    say(f"cost: {price(result.cost)}")
    if delivery.json:
        answer_json(as_data(result, files))
    elif not streamed:
        for line in _told(result, files):
            answer(line)


def is_printed(result: Result, out: Path | None) -> bool:
    """Whether what came out is to be read here, rather than from a file."""
    return isinstance(result, TextResult) and out is None and not result.saved


def _told(result: Result, files: Sequence[Path]) -> Sequence[object]:
    if isinstance(result, TrainingResult):
        return [result.trained_model]
    return result.texts if isinstance(result, TextResult) and not files else files


def save(client: MediaClient, result: Result, out: Path | None) -> Sequence[Path]:
    """Write a result's outputs to `out`, unless that has been done; without it, where they already are is good."""
    if result.saved and out is None:
        return result.saved
    if result.saved and out is not None and result.saved[0].parent == out.absolute():
        return [out / file.name for file in result.saved]
    return client.save(result, out or Path())


def as_data(result: Result, files: Sequence[Path]) -> dict[str, object]:
    """A result and its files, without its bytes and without the provider's raw answer."""
    told: dict[str, object] = result.model_dump(
        mode="json", exclude={"raw": True, "saved": True, "outputs": {"__all__": {"data"}}}
    )
    words: dict[str, object] = {"texts": result.texts} if isinstance(result, TextResult) else {}
    return told | words | {"files": [str(file) for file in files]}


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    body = _readable(plan.body)
    shown = {
        "provider": plan.provider,
        "operation": plan.operation,
        "model": plan.model,
        "call": plan.call,
        "body": body,
        "notices": [notice.model_dump() for notice in plan.notices],
        "estimate": plan.estimate.model_dump(mode="json") if plan.estimate else None,
    }
    if as_json:
        answer_json(shown)
        return
    _tell(plan.notices)
    for name in ("provider", "operation", "model", "call"):
        answer(f"{name}: {shown[name]}")
    for name, value in plan.body.items():
        answer(f"  {name}: {_in_line(_readable(value))}")
    answer(f"estimate: {price(plan.estimate)}")
    say("nothing was sent", "dim")


def _in_line(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _readable(value: object) -> object:
    """A wire body with a word in place of each input."""
    if isinstance(value, Media):
        return f"<{value}>"
    if isinstance(value, Mapping):
        return {key: _readable(item) for key, item in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_readable(item) for item in cast("Sequence[object]", value)]
    return value


def _tell(notices: tuple[Notice, ...]) -> None:
    for notice in notices:
        say(f"notice: {notice}", "yellow")
