"""Pictures, films and shapes that are newly made."""

from typing import ClassVar, Generic, Self, TypeVar

from pydantic import Field, model_validator

from anymedia.requests.base import (
    AspectRatioField,
    CountField,
    FormatField,
    InputField,
    PromptField,
    ReferencesField,
    Request,
    ResolutionField,
    SeedField,
    SizeField,
)
from anymedia.results import ImageResult, Model3DResult, Result, VideoResult

__all__ = [
    "CharacterPerformance",
    "Generate3D",
    "ImageToImage",
    "ImageToVideo",
    "TextToImage",
    "TextToVideo",
    "VideoToVideo",
]

R_co = TypeVar("R_co", bound=Result, covariant=True)


class _Generation(Request[R_co], Generic[R_co]):
    """What every generated picture or film has in common.

    Attributes:
        negative_prompt: What should not appear.
        references: Inputs that guide style or subject; `Reference(media, tag)` to name one in the prompt.
        size: Exact pixels, `1280x720`. Excludes the next two.
        aspect_ratio: Portable, `16:9`: the nearest size the model has.
        resolution: The scale for `aspect_ratio`: `480p` ... `4k`.
        count: How many outputs.
        seed: Repeats a result where the model allows it.
        output_format: `png`, `jpg`, `webp`, `mp4`, `webm`, `mov`, ...
    """

    negative_prompt: str | None = None
    references: ReferencesField = ()
    size: SizeField | None = None
    aspect_ratio: AspectRatioField | None = None
    resolution: ResolutionField | None = None
    count: CountField = 1
    seed: SeedField | None = None
    output_format: FormatField | None = None

    @model_validator(mode="after")
    def _one_way_to_size(self) -> Self:
        if self.size and (self.aspect_ratio or self.resolution):
            raise ValueError("size is exact; give either size, or aspect_ratio and resolution")
        return self


class _Filming(_Generation[VideoResult]):
    """What every generated film has in common.

    Attributes:
        duration: Seconds.
        fps: Frames per second.
        audio: Whether the film should have sound.
    """

    duration: float | None = Field(default=None, gt=0)
    fps: float | None = Field(default=None, gt=0)
    audio: bool | None = None


class TextToImage(_Generation[ImageResult]):
    """Images from a prompt, optionally guided by reference inputs."""

    operation: ClassVar[str] = "text_to_image"
    result_type: ClassVar[type[Result]] = ImageResult

    prompt: PromptField


class ImageToImage(_Generation[ImageResult]):
    """Images from an image and a prompt.

    Attributes:
        image: What to change.
        mask: An image of the same framing; white is where to change it.
        strength: How far from `image` the result may go, 0 to 1.
    """

    operation: ClassVar[str] = "image_to_image"
    result_type: ClassVar[type[Result]] = ImageResult

    prompt: PromptField
    image: InputField
    mask: InputField | None = None
    strength: float | None = Field(default=None, ge=0, le=1)


class TextToVideo(_Filming):
    """Films from a prompt, optionally guided by reference inputs.

    Attributes:
        prompt: What happens; optional where the model allows it.
    """

    operation: ClassVar[str] = "text_to_video"
    result_type: ClassVar[type[Result]] = VideoResult

    prompt: PromptField | None = None


class ImageToVideo(_Filming):
    """Films that start from an image.

    Attributes:
        prompt: What happens; optional where the model allows it.
        image: The first frame.
        last_frame: The last frame.
    """

    operation: ClassVar[str] = "image_to_video"
    result_type: ClassVar[type[Result]] = VideoResult

    prompt: PromptField | None = None
    image: InputField
    last_frame: InputField | None = None


class VideoToVideo(_Filming):
    """Films made by changing a film.

    Attributes:
        prompt: What should change; optional where the model allows it.
        video: What to change.
    """

    operation: ClassVar[str] = "video_to_video"
    result_type: ClassVar[type[Result]] = VideoResult

    prompt: PromptField | None = None
    video: InputField


class CharacterPerformance(Request[VideoResult]):
    """A character that acts as a performer does.

    Attributes:
        character: An image or film with a visible face.
        performance: The film to act after.
        expression: How strong the facial expression is, 0 to 1.
        body_control: Whether the body follows too.
        aspect_ratio: Of the result.
        seed: Repeats a result where the model allows it.
    """

    operation: ClassVar[str] = "character_performance"
    result_type: ClassVar[type[Result]] = VideoResult

    character: InputField
    performance: InputField
    expression: float | None = Field(default=None, ge=0, le=1)
    body_control: bool | None = None
    aspect_ratio: AspectRatioField | None = None
    seed: SeedField | None = None


class Generate3D(Request[Model3DResult]):
    """Three-dimensional shapes from a prompt or an image.

    Attributes:
        prompt: What to make; optional where an image says it.
        negative_prompt: What should not appear.
        image: What it should look like.
        references: More views of it, or inputs that guide its style.
        count: How many outputs.
        seed: Repeats a result where the model allows it.
        output_format: `glb`, `fbx`, ...
    """

    operation: ClassVar[str] = "generate_3d"
    result_type: ClassVar[type[Result]] = Model3DResult

    prompt: PromptField | None = None
    negative_prompt: str | None = None
    image: InputField | None = None
    references: ReferencesField = ()
    count: CountField = 1
    seed: SeedField | None = None
    output_format: FormatField | None = None

    @model_validator(mode="after")
    def _something_to_make(self) -> Self:
        if self.prompt is None and self.image is None and not self.references:
            raise ValueError("give a prompt, an image, or references")
        return self
