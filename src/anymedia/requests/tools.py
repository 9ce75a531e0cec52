"""What is done to one picture or film."""

from typing import ClassVar

from pydantic import Field

from anymedia.requests.base import CountField, FormatField, InputField, Request, ResolutionField, SizeField
from anymedia.results import ImageResult, Result, VideoResult

__all__ = [
    "MaskImage",
    "PreprocessImage",
    "RemoveBackground",
    "RemoveVideoBackground",
    "UpscaleImage",
    "UpscaleVideo",
    "Vectorize",
    "VideoToHdr",
]


class UpscaleImage(Request[ImageResult]):
    """A larger version of an image.

    Attributes:
        image: What to enlarge.
        factor: How many times wider and higher.
    """

    operation: ClassVar[str] = "upscale_image"
    result_type: ClassVar[type[Result]] = ImageResult

    image: InputField
    factor: float | None = Field(default=None, gt=1)


class UpscaleVideo(Request[VideoResult]):
    """A larger or smoother version of a film.

    Attributes:
        video: What to enlarge.
        factor: How many times wider and higher.
        resolution: The wanted scale instead: `720p` ... `4k`.
        fps: The wanted frames per second.
    """

    operation: ClassVar[str] = "upscale_video"
    result_type: ClassVar[type[Result]] = VideoResult

    video: InputField
    factor: float | None = Field(default=None, gt=1)
    resolution: ResolutionField | None = None
    fps: float | None = Field(default=None, gt=0)


class RemoveBackground(Request[ImageResult]):
    """An image with its background made transparent."""

    operation: ClassVar[str] = "remove_background"
    result_type: ClassVar[type[Result]] = ImageResult

    image: InputField


class RemoveVideoBackground(Request[VideoResult]):
    """A film with its background made transparent."""

    operation: ClassVar[str] = "remove_video_background"
    result_type: ClassVar[type[Result]] = VideoResult

    video: InputField


class MaskImage(Request[ImageResult]):
    """A mask, white where the model found what it looks for: a face, a hand, a person.

    Attributes:
        image: Where to look.
        confidence: How sure a find must be, 0 to 1.
        max_detections: The most finds.
        output_format: `png`, `jpg`, `webp`.
    """

    operation: ClassVar[str] = "mask_image"
    result_type: ClassVar[type[Result]] = ImageResult

    image: InputField
    confidence: float | None = Field(default=None, ge=0, le=1)
    max_detections: CountField | None = None
    output_format: FormatField | None = None


class PreprocessImage(Request[ImageResult]):
    """A guide image, such as edges or depth, to steer a generation with.

    Attributes:
        image: What to read.
        preprocessor: What to read from it: `canny`, `depth`, `openpose`, `lineart`, ...
        size: Of the guide image in pixels, `1024x768`.
        output_format: `png`, `jpg`, `webp`.
    """

    operation: ClassVar[str] = "preprocess_image"
    result_type: ClassVar[type[Result]] = ImageResult

    image: InputField
    preprocessor: str = Field(default="canny", min_length=1)
    size: SizeField | None = None
    output_format: FormatField | None = None


class Vectorize(Request[ImageResult]):
    """An image as a drawing of shapes.

    Attributes:
        image: What to trace.
        output_format: `svg`.
    """

    operation: ClassVar[str] = "vectorize"
    result_type: ClassVar[type[Result]] = ImageResult

    image: InputField
    output_format: FormatField | None = None


class VideoToHdr(Request[VideoResult]):
    """A film in high dynamic range.

    Attributes:
        video: What to convert.
        output_format: `hdr10`, `hlg`, `hdr_prores`, ... as the model names them.
    """

    operation: ClassVar[str] = "video_to_hdr"
    result_type: ClassVar[type[Result]] = VideoResult

    video: InputField
    output_format: FormatField | None = None
