"""Runway's own paid calls that no other provider has, as requests for any client: avatars, workflows, drafts.

Each returns a `Native` request: `client.run(avatar_video(...))`. It is journalled, followed and never sent twice.
Local files are read at once; large ones are uploaded when the request is sent.
Source: runwayml 5.24.0, resources and types; 2026-11.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Required, TypeAlias, TypedDict

from anymedia.json import JSON
from anymedia.media import Media, MediaInput
from anymedia.refs import TaskRef
from anymedia.requests import Native
from anymedia_runway.inputs import as_uri, kind_of_input
from anymedia_runway.payloads import native, one_of, payload
from anymedia_runway.places import is_task_id

__all__ = [
    "AvatarPreset",
    "ElevenLabs",
    "LiveKit",
    "LiveVoice",
    "Tool",
    "ToolParameter",
    "avatar_video",
    "finish_draft",
    "realtime_session",
    "workflow",
]

AvatarPreset: TypeAlias = Literal[
    "game-character",
    "music-superstar",
    "game-character-man",
    "cat-character",
    "influencer",
    "tennis-coach",
    "human-resource",
    "fashion-designer",
    "cooking-teacher",
]
# fmt: off
LiveVoice: TypeAlias = Literal[
    "victoria", "vincent", "clara", "drew", "skye", "max", "morgan", "felix", "mia", "marcus", "summer", "ruby",
    "aurora", "jasper", "leo", "adrian", "nina", "emma", "blake", "david", "maya", "nathan", "sam", "georgia", "petra",
    "adam", "zach", "violet", "roman", "luna",
]
# fmt: on


class ToolParameter(TypedDict, total=False):
    """One parameter of a tool; `required` is true when left out, `enum` holds at most 20 strings."""

    name: Required[str]
    description: Required[str]
    type: Required[Literal["string", "integer", "number", "boolean", "array", "object"]]
    required: bool
    enum: Sequence[str]
    items: Mapping[str, str]
    properties: Sequence["ToolParameter"]


class Tool(TypedDict, total=False):
    """Something an avatar may do: an event for the page, or a call of your backend within 1 to 8 seconds (4)."""

    type: Required[Literal["client_event", "backend_rpc"]]
    name: Required[str]
    description: Required[str]
    parameters: Sequence[ToolParameter]
    timeoutSeconds: float


class ElevenLabs(TypedDict):
    """A conversation led by an ElevenLabs agent."""

    type: Literal["elevenlabs"]
    signedUrl: str


class LiveKit(TypedDict, total=False):
    """A LiveKit room of your own that the avatar joins."""

    type: Required[Literal["livekit"]]
    url: Required[str]
    token: Required[str]
    roomName: Required[str]
    agentIdentity: str


def avatar_video(
    *,
    avatar: AvatarPreset | str,
    text: str | None = None,
    audio: MediaInput | None = None,
    voice: LiveVoice | str | None = None,
) -> Native:
    """A film of an avatar that speaks (`gwm1_avatars`, 22 credits a minute).

    Args:
        avatar: A preset, or the id of your own avatar.
        text: What it says, 1 to 5000 characters; or else
        audio: the sound to which it moves its lips.
        voice: For `text`, another voice than the avatar's: a preset, or the id of your own voice.

    Raises:
        InvalidRequestError: Not exactly one of `text` and `audio` is given.
        MediaInputError: `audio` is no input.
    """
    one_of(text=text, audio=audio)
    spoken = payload(type="text", text=text, voice=_voice(voice))
    speech = spoken if audio is None else {"type": "audio", "audio": as_uri(audio)}
    return native("avatar_videos", model="gwm1_avatars", avatar=_avatar(avatar), speech=speech)


def realtime_session(
    *,
    avatar: AvatarPreset | str,
    max_duration: int = 300,
    personality: str | None = None,
    start_script: str | None = None,
    tools: Sequence[Tool] | None = None,
    integration: ElevenLabs | LiveKit | None = None,
) -> Native:
    """A conversation with an avatar (`gwm1_avatars`, 22 credits a minute while it lasts).

    Its task is queued while the vendor prepares it, running from `READY` on, and has succeeded when the conversation
    has ended. `Runway(client).realtime_sessions` waits until it is ready and trades its key for a room.

    Args:
        avatar: A preset, or the id of your own avatar.
        max_duration: Seconds after which the vendor ends it, 10 to 1800.
        personality: In place of the avatar's, 1 to 10000 characters.
        start_script: What it says first, 1 to 2000 characters.
        tools: What it may do.
        integration: Who leads the conversation, or where it takes place.
    """
    return native(
        "realtime_sessions",
        model="gwm1_avatars",
        avatar=_avatar(avatar),
        max_duration=max_duration,
        personality=personality,
        start_script=start_script,
        tools=tools,
        integration=integration,
    )


def workflow(
    id: str, node_outputs: Mapping[str, Mapping[str, str | float | Media | Path | bytes]] | None = None
) -> Native:
    """One run of a published workflow. A run may succeed in part: the result's `errors` name the nodes that failed.

    Args:
        id: Of the workflow's version.
        node_outputs: What nodes put out in place of their own values, by node and key: a text, a number, true or
            false, or an input. A text is never read as a URL; give `Media(url=...)`.

    Raises:
        MediaInputError: An input cannot be read.
    """
    given = node_outputs.items() if node_outputs is not None else ()
    outputs = {node: {key: _node_output(value) for key, value in values.items()} for node, values in given}
    return native(f"workflows/{id}", node_outputs=outputs or None)


def finish_draft(draft: TaskRef | str) -> Native:
    """The film itself, after its draft (`seedance2_5` with `draft=True`) has succeeded; possible for 7 days.

    Args:
        draft: The draft's ref, or Runway's id of its task.
    """
    ref = TaskRef.parse(draft) if isinstance(draft, str) and "://" in draft else draft
    task = ref.id if isinstance(ref, TaskRef) else ref
    return native("text_to_video", model="seedance2_5", draft_task_id=task)


def _avatar(avatar: str) -> dict[str, JSON]:
    if is_task_id(avatar):
        return {"type": "custom", "avatarId": avatar}
    return {"type": "runway-preset", "presetId": avatar}


def _voice(voice: str | None) -> dict[str, JSON] | None:
    if voice is None:
        return None
    return {"type": "custom", "id": voice} if is_task_id(voice) else {"type": "preset", "presetId": voice}


def _node_output(value: str | float | Media | Path | bytes) -> dict[str, JSON]:
    if isinstance(value, str | int | float):
        return {"type": "primitive", "value": value}
    uri = as_uri(value)
    return {"type": kind_of_input(Media.of(uri)), "uri": uri}
