"""The recipes by name, and what all of them offer: from ratings to a model, from a model to datasets."""

import dataclasses
from collections.abc import Callable, Sequence

from ganrs_jax.data.dataset import Blocks, Dataset
from ganrs_jax.errors import InputError
from ganrs_jax.profile import recipe as profile
from ganrs_jax.profile import settings as profile_settings
from ganrs_jax.profile.diagnostics import training_warnings
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.published import cganrs, ganrs, wganrs
from ganrs_jax.published import settings as published_settings
from ganrs_jax.published.model import PublishedModel
from ganrs_jax.published.settings import GroupsRequest, RawSamplesRequest

Config = profile_settings.ProfileConfig | published_settings.GanrsConfig
Request = RatingsRequest | RawSamplesRequest
Model = ProfileModel | PublishedModel


def _no_warnings(model: Model) -> list[str]:
    return []


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A way from ratings to datasets.

    Attributes:
      name: as in `RECIPES`.
      config: the frozen dataclass of its settings; its defaults are the recipe's.
      request: the frozen dataclass of what can be asked of its models.
      model: the frozen dataclass that training gives.
      check_config: (config) -> None; raises InputError on an invalid value.
      fit: (seeds [L], ratings, configs [L], report, stages) -> a model per lane.
      check_request: (ratings, config, request) -> None; as `complete`, before a model is trained.
      complete: (model, request) -> the request with the source's sizes where it has none; raises InputError, before any
        work, on one that cannot be met.
      generate: (model, request, report) -> Dataset.
      lane_floats: fields of the settings that lanes of one `fit` may differ in.
      blocks: (model, request, report) -> Blocks, of a recipe whose datasets can be made in parts.
      training_warnings: (model) -> a line for each fault of training, none by default.
    """

    name: str
    config: type[profile_settings.ProfileConfig] | type[published_settings.GanrsConfig]
    request: type[RatingsRequest] | type[RawSamplesRequest]
    model: type[ProfileModel] | type[PublishedModel]
    check_config: Callable[..., None]
    fit: Callable[..., Sequence[Model]]
    check_request: Callable[..., None]
    complete: Callable[..., Request]
    generate: Callable[..., Dataset]
    lane_floats: tuple[str, ...]
    blocks: Callable[..., Blocks] | None = None
    training_warnings: Callable[..., list[str]] = _no_warnings


_PUBLISHED = Recipe(
    "ganrs",
    published_settings.GanrsConfig,
    RawSamplesRequest,
    PublishedModel,
    published_settings.check_config,
    ganrs.fit,
    ganrs.check_request,
    ganrs.complete,
    ganrs.generate,
    published_settings.LANE_FLOATS,
)
_ALL = (
    Recipe(
        "profile",
        profile_settings.ProfileConfig,
        RatingsRequest,
        ProfileModel,
        profile_settings.check_config,
        profile.fit,
        profile.check_request,
        profile.complete,
        profile.generate,
        profile_settings.LANE_FLOATS,
        profile.blocks,
        training_warnings,
    ),
    _PUBLISHED,
    dataclasses.replace(_PUBLISHED, name="wganrs", config=wganrs.WganrsConfig, fit=wganrs.fit),
    dataclasses.replace(
        _PUBLISHED,
        name="cganrs",
        config=cganrs.CganrsConfig,
        request=GroupsRequest,
        check_config=cganrs.check_config,
        fit=cganrs.fit,
        check_request=cganrs.check_request,
        complete=cganrs.complete,
        generate=cganrs.generate,
    ),
)
RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _ALL}


def get_recipe(name: str, parameter: str = "recipe") -> Recipe:
    """The recipe of that name; parameter: what a message calls it.

    Raises:
      InputError: listing the names there are.
    """
    if name not in RECIPES:
        raise InputError(f"`{parameter}={name}` is no recipe; accepted: {', '.join(RECIPES)}")
    return RECIPES[name]
