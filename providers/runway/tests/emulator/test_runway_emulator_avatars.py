"""Avatars, voices and documents: created, processed, listed, changed, used and deleted."""

import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from anymedia.testing import ManualClock
from anymedia.testing.render import probe
from anymedia_runway.emulator import RunwayEmulator

_PRESET = {"type": "runway-live-preset", "presetId": "clara"}
_AVATAR = {"name": "Ada", "personality": "Kind.", "referenceImage": "https://example.com/a.png", "voice": _PRESET}
_DESCRIBED = {"type": "text", "model": "eleven_ttv_v3", "prompt": "an old sailor with a warm voice"}


@pytest.fixture
async def emulator(clock: ManualClock) -> AsyncIterator[RunwayEmulator]:
    """One with credits for anything."""
    async with RunwayEmulator(clock=clock, credits=100_000) as running:
        yield running


async def created(api: httpx.AsyncClient, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the API answers to the creation of something."""
    answer = await api.post(f"/v1/{kind}", json=body)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_avatar_is_processed(
    api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock, inline: Mapping[str, str]
) -> None:
    """A new avatar is PROCESSING, then READY with a prepared picture; its voice has a name."""
    avatar = await created(api, "avatars", _AVATAR | {"referenceImage": inline["image"], "startScript": "Hi."})
    assert (avatar["status"], avatar["processedImageUri"], avatar["startScript"]) == ("PROCESSING", None, "Hi.")
    assert avatar["voice"] == _PRESET | {"name": "Clara", "description": "Clara, one of Runway's voices"}
    await clock.advance(30)
    ready = (await api.get(f"/v1/avatars/{avatar['id']}")).json()
    assert ready["status"] == "READY"
    sizes = [
        (facts.width, facts.height)
        for name in ("referenceImageUri", "processedImageUri")
        for facts in [probe((await web.get(ready[name])).content)]
    ]
    assert sizes == [(480, 320), (1080, 720)]


async def test_avatar_may_fail(emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock) -> None:
    """An avatar whose picture shows no face ends as FAILED with a reason, and cannot speak."""
    emulator.faults.add("fail_processing", match="/avatars", reason="No face.")
    avatar = await created(api, "avatars", _AVATAR)
    await clock.advance(30)
    failed = (await api.get(f"/v1/avatars/{avatar['id']}")).json()
    assert (failed["status"], failed["failureReason"]) == ("FAILED", "No face.")
    speech = {"type": "text", "text": "hello"}
    film = {"model": "gwm1_avatars", "avatar": {"type": "custom", "avatarId": avatar["id"]}, "speech": speech}
    answer = await api.post("/v1/avatar_videos", json=film)
    assert answer.json()["issues"][0]["path"] == ["avatar", "avatarId"]


async def test_avatar_changes(api: httpx.AsyncClient, clock: ManualClock) -> None:
    """Fields change one by one and null clears the script; the picture cannot change while one is processed."""
    avatar = await created(api, "avatars", _AVATAR | {"startScript": "Hi."})
    path = f"/v1/avatars/{avatar['id']}"
    picture = {"referenceImage": "https://example.com/b.png"}
    early = await api.patch(path, json=picture)
    assert (early.status_code, list(early.json())) == (409, ["error"])
    changed = (await api.patch(path, json={"name": "Grace", "startScript": None})).json()
    assert (changed["name"], changed["startScript"], changed["personality"]) == ("Grace", None, "Kind.")
    await clock.advance(30)
    assert (await api.patch(path, json=picture)).json()["status"] == "PROCESSING"
    assert (await api.patch(path, json={"name": ""})).json()["issues"][0]["path"] == ["name"]


async def test_avatar_speaks_with_its_own_picture(
    api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock, inline: Mapping[str, str]
) -> None:
    """A READY avatar of one's own appears in films, in the shape of its picture, with a voice of one's own."""
    avatar = await created(api, "avatars", _AVATAR | {"referenceImage": inline["image"]})
    voice = await created(api, "voices", {"name": "Old salt", "from": _DESCRIBED})
    await clock.advance(30)
    speech = {"type": "text", "text": "hello", "voice": {"type": "custom", "id": voice["id"]}}
    film = {"model": "gwm1_avatars", "avatar": {"type": "custom", "avatarId": avatar["id"]}, "speech": speech}
    task = await created(api, "avatar_videos", film)
    await clock.advance(60)
    (url,) = (await api.get(f"/v1/tasks/{task['id']}")).json()["output"]
    facts = probe((await web.get(url)).content)
    assert (facts.width, facts.height) == (1080, 720)


async def test_avatar_refuses_what_does_not_exist(api: httpx.AsyncClient) -> None:
    """Voices and documents that are unknown are told together."""
    unknown = str(uuid.uuid4())
    body = _AVATAR | {"voice": {"type": "custom", "id": unknown}, "documentIds": [unknown]}
    answer = await api.post("/v1/avatars", json=body)
    assert answer.status_code == 400
    assert [issue["path"] for issue in answer.json()["issues"]] == [["voice", "id"], ["documentIds", 0]]


async def test_voice_is_made_and_heard(
    api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock, inline: Mapping[str, str]
) -> None:
    """A voice is PROCESSING without a preview, then READY with one that plays; it can be renamed and cleared."""
    made = await created(api, "voices", {"name": "Me", "from": {"type": "audio", "audio": inline["clip"]}})
    assert list(made) == ["id"]
    path = f"/v1/voices/{made['id']}"
    early = (await api.get(path)).json()
    assert (early["status"], "previewUrl" in early) == ("PROCESSING", False)
    await clock.advance(30)
    ready = (await api.get(path)).json()
    assert probe((await web.get(ready["previewUrl"])).content).media_type == "audio/mpeg"
    assert (await api.patch(path, json={"description": "mine"})).json()["description"] == "mine"
    assert (await api.patch(path, json={"description": None})).json()["description"] is None
    assert (await api.patch(path, json={"from": {}})).json()["issues"][0]["code"] == "unrecognized_keys"


async def test_voice_may_fail(emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock) -> None:
    """A voice may end as FAILED with a reason."""
    emulator.faults.add("fail_processing")
    made = await created(api, "voices", {"name": "Me", "from": _DESCRIBED})
    await clock.advance(30)
    failed = (await api.get(f"/v1/voices/{made['id']}")).json()
    assert (failed["status"], failed["failureReason"]) == ("FAILED", "No voice could be made of this.")


async def test_voice_preview_plays(api: httpx.AsyncClient, web: httpx.AsyncClient) -> None:
    """A description can be listened to before a voice is made of it; its length is told."""
    preview = await created(api, "voices/preview", {key: _DESCRIBED[key] for key in ("model", "prompt")})
    facts = probe((await web.get(preview["url"])).content)
    assert facts.duration == pytest.approx(preview["durationSecs"], abs=0.01)
    short = await api.post("/v1/voices/preview", json={"model": "eleven_ttv_v3", "prompt": "short"})
    assert short.json()["issues"][0]["minimum"] == 20


async def test_deleted_voice_leaves_a_trace(api: httpx.AsyncClient, clock: ManualClock) -> None:
    """An avatar tells that its voice was deleted; the voice itself and its preview are gone."""
    voice = await created(api, "voices", {"name": "Me", "from": _DESCRIBED})
    await clock.advance(30)
    avatar = await created(api, "avatars", _AVATAR | {"voice": {"type": "custom", "id": voice["id"]}})
    assert (avatar["voice"]["deleted"], avatar["voice"]["name"]) == (False, "Me")
    assert (await api.delete(f"/v1/voices/{voice['id']}")).status_code == 204
    assert (await api.get(f"/v1/voices/{voice['id']}")).status_code == 404
    assert (await api.get(f"/v1/avatars/{avatar['id']}")).json()["voice"]["deleted"] is True


async def test_documents_know_their_avatars(api: httpx.AsyncClient) -> None:
    """A document shows who uses it, changes without an answer, and has its content only when asked for alone."""
    document = await created(api, "documents", {"name": "Menu", "content": "Soup."})
    path = f"/v1/documents/{document['id']}"
    avatar = await created(api, "avatars", _AVATAR | {"documentIds": [document["id"]]})
    changed = await api.patch(path, json={"content": "Fish."})
    assert (changed.status_code, changed.content) == (204, b"")
    shown = (await api.get(path)).json()
    assert (shown["content"], shown["type"], shown["usedBy"]) == (
        "Fish.",
        "text",
        [{"id": avatar["id"], "name": "Ada"}],
    )
    (row,) = (await api.get("/v1/documents", params={"limit": 5})).json()["data"]
    assert "content" not in row
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).json() == {"error": "Could not find document"}


async def test_documents_are_sorted_as_asked(api: httpx.AsyncClient, clock: ManualClock) -> None:
    """Documents come newest first, and by their last change or the other way round on demand."""
    ids = []
    for name in "abc":
        ids.append((await created(api, "documents", {"name": name, "content": "x"}))["id"])
        await clock.advance(1)
    await api.patch(f"/v1/documents/{ids[0]}", json={"name": "A"})

    async def order(**query: str) -> str:
        rows = (await api.get("/v1/documents", params={"limit": 9, **query})).json()["data"]
        return "".join(row["name"] for row in rows)

    assert await order() == "cbA"
    assert await order(sort="updatedAt") == "Acb"
    assert await order(sort="createdAt", order="asc") == "Abc"
    assert (await api.get("/v1/documents", params={"sort": "name"})).status_code == 400


@pytest.mark.parametrize(("kind", "what"), [("avatars", "avatar"), ("voices", "voice"), ("documents", "document")])
async def test_what_is_unknown_is_not_found(api: httpx.AsyncClient, kind: str, what: str) -> None:
    """Reading, changing and deleting what does not exist is a 404 with nothing but an error."""
    path = f"/v1/{kind}/{uuid.uuid4()}"
    answers = [await api.get(path), await api.patch(path, json={}), await api.delete(path)]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert answers[0].json() == {"error": f"Could not find {what}"}


async def test_all_are_listed_page_by_page(api: httpx.AsyncClient) -> None:
    """Avatars and voices come in pages, newest first, and tell when there are more."""
    for name in ("one", "two"):
        await created(api, "avatars", _AVATAR | {"name": name})
        await created(api, "voices", {"name": name, "from": _DESCRIBED})
    for kind in ("avatars", "voices"):
        first = (await api.get(f"/v1/{kind}", params={"limit": 1})).json()
        rest = (await api.get(f"/v1/{kind}", params={"limit": 1, "cursor": first["nextCursor"]})).json()
        assert [row["name"] for page in (first, rest) for row in page["data"]] == ["two", "one"]
        assert (first["hasMore"], rest["hasMore"], rest["nextCursor"]) == (True, False, None)


async def test_deleted_avatar_is_gone(api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock) -> None:
    """A deleted avatar can be neither read nor used, and its pictures are gone."""
    avatar = await created(api, "avatars", _AVATAR)
    await clock.advance(30)
    assert (await api.delete(f"/v1/avatars/{avatar['id']}")).status_code == 204
    assert (await api.get(f"/v1/avatars/{avatar['id']}")).status_code == 404
    assert (await web.get(avatar["referenceImageUri"])).status_code == 404


async def test_bad_picture_makes_no_avatar(api: httpx.AsyncClient) -> None:
    """A reference image that cannot be decoded is an issue at its field."""
    answer = await api.post("/v1/avatars", json=_AVATAR | {"referenceImage": "data:image/png;base64,AAAAAAAA"})
    assert [issue["path"] for issue in answer.json()["issues"]] == [["referenceImage"]]
