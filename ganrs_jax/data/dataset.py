"""What every recipe takes and gives: a generator, a request, a dataset."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ganrs_jax import schema as layout
from ganrs_jax.checks import check_memory
from ganrs_jax.data.ratings import Scale
from ganrs_jax.errors import InputError

_SAMPLE_BYTES = 200  # of memory at the peak, a raw sample


class Generator(NamedTuple):
    """All that generation needs, and nothing of a real person: what a checkpoint holds.

    Attributes:
      recipe: its name in `ganrs_jax.recipes.RECIPES`.
      config: the recipe's frozen dataclass.
      arrays: pytree of numpy arrays (network variables, moments of the ratings).
      source: `summary.describe_source` of the training data.
      training: seed, criterion and figures of the training run.
    """

    recipe: str
    config: Any
    arrays: Any
    source: dict[str, Any]
    training: dict[str, Any]

    @property
    def scale(self) -> Scale:
        return Scale(*self.source["scale"])


@dataclasses.dataclass(frozen=True)
class Request:
    """The dataset that is wanted; 0 takes the source's own number."""

    num_users: int = 0  # users wanted
    num_items: int = 0  # items wanted
    num_samples: int = 0  # raw samples drawn; the published recipes keep fewer rows
    sigma: float = 0.0  # standard deviation of the noise, 0.2 to 3 ("variability"); 0 = the recipe's default
    seed: int = 0  # of everything random in generation
    group_shares: Mapping[str, float] = dataclasses.field(default_factory=dict)  # share of users a group, sums to 1
    num_ratings: int = 0  # ratings wanted, exactly; recipe profile, which draws no raw samples
    activity: str = "source"  # law of ratings a user, in a form of `decoding.laws.parse_law`; recipe profile
    popularity: str = "source"  # law of ratings an item, likewise
    rating_histogram: str = "source"  # share of each rating, in a form of `decoding.histograms`; recipe profile


class Dataset(NamedTuple):
    """M generated ratings.

    Attributes:
      user, item: int32 [M], ids from 0; rows ascend by (user, item), no pair repeats.
      rating: float32 [M], on `scale`.
      groups: demographic column -> its value for each user id, str [num_users].
      metadata: the request, what was kept and dropped, the generator's origin; json-ready.
    """

    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray
    scale: Scale
    groups: dict[str, np.ndarray]
    metadata: dict[str, Any]


class Rows(NamedTuple):
    """Ratings of a block of users: user, item int32 [M], ascending by (user, item), rating float32 [M]."""

    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray


class Blocks(NamedTuple):
    """A dataset by blocks of users, each made by itself: in any order, by any process, the same.

    Attributes:
      num_blocks: how many there are; blocks 0, 1, ... hold the users in ascending order.
      rows: (number) -> the ratings of a block.
      scale: of the ratings.
      metadata: the request, the generator's origin and what to know; json-ready.
    """

    num_blocks: int
    rows: Callable[[int], Rows]
    scale: Scale
    metadata: dict[str, Any]


class Recipe(NamedTuple):
    """A way from ratings to datasets.

    Attributes:
      config: the frozen dataclass of its settings; its defaults are the recipe's.
      check: (config) -> None, raises InputError on a value that cannot be.
      fit: (seeds [L], ratings, configs [L], report, expect, kept) -> a Generator a lane; `expect` is a request that
        will come next, or None: what it needs may then compile while training runs; `kept`: what an earlier run,
        stopped, has done.
      complete: (generator, request) -> the request with nothing left open; raises InputError, before any
        work, on one that cannot be met.
      generate: (generator, request, report) -> Dataset.
      lane_floats: fields of the settings that lanes of one `fit` may differ in.
      blocks: (generator, completed request, report) -> Blocks, of a recipe whose datasets can be made in parts; raises
        InputError where this generator's cannot.
      arrays: paths of the arrays that its generators have (`layout`).
    """

    config: type
    check: Callable[[Any], None]
    fit: Callable[..., list[Generator]]
    complete: Callable[[Generator, Request], Request]
    generate: Callable[..., Dataset]
    lane_floats: tuple[str, ...]
    blocks: Callable[..., Blocks] | None = None
    arrays: tuple[str, ...] = layout.PUBLISHED


def completed(generator: Generator, request: Request) -> Request:
    """The request with the source's numbers where it has none.

    Raises:
      InputError: on sizes that are not positive, a sigma that is not, or more users or items than samples.
    """
    check_numbers(request)
    request = dataclasses.replace(
        request,
        num_users=request.num_users or generator.source["users"],
        num_items=request.num_items or generator.source["items"],
        num_samples=request.num_samples or generator.source["ratings"],
        sigma=request.sigma or generator.config.sigma,
    )
    check_memory("num_samples", request.num_samples, _SAMPLE_BYTES)
    for name in ("num_users", "num_items"):
        if getattr(request, name) > request.num_samples:
            raise InputError(
                f"--{name}={getattr(request, name)} cannot be filled by --num_samples={request.num_samples}; "
                f"accepted: 1 to {request.num_samples}, or more samples"
            )
    return request


def check_numbers(request: Request) -> None:
    """Raises InputError on a size, sigma or seed that is negative or not finite."""
    for name in ("num_users", "num_items", "num_samples", "num_ratings", "sigma", "seed"):
        value = getattr(request, name)
        if not value >= 0 or value == float("inf"):
            raise InputError(f"--{name}={value}; accepted: a number over 0, or 0 for the default")
