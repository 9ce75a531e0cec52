"""Models: the search over all that Runware runs, and the request that brings one of your own."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final, Literal, TypeAlias, TypedDict, Unpack

from pydantic import Field

from anymedia.json import JSON
from anymedia.requests import Native
from anymedia.resources import Resource, iterating, waiting
from anymedia_runware.resources.records import AsyncResource, Lenient, Record, fields_of

__all__ = ["AsyncModels", "Filters", "FoundModel", "ModelPage", "Models", "upload_model"]

Category: TypeAlias = Literal["checkpoint", "lora", "lycoris", "controlnet", "vae", "embeddings"]
Visibility: TypeAlias = Literal["public", "private", "all", "favorite", "owned"]

_LARGEST_PAGE: Final = 100


class FoundModel(Record):
    """A model as the search shows it; `air` is what a request's `model` takes.

    Source: runware.ai/docs, model search; 2026-10.
    """

    air: str
    name: Lenient[str] = None
    version: Lenient[str] = None
    category: Lenient[str] = None
    architecture: Lenient[str] = None
    type: Lenient[str] = None
    tags: Lenient[tuple[str | int, ...]] = None
    hero_image: Lenient[str] = None
    private: Lenient[bool] = None
    comment: Lenient[str] = None
    short_description: Lenient[str] = None
    conditioning: Lenient[str] = None
    nsfw_level: Lenient[int | str] = None
    positive_trigger_words: Lenient[str] = None
    negative_trigger_words: Lenient[str] = None
    default_width: Lenient[int] = None
    default_height: Lenient[int] = None
    default_steps: Lenient[int] = None
    default_scheduler: Lenient[str] = None
    default_cfg: Lenient[float] = Field(default=None, alias="defaultCFG")
    default_strength: Lenient[float] = None
    default_weight: Lenient[float] = None


class ModelPage(Record):
    """One page of what was found.

    Attributes:
        results: The models on it.
        total_results: How many there are on all pages.
    """

    results: tuple[FoundModel, ...] = ()
    total_results: int = 0


class Filters(TypedDict, total=False):
    """What a search asks of a model; left out, anything goes.

    Attributes:
        tags: All of these.
        category: What kind of model.
        type: `base`, `inpainting` or `refiner`, for checkpoints.
        architecture: Such as `flux-1-dev`.
        conditioning: What a ControlNet is guided by.
        visibility: Whose models.
        source: Who made them.
        capabilities: What they can do.
        sort: `_score`, or one of `popularity`, `name` and others with a minus for the other direction.
    """

    tags: Sequence[str]
    category: Category
    type: str
    architecture: str
    conditioning: str
    visibility: Visibility
    source: Literal["official", "community"]
    capabilities: Sequence[str]
    sort: str


class AsyncModels(AsyncResource):
    """All models that Runware runs, and your own."""

    async def search(
        self,
        search: str | None = None,
        *,
        limit: int | None = None,
        offset: int | None = None,
        **filters: Unpack[Filters],
    ) -> ModelPage:
        """One page of the models that fit everything given.

        Args:
            search: Words in the name.
            limit: How many, 1 to 100; the vendor's default is 20.
            offset: How many to pass over.
            filters: See `Filters`.
        """
        return await self._record(ModelPage, "modelSearch", search=search, limit=limit, offset=offset, **filters)

    async def all(self, search: str | None = None, **filters: Unpack[Filters]) -> AsyncGenerator[FoundModel, None]:
        """Every model that fits, page after page; see `search`."""
        seen = 0
        while True:
            page = await self.search(search, limit=_LARGEST_PAGE, offset=seen, **filters)
            for model in page.results:
                yield model
            seen += len(page.results)
            if not page.results or seen >= page.total_results:
                return


class Models(Resource[AsyncModels]):
    """All models that Runware runs, and your own."""

    search = waiting(AsyncModels.search)
    all = iterating(AsyncModels.all)


def upload_model(
    *,
    category: Literal["checkpoint", "lora", "lycoris", "controlnet", "vae", "embeddings"],
    architecture: str,
    name: str,
    version: str,
    download_url: str,
    format: str = "safetensors",
    air: str | None = None,
    unique_identifier: str | None = None,
    private: bool = True,
    **more: JSON,
) -> Native:
    """The request that brings a model of yours to Runware: `client.run(upload_model(...))`.

    It takes minutes to an hour; `task.events()` tells the stages (`provider_status`), and the end is the model ready
    for use, or the reason why it is not. Source: runware.ai/docs, model upload; 2026-10.

    Args:
        category: What kind of model.
        architecture: Such as `flux-1-dev`.
        name: What to call it.
        version: Which version it is.
        download_url: Where the vendor finds the file.
        format: The file's format.
        air: The id it is to have.
        unique_identifier: Your own name for it.
        private: Whether only you may use it.
        more: Further fields under the vendor's names, such as `defaultCFG` or `positiveTriggerWords`.
    """
    fields = fields_of(
        category=category,
        architecture=architecture,
        format=format,
        name=name,
        version=version,
        air=air,
        unique_identifier=unique_identifier,
        private=private,
    )
    payload = {**fields, "downloadURL": download_url, **more}
    return Native(provider="runware", call="modelUpload", payload=payload)  # type: ignore[arg-type]
