"""Options: typed parts under Python names, the vendor's names on the wire, unknown ones passed on and told."""

from pathlib import Path
from typing import Any

import pytest

from anymedia.catalog import ModelInfo
from anymedia.errors import InvalidRequestError
from anymedia.media import Media
from anymedia.requests import ImageToImage, Native, TextToImage, TextToSpeech, UpscaleVideo
from anymedia.results import Output
from anymedia_runware import (
    AcePlusPlus,
    AdvancedFeatures,
    AudioSettings,
    ControlNet,
    Embedding,
    ImportModel,
    IpAdapter,
    Lora,
    Outpaint,
    PhotoMaker,
    PuLID,
    Refiner,
    Region,
    RegionalPrompting,
    RunwareOptions,
    Safety,
    Speaker,
    Speech,
    Tool,
    ToolChoice,
    VendorSettings,
    Watermark,
)
from anymedia_runware.bodies import body_of
from anymedia_runware.catalog import catalog
from anymedia_runware.options import unknown_inside

Desk = Any

URL = "https://media.invalid/a.png"
PNG = b"\x89PNG\r\n\x1a\n"


def wire(options: RunwareOptions) -> dict[str, Any]:
    """Options as they go on the wire."""
    return options.model_dump(by_alias=True, exclude_none=True)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            RunwareOptions(lora=[Lora(model="a:b@c", weight=0.8)]),
            {"lora": [{"model": "a:b@c", "weight": 0.8}]},
        ),
        (RunwareOptions(embeddings=[Embedding(model="a:b@c")]), {"embeddings": [{"model": "a:b@c"}]}),
        (
            RunwareOptions(
                control_net=[ControlNet(model="a:b@c", guide_image=URL, start_step=1, control_mode="prompt")]
            ),
            {"controlNet": [{"model": "a:b@c", "guideImage": URL, "startStep": 1, "controlMode": "prompt"}]},
        ),
        (
            RunwareOptions(ip_adapters=[IpAdapter(model="a:b@c", guide_images=[URL], weight_type="composition")]),
            {"ipAdapters": [{"model": "a:b@c", "guideImages": [URL], "weightType": "composition"}]},
        ),
        (RunwareOptions(refiner=Refiner(model="a:b@c", start_step=5)), {"refiner": {"model": "a:b@c", "startStep": 5}}),
        (
            RunwareOptions(pulid=PuLID(input_images=[URL], id_weight=2, cfg_start_step=1, true_cfg_scale=3)),
            {"pulid": {"inputImages": [URL], "idWeight": 2, "CFGStartStep": 1, "trueCFGScale": 3}},
        ),
        (
            RunwareOptions(ace_plus_plus=AcePlusPlus(type="subject", repainting_scale=0.5)),
            {"acePlusPlus": {"type": "subject", "repaintingScale": 0.5}},
        ),
        (RunwareOptions(photo_maker=PhotoMaker(images=[URL])), {"photoMaker": {"images": [URL]}}),
        (RunwareOptions(outpaint=Outpaint(top=64, blur=8)), {"outpaint": {"top": 64, "blur": 8}}),
        (
            RunwareOptions(
                advanced_features=AdvancedFeatures(
                    video_cfg_scale=3,
                    watermark=Watermark(text="seen", bg_color="#fff"),
                    regional_prompting=RegionalPrompting(regions=[Region(prompt="sky", mask=[0, 0, 64, 64])]),
                )
            ),
            {
                "advancedFeatures": {
                    "videoCFGScale": 3,
                    "watermark": {"text": "seen", "bgColor": "#fff"},
                    "regionalPrompting": {"regions": [{"prompt": "sky", "mask": [0, 0, 64, 64]}]},
                }
            },
        ),
        (RunwareOptions(safety=Safety(check_content=True)), {"safety": {"checkContent": True}}),
        (RunwareOptions(audio_settings=AudioSettings(sample_rate=8000)), {"audioSettings": {"sampleRate": 8000}}),
        (
            RunwareOptions(speech=Speech(voices=[Speaker(speaker="A", voice="Ada")], tone=["calm"])),
            {"speech": {"voices": [{"speaker": "A", "voice": "Ada"}], "tone": ["calm"]}},
        ),
        (
            RunwareOptions(tools=[Tool(name="f", schema_={"type": "object"})], tool_choice=ToolChoice(type="auto")),
            {"tools": [{"name": "f", "schema": {"type": "object"}}], "toolChoice": {"type": "auto"}},
        ),
        (
            RunwareOptions(import_model=ImportModel(air="a:1@1", hero_image_url=URL)),
            {"importModel": {"air": "a:1@1", "heroImageURL": URL}},
        ),
        (
            RunwareOptions.model_validate({"providerSettings": {"google": {"generateAudio": True}}}),
            {"providerSettings": {"google": {"generateAudio": True}}},
        ),
        (
            RunwareOptions(cfg_scale=2, check_nsfw=True, webhook_url=URL, hires_fix=True, output_type="dataURI"),
            {"CFGScale": 2, "checkNSFW": True, "webhookURL": URL, "hiresFix": True, "outputType": "dataURI"},
        ),
    ],
)
def test_names_on_the_wire(options: RunwareOptions, expected: dict[str, Any]) -> None:
    """Each option and each field of a part has the vendor's name, and reads back from it."""
    assert wire(options) == expected
    assert wire(RunwareOptions.model_validate(expected)) == expected
    assert not RunwareOptions.model_validate(expected).model_extra


