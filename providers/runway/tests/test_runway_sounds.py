"""How speech, sounds and voices are laid out on the wire."""

from collections.abc import Awaitable, Callable

import pytest

from anymedia.errors import InvalidRequestError
from anymedia.media import Media
from anymedia.provider import Plan
from anymedia.requests import (
    DubVoice,
    IsolateVoice,
    Request,
    SoundEffect,
    SpeechToSpeech,
    TextToSpeech,
    VideoToAudio,
    VideoToHdr,
)
from anymedia.results import Result

MakePlan = Callable[[Request[Result]], Awaitable[Plan]]
FILM = "https://example.com/a.mp4"
SOUND = "https://example.com/a.mp3"
UNTOLD = "https://example.com/recording"


async def test_speech_with_a_preset_voice(planned: MakePlan) -> None:
    """Text, voice, language and speed go where the model has them."""
    plan = await planned(TextToSpeech(text="Hello.", voice="Leslie", language="pt-BR", speed=1.1, seed=3))
    assert plan.call == "POST /v1/text_to_speech"
    assert plan.body == {
        "model": "eleven_v3",
        "promptText": "Hello.",
        "voice": {"type": "runway-preset", "presetId": "Leslie"},
        "languageCode": "pt-BR",
        "speed": 1.1,
        "seed": 3,
    }
    assert plan.estimate is not None
    assert plan.estimate.amount == 1


async def test_speech_without_a_voice_has_one(planned: MakePlan) -> None:
    """A model that must have a voice is given one, so that a request without any works at every provider."""
    plan = await planned(TextToSpeech(text="Hello."))
    assert plan.body["voice"] == {"type": "runway-preset", "presetId": "Maya"}


@pytest.mark.parametrize(("speed", "wire"), [(1, 0), (2, 100), (0.5, -50), (1.25, 25)])
async def test_speed_in_the_units_of_seed_audio(planned: MakePlan, speed: float, wire: int) -> None:
    """Where the vendor counts percent around normal, the factor becomes that."""
    plan = await planned(TextToSpeech(text="Hello.", model="seed_audio", speed=speed))
    assert plan.body["speechRate"] == wire


@pytest.mark.parametrize(("model", "speed"), [("seed_audio", 3), ("seed_audio", 0.25), ("eleven_v3", 2)])
async def test_impossible_speeds(planned: MakePlan, model: str, speed: float) -> None:
    """A speed the vendor would refuse is an error that tells the bounds; nothing is sent."""
    with pytest.raises(InvalidRequestError, match="but legal is") as caught:
        await planned(TextToSpeech(text="Hello.", model=model, speed=speed))
    assert caught.value.issues[0].field == "speed"


async def test_unpublished_bounds_refuse_nothing(planned: MakePlan) -> None:
    """The speeds of eleven_v4 are not published, so any is sent."""
    plan = await planned(TextToSpeech(text="Hello.", model="eleven_v4", speed=2))
    assert plan.body["speed"] == 2


async def test_a_voice_is_copied(planned: MakePlan) -> None:
    """A sample becomes a reference voice, at the model that can."""
    plan = await planned(TextToSpeech(text="Hello.", model="seed_audio", voice_sample=SOUND, output_format="ogg"))
    assert plan.body["voice"] == {"type": "reference-audio", "audioUri": Media(url=SOUND)}
    assert plan.body["outputFormat"] == "ogg_opus"


async def test_a_sample_is_never_dropped(planned: MakePlan) -> None:
    """A model that cannot copy voices refuses a sample and names one that can."""
    with pytest.raises(InvalidRequestError) as caught:
        await planned(TextToSpeech(text="Hello.", model="eleven_v3", voice_sample=SOUND))
    assert caught.value.issues[0].nearest == "model 'seed_audio'"


async def test_unknown_voices(planned: MakePlan) -> None:
    """A voice that is not among the presets is an error that lists them."""
    with pytest.raises(InvalidRequestError) as caught:
        await planned(TextToSpeech(text="Hello.", voice="Nobody"))
    assert "Leslie" in caught.value.issues[0].legal


async def test_text_is_counted_as_a_prompt(planned: MakePlan) -> None:
    """The vendor's limit of the text holds before anything is sent."""
    with pytest.raises(InvalidRequestError, match="1001"):
        await planned(TextToSpeech(text="x" * 1001, model="eleven_multilingual_v2"))


async def test_sound_effect_as_long_as_it_likes(planned: MakePlan) -> None:
    """Without a duration the vendor picks one, at a flat price."""
    plan = await planned(SoundEffect(prompt="a bang", loop=True))
    assert plan.body == {"model": "eleven_text_to_sound_v2", "promptText": "a bang", "loop": True}
    assert plan.estimate is not None
    assert plan.estimate.amount == 2


async def test_sound_effect_of_some_length(planned: MakePlan) -> None:
    """Seconds may be fractions; they are priced by the second."""
    plan = await planned(SoundEffect(prompt="a bang", duration=2.5))
    assert plan.body["duration"] == 2.5
    assert plan.estimate is not None
    assert plan.estimate.amount == 2.5


async def test_variants_of_a_sound(planned: MakePlan) -> None:
    """At mirelo the count has another name, and a duration is always said."""
    plan = await planned(
        SoundEffect(prompt="a bang", model="mirelo_sfx_2_0", count=3, negative_prompt="music", output_format="flac")
    )
    assert plan.body == {
        "model": "mirelo_sfx_2_0",
        "promptText": "a bang",
        "duration": 5,
        "negativePrompt": "music",
        "format": "flac",
        "numVariants": 3,
    }
    assert plan.count == 3


