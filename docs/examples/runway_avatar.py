"""An avatar with a voice of its own, a session in which somebody talks to it, and what was said."""

from pathlib import Path

from anymedia import MediaClient
from anymedia_runway import Runway, realtime_session

with MediaClient.from_config(provider="runway") as client:
    runway = Runway(client)
    voice = runway.voices.create(name="Nora", prompt="a deep and calm voice with a northern accent")
    runway.voices.wait(voice.id, timeout=300)
    avatar = runway.avatars.create(
        name="Nora", personality="knows all about trees", reference_image=Path("portrait.jpg"), voice=voice.id
    )
    print(avatar.name, avatar.status, "->", runway.avatars.wait(avatar.id).status)

    session = client.submit(realtime_session(avatar=avatar.id, max_duration=60))  # it is paid for, so it is a request
    room = runway.realtime_sessions.consume(runway.realtime_sessions.wait_ready(session.ref.id))  # works once
    print("join", room.url, room.room_name)  # and hand room.token.get_secret_value() to the page that joins
    runway.realtime_sessions.cancel(session.ref.id)

    for talk in runway.conversations.list(avatar=avatar.id):
        print(talk.name, talk.status)
