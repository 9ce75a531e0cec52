"""Real media for emulators: pictures, films and sound that depend on prompt and seed, and honest tools on them.

Everything here is synchronous and keeps a core busy: call it through `asyncio.to_thread`.
"""

from anymedia.testing.render.facts import Facts, probe
from anymedia.testing.render.pictures import cut_out_image, image, upscale_image
from anymedia.testing.render.sounds import audio
from anymedia.testing.render.videos import cut_out_video, perform, upscale_video, video

__all__ = [
    "Facts",
    "audio",
    "cut_out_image",
    "cut_out_video",
    "image",
    "perform",
    "probe",
    "upscale_image",
    "upscale_video",
    "video",
]
