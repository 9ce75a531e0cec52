"""Makes the calls of `runway_calls.json` with the vendor's `runwayml` package, unmodified.

Usage: runwayml_calls.py sync|async BASE_URL API_KEY, with `runwayml` installed and nothing else beyond the standard
library. Prints `ok can <method>` for each method that the package has and `ok did <method>` for each call that went
well, and ends with a traceback at the first one that did not.
"""

import asyncio
import inspect
import json
import re
import sys
import time
import urllib.request
from pathlib import Path

import runwayml
from runwayml import AsyncRunwayML, RunwayML
from runwayml._resource import AsyncAPIResource, SyncAPIResource
from steps import ok, small_png

POLL_SECONDS = 0.02
LIMIT_SECONDS = 60
ENDS = ("SUCCEEDED", "FAILED", "CANCELLED")
PLAN = json.loads(Path(__file__).with_name("runway_calls.json").read_text("utf-8"))


class Pages:
    """A list whose rows are all wanted, page after page."""

    def __init__(self, pager):
        self.pager = pager


def snake(name):
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def camel(name):
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def pythonic(value):
    """Arguments with the names that the package documents."""
    if isinstance(value, dict):
        return {{"from": "from_"}.get(key, snake(key)): pythonic(each) for key, each in value.items()}
    return [pythonic(each) for each in value] if isinstance(value, list) else value


def plain(answer):
    return answer.to_dict(mode="json") if hasattr(answer, "to_dict") else answer


def at(value, path):
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def filled(value, kept):
    if isinstance(value, dict):
        return {key: filled(each, kept) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, kept) for each in value]
    return at(kept, value[1:]) if isinstance(value, str) and value.startswith("$") else value


def resources(holder, path=()):
    """Every resource of a client, by its path."""
    for name in dir(type(holder)):
        if not name.startswith(("_", "with_")):
            found = getattr(holder, name)
            if isinstance(found, SyncAPIResource | AsyncAPIResource):
                yield (*path, name), found
                yield from resources(found, (*path, name))


def methods(client):
    for path, resource in resources(client):
        for name in vars(type(resource)):
            if not name.startswith(("_", "with_")) and inspect.isfunction(vars(type(resource))[name]):
                yield ".".join((*path, name))


def calls(client, base_url):
    """The plan, as a conversation: what is yielded is a value, something to await, or pages."""
    kept = {"file": ("kite.png", small_png(320))}
    for step in PLAN:
        if "join" in step:
            join(base_url, filled(step["join"], kept), filled(step["key"], kept))
            continue
        name = ".".join(map(snake, step["call"].split(".")))
        answer = yield from called(client, name, step, kept)
        kept["last"] = answer
        if "save" in step:
            kept[step["save"]] = answer
        for path, wanted in step.get("expect", {}).items():
            assert at(answer, path) == wanted, (name, path, answer)
        ok(f"did {name}")


def called(client, name, step, kept):
    method = client
    for part in name.split("."):
        method = getattr(method, part)
    given = [filled(step["on"], kept)] if "on" in step else []
    arguments = pythonic(filled(step.get("with", {}), kept))
    if "rows" in step:
        rows = yield Pages(method(*given, **arguments))
        assert len(rows) == step["rows"], (name, rows)
        return None
    try:
        answer = yield method(*given, **arguments)
    except runwayml.APIStatusError as error:
        assert error.status_code == step.get("status"), (name, error.body)
        for path, wanted in step.get("says", {}).items():
            assert at(error.body, path) == wanted, (name, path, error.body)
        return None
    assert "status" not in step, (name, answer)
    if "wait" in step:
        answer = yield answer.wait_for_task_output(timeout=LIMIT_SECONDS)
        assert answer.status == step["wait"], answer
    if "ends" in step:
        return (yield from followed(client.tasks.retrieve, answer.id, ENDS, step["ends"]))
    if "until" in step:
        return (yield from followed(method, given[0], ("READY", "FAILED"), step["until"]))
    return plain(answer)


def followed(retrieve, id, ends, wanted):
    limit = time.monotonic() + LIMIT_SECONDS
    while (answer := (yield retrieve(id))).status not in ends:
        assert time.monotonic() < limit, answer
        time.sleep(POLL_SECONDS)
    assert answer.status == wanted, answer
    return plain(answer)


def join(base_url, session, key):
    """Enter a realtime session as a browser does, which no SDK can."""
    headers = {"Authorization": f"Bearer {key}", "X-Runway-Version": "2024-11-06"}
    request = urllib.request.Request(f"{base_url}/v1/realtime_sessions/{session}/consume", b"", headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=LIMIT_SECONDS) as answer:
        assert json.load(answer)["token"]


def talk(conversation):
    value = None
    while True:
        try:
            asked = conversation.send(value)
            value = list(asked.pager) if isinstance(asked, Pages) else asked
        except StopIteration:
            return


async def talk_async(conversation):
    action, value = conversation.send, None
    while True:
        try:
            asked = action(value)
        except StopIteration:
            return
        try:
            if isinstance(asked, Pages):
                value = [row async for row in asked.pager]
            else:
                value = await asked if inspect.isawaitable(asked) else asked
            action = conversation.send
        except runwayml.APIStatusError as error:
            action, value = conversation.throw, error


async def asynchronous(base_url, api_key):
    async with AsyncRunwayML(api_key=api_key, base_url=base_url) as client:
        for name in methods(client):
            ok(f"can {name}")
        await talk_async(calls(client, base_url))


def main():
    world, base_url, api_key = sys.argv[1:]
    if world == "async":
        asyncio.run(asynchronous(base_url, api_key))
        return
    with RunwayML(api_key=api_key, base_url=base_url) as client:
        for name in methods(client):
            ok(f"can {name}")
        talk(calls(client, base_url))


main()