@pytest.mark.parametrize(
    "guide", [URL, PNG, Media.of(PNG), Output(kind="image", url=URL), {"url": URL}, Media.of(PNG).data_uri]
)
def test_inputs_among_the_options(guide: Any) -> None:
    """Whatever stands for a medium elsewhere does so here, and is sent in the vendor's form."""
    sent = wire(RunwareOptions(control_net=[ControlNet(model="a:b@c", guide_image=guide)]))
    assert sent["controlNet"][0]["guideImage"] in (URL, Media.of(PNG).data_uri)


def test_no_files_among_the_options(tmp_path: Path) -> None:
    """A file would have to be read behind the caller's back; the error says what to do."""
    with pytest.raises(ValueError, match="read_bytes"):
        ControlNet(model="a:b@c", guide_image=tmp_path / "guide.png")
    with pytest.raises(ValueError, match="neither a URL"):
        ControlNet(model="a:b@c", guide_image="guide.png")


def test_unknown_keys_pass() -> None:
    """A parameter nobody knew is sent as it is, at any depth, and its place is told."""
    given = {"new": 1, "safety": {"newer": 2}, "lora": [{"model": "a:b@c", "newest": 3}], "puLID": {"inputImages": []}}
    options = RunwareOptions.model_validate(given)
    assert wire(options) == {**{key: given[key] for key in ("new", "safety", "lora")}, "pulid": {"inputImages": []}}
    assert set(options.model_extra or {}) == {"new"}
    assert list(unknown_inside(options)) == ["lora[0].newest", "safety.newer"]


async def test_a_notice_for_each_unknown_key(nowhere: Desk) -> None:
    """Planning tells of unknown keys, wherever they stand."""
    options = {"runware": {"new": 1, "providerSettings": {"klingai": {"later": True}}}}
    plan = await nowhere.plan(TextToImage(prompt="a dog", provider_options=options))
    assert {(notice.code, notice.field) for notice in plan.notices} == {
        ("unknown_option", "provider_options.runware.new"),
        ("unknown_option", "provider_options.runware.providerSettings.klingai.later"),
    }


def test_every_vendor_has_its_settings() -> None:
    """One part per vendor, under the vendor's key, each field optional."""
    assert len(VendorSettings.model_fields) == 21
    everything = {name: {} for name in VendorSettings.model_fields}
    assert VendorSettings.model_validate(everything).model_dump(exclude_none=True) == everything


def test_the_older_spelling() -> None:
    """A model whose schema is not known gets what changed its name in the words of its time."""
    options = RunwareOptions(pulid=PuLID(input_images=[URL]), hires_fix=True)
    request = TextToImage(prompt="a dog", provider_options={"runware": options})
    older = body_of(request, ModelInfo(id="civitai:1@2", listed=False))
    assert (older["puLID"], older["advancedFeatures"]) == ({"inputImages": [URL]}, {"hiresfix": True})
    assert not {"pulid", "hiresFix"} & older.keys()
    newer = body_of(request, catalog().find("runware:101@1", "text_to_image"))
    assert (newer["pulid"], newer["hiresFix"]) == ({"inputImages": [URL]}, True)


@pytest.mark.parametrize(
    ("request_", "missing", "options"),
    [
        (UpscaleVideo(model="topazlabs:proteus@4", video=URL), "width", RunwareOptions(width=1280, height=720)),
        (ImageToImage(model="bfl:1@3", prompt="sea", image=URL), "outpaint", RunwareOptions(outpaint=Outpaint(top=64))),
        (
            TextToSpeech(model="alibaba:qwen@3-tts-1.7b-voicedesign", text="Hello"),
            "positivePrompt",
            RunwareOptions(positive_prompt="a calm old voice"),
        ),
    ],
)
def test_what_a_model_needs_beyond_the_request(request_: Any, missing: str, options: RunwareOptions) -> None:
    """The error names the option; with it the task is complete."""
    model = catalog().find(request_.model, request_.operation)
    with pytest.raises(InvalidRequestError, match=f"provider_options.runware.{missing}"):
        body_of(request_, model)
    assert missing in body_of(request_.model_copy(update={"provider_options": {"runware": options}}), model)


def test_uploads_are_not_asked_for_their_cost() -> None:
    """What is free takes no such wish."""
    upload = Native(provider="runware", call="imageUpload", payload={"image": URL})
    assert body_of(upload, ModelInfo(id="imageUpload", listed=False)) == {"image": URL}
