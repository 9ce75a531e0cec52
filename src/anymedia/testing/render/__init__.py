"""Real media for emulators: pictures, films, sound and models that depend on prompt and seed, and honest tools on them.

Everything here is synchronous and keeps a core busy: call it through `asyncio.to_thread`.
"""

from anymedia.testing.render.conversions import Cut, convert, dub, reel
from anymedia.testing.render.describing import describe
from anymedia.testing.render.facts import Facts, probe
from anymedia.testing.render.guides import GUIDES, guide
from anymedia.testing.render.mesh import Mesh, model, read_model
from anymedia.testing.render.pictures import cut_out_image, image, upscale_image
from anymedia.testing.render.sounds import audio
from anymedia.testing.render.vector import trace
from anymedia.testing.render.videos import cut_out_video, perform, upscale_video, video
from anymedia.testing.render.voices import Line, covered, effect, speech

__all__ = [
    "GUIDES",
    "Cut",
    "Facts",
    "Line",
    "Mesh",
    "audio",
    "convert",
    "covered",
    "cut_out_image",
    "cut_out_video",
    "describe",
    "dub",
    "effect",
    "guide",
    "image",
    "model",
    "perform",
    "probe",
    "read_model",
    "reel",
    "speech",
    "trace",
    "upscale_image",
    "upscale_video",
    "video",
]