@pytest.mark.parametrize("sound", [SOUND, UNTOLD])
async def test_reference_sounds_are_bare(planned: MakePlan, sound: str) -> None:
    """Reference sounds are a list of URIs; one that does not tell its kind is taken for a sound, as all are there."""
    plan = await planned(SoundEffect(prompt="like @Audio1", model="seed_audio", references=[sound]))
    assert plan.body["referenceAudios"] == [Media(url=sound)]


async def test_a_film_is_no_reference_sound(planned: MakePlan) -> None:
    """A reference of a kind the model has no list for is an error."""
    with pytest.raises(InvalidRequestError, match="only audio references"):
        await planned(SoundEffect(prompt="x", model="seed_audio", references=[FILM]))


@pytest.mark.parametrize(("recording", "kind"), [(SOUND, "audio"), (FILM, "video"), (UNTOLD, "audio")])
async def test_speech_to_speech(planned: MakePlan, recording: str, kind: str) -> None:
    """A recording says its kind, a sound or a film."""
    plan = await planned(SpeechToSpeech(recording=recording, voice="Leslie"))
    assert plan.call == "POST /v1/speech_to_speech"
    assert plan.body["media"] == {"type": kind, "uri": Media(url=recording)}
    assert plan.body["voice"] == {"type": "runway-preset", "presetId": "Leslie"}


async def test_another_voice_must_be_named(planned: MakePlan) -> None:
    """Speech in another voice needs to know which; none is made up."""
    with pytest.raises(InvalidRequestError, match="voice"):
        await planned(SpeechToSpeech(recording=SOUND))


async def test_dub_voice(planned: MakePlan) -> None:
    """Language and number of speakers go under the vendor's names."""
    plan = await planned(DubVoice(recording=SOUND, language="es", speakers=2))
    assert plan.call == "POST /v1/voice_dubbing"
    assert plan.body == {
        "model": "eleven_voice_dubbing",
        "audioUri": Media(url=SOUND),
        "targetLang": "es",
        "numSpeakers": 2,
    }


async def test_languages_to_dub_into(planned: MakePlan) -> None:
    """A language the model cannot speak is an error that lists those it can."""
    with pytest.raises(InvalidRequestError) as caught:
        await planned(DubVoice(recording=SOUND, language="tlh"))
    assert "fil" in caught.value.issues[0].legal


@pytest.mark.parametrize("request_", [DubVoice(recording=FILM, language="es"), IsolateVoice(recording=FILM)])
async def test_where_only_sounds_are_taken(planned: MakePlan, request_: Request[Result]) -> None:
    """A film where the vendor takes sounds only is an error that says what to do."""
    with pytest.raises(InvalidRequestError, match="sound track"):
        await planned(request_)


async def test_isolate_voice(planned: MakePlan) -> None:
    """The recording is all that is sent."""
    plan = await planned(IsolateVoice(recording=SOUND))
    assert plan.call == "POST /v1/voice_isolation"
    assert plan.body == {"model": "eleven_voice_isolation", "audioUri": Media(url=SOUND)}


async def test_video_to_audio(planned: MakePlan) -> None:
    """Film and length are sent; what is heard may be left to the model."""
    plan = await planned(VideoToAudio(video=FILM, duration=4, seed=1))
    assert plan.call == "POST /v1/video_to_audio"
    assert plan.body == {"model": "mirelo_sfx_2_0", "videoUri": Media(url=FILM), "duration": 4, "seed": 1}


async def test_the_length_of_a_film_is_not_guessed(planned: MakePlan) -> None:
    """A sound track of a made-up length would be paid for in vain, so the duration is asked for."""
    with pytest.raises(InvalidRequestError, match="duration: is required"):
        await planned(VideoToAudio(video=FILM))


async def test_video_to_hdr(planned: MakePlan) -> None:
    """The format is one of the vendor's, and only those."""
    plan = await planned(VideoToHdr(video=FILM, output_format="hlg"))
    assert plan.call == "POST /v1/video_to_hdr"
    assert plan.body == {"model": "ruby", "videoUri": Media(url=FILM), "outputFormat": "hlg"}
    with pytest.raises(InvalidRequestError, match="hdr10"):
        await planned(VideoToHdr(video=FILM, output_format="mp4"))


@pytest.mark.parametrize(
    ("request_", "call"),
    [
        (TextToSpeech(text="x", model="unlisted:new", voice="Ann", speed=2), "POST /v1/text_to_speech"),
        (SoundEffect(prompt="x", model="unlisted:new", references=[SOUND]), "POST /v1/sound_effect"),
        (SpeechToSpeech(recording=SOUND, voice="Ann", model="unlisted:new"), "POST /v1/speech_to_speech"),
        (DubVoice(recording=SOUND, language="tlh", model="unlisted:new"), "POST /v1/voice_dubbing"),
        (IsolateVoice(recording=SOUND, model="unlisted:new"), "POST /v1/voice_isolation"),
        (VideoToAudio(video=FILM, model="unlisted:new"), "POST /v1/video_to_audio"),
        (VideoToHdr(video=FILM, model="unlisted:new"), "POST /v1/video_to_hdr"),
    ],
)
async def test_unlisted_models(planned: MakePlan, request_: Request[Result], call: str) -> None:
    """A model nobody knows gets the most natural body, and nothing that was set is lost."""
    plan = await planned(request_)
    assert plan.call == call
    assert plan.notices == ()
