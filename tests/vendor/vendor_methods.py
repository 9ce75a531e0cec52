"""Runware's own SDKs: what each of their methods does against the emulator, and what it cannot, by a bug of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

import pytest
from vendor_environments import Sdk, node_sdk, sdk

from anymedia.testing import Endpoint

__all__ = ["PACKAGES", "Package"]

_installing = Lock()
_RUN = (
    "imageInference upscale removeBackground caption imageMasking controlNetPreprocess vectorize videoInference "
    "audioInference 3dInference tools promptEnhance textInference training"
)
_NEWER = (
    "connect is_connected stream get_task_details get_response image_upload media_storage model_search "
    "account_management invoke get_task disconnect close"
)
_NEWER_METHODS = (*_NEWER.split(), *(f"run {task_type}" for task_type in _RUN.split()))
_NEWER_TRAPS = {
    "run promptEnhance: N7": "of several versions only the first comes",
    "run textInference: N6": "two texts cannot be told apart: with `numberResults=2` it polls until its deadline",
    "stream: N19": "the task's id is replaced, so the text cannot be looked up",
    "content: address": "goes to content.runware.ai, whatever addresses are set",
    "refresh_registry: address": "goes to schemas.runware.ai, whatever addresses are set",
}


@dataclass(frozen=True)
class Package:
    """One of the vendor's packages, and what its script must report.

    Attributes:
        name: For people.
        requirement: What is installed, and how.
        script: What is run.
        methods: Those that do what they are for.
        traps: What methods cannot, by a bug of the SDK's own: method and trap, and what happens. A trap has its number
            where our own tests have one of that name.
        arguments: What the script is given beside addresses and key.
    """

    name: str
    requirement: str
    install: Callable[[str, pytest.Config], Sdk]
    script: str
    methods: Sequence[str]
    traps: Mapping[str, str] = field(default_factory=dict[str, str])
    arguments: Callable[[Endpoint], tuple[str, ...]] = lambda endpoint: (endpoint.base_url, endpoint.api_key)

    @property
    def steps(self) -> list[str]:
        """What the script must report, in any order."""
        return [*self.methods, *self.traps]

    def run(self, endpoint: Endpoint, config: pytest.Config) -> list[str]:
        """What the script reports; packages that share an environment may be run from several threads."""
        with _installing:
            environment = self.install(self.requirement, config)
        return environment.run(self.script, *self.arguments(endpoint))


def _newer(transport: str) -> Callable[[Endpoint], tuple[str, ...]]:
    return lambda endpoint: (
        endpoint.base_url,
        endpoint.base_url.replace("ws://", "http://"),
        endpoint.api_key,
        transport,
    )


PACKAGES = (
    Package(
        "`runware` 0.5.24, Python",
        "runware==0.5.24",
        sdk,
        "runware_session.py",
        (
            "connect imageInference photoMaker imageUpscale imageBackgroundRemoval imageCaption imageVectorize "
            "promptEnhance videoInference videoUpscale videoBackgroundRemoval videoCaption audioInference inference3d "
            "textInference training modelSearch modelUpload uploadImage uploadMedia getResponse getTaskDetails disconnect"
        ).split(),
        {
            "connect: O2": "takes a rejected key for a good one; the first request finds out",
            "imageInference: O20": "the same request object a second time is `conflictTaskUUID`",
            "uploadImage: O16": "bytes in its own type `File` are a TypeError",
            "uploadImage: O17": "an address is not uploaded, but given back as if it were an id",
            "modelUpload: failed": "waits a quarter of an hour for a model that could not be downloaded",
            "textInference: stream": "streams from the production service unless the address is one of its own two",
        },
    ),
    Package(
        "`runware-sdk` 1.8.0, Python, WebSocket",
        "runware-sdk==1.8.0",
        sdk,
        "runware_sdk_session.py",
        _NEWER_METHODS,
        {
            **_NEWER_TRAPS,
            "run audioInference: N1": "a result above 1 MiB breaks its connection",
            "model_upload: N8": "returns at the first status, `validated`",
        },
        _newer("websocket"),
    ),
    Package(
        "`runware-sdk` 1.8.0, Python, REST",
        "runware-sdk==1.8.0",
        sdk,
        "runware_sdk_session.py",
        (*_NEWER_METHODS, "model_upload"),
        _NEWER_TRAPS,
        _newer("rest"),
    ),
    Package(
        "`@runware/sdk-js` 1.3.2, Node",
        "@runware/sdk-js@1.3.2",
        node_sdk,
        "runware_sdk_js_session.mjs",
        (
            "initialize requestImages imageInference photoMaker upscaleGan upscale removeImageBackground "
            "removeBackground requestImageToText caption controlNetPreProcess controlNetPreprocess imageMasking "
            "vectorize videoInference audioInference threeDInference textInference enhancePrompt promptEnhance "
            "imageUpload mediaStorage modelSearch modelUpload training getResponse getTaskDetails disconnect"
        ).split(),
        {"modelUpload: failed": "waits an hour for a model that could not be downloaded"},
    ),
)
