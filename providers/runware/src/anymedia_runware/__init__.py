"""Runware as a provider of anymedia: all that the platform makes, over a WebSocket or HTTP."""

from anymedia_runware.options import RunwareOptions
from anymedia_runware.parts import (
    AcceleratorOptions,
    AcePlusPlus,
    AdvancedFeatures,
    ControlNet,
    Embedding,
    FluxKontext,
    IpAdapter,
    Lora,
    Outpaint,
    PhotoMaker,
    PuLID,
    Refiner,
    Region,
    RegionalPrompting,
    Safety,
    Ultralytics,
    WanAnimate,
    Watermark,
)
from anymedia_runware.provider import RunwareProvider
from anymedia_runware.resources import AsyncRunware, Runware, upload_model
from anymedia_runware.vendors import VendorSettings
from anymedia_runware.webhooks import parse_webhook, webhook_app
from anymedia_runware.word_parts import AudioSettings, ImportModel, Speaker, Speech, Tool, ToolChoice

__all__ = [
    "AcceleratorOptions",
    "AcePlusPlus",
    "AdvancedFeatures",
    "AsyncRunware",
    "AudioSettings",
    "ControlNet",
    "Embedding",
    "FluxKontext",
    "ImportModel",
    "IpAdapter",
    "Lora",
    "Outpaint",
    "PhotoMaker",
    "PuLID",
    "Refiner",
    "Region",
    "RegionalPrompting",
    "Runware",
    "RunwareOptions",
    "RunwareProvider",
    "Safety",
    "Speaker",
    "Speech",
    "Tool",
    "ToolChoice",
    "Ultralytics",
    "VendorSettings",
    "WanAnimate",
    "Watermark",
    "parse_webhook",
    "upload_model",
    "webhook_app",
]
