"""What the user sets of the published recipes: the config of a training, and the request of a dataset."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TypeVar

from ganrs_jax.checks import check_choice, check_memory, check_range, free_memory
from ganrs_jax.errors import InputError
from ganrs_jax.networks.adversarial import OPTIMIZERS
from ganrs_jax.requests import changes, last_number, nearest_number, told_offers

# Settings in which lanes may differ, besides their seeds.
LANE_FLOATS = ("embedding_learning_rate", "gan_learning_rate", "beta1", "clip", "slope", "momentum", "dropout")
_SAMPLE_BYTES = 200  # of memory at the peak per raw sample, measured
_MOST = 2**31 - 1  # samples that are offered where it is not known what memory holds
_SEEDS = 2**32  # a key is made of 32 bits


@dataclasses.dataclass(frozen=True)
class GanrsConfig:
    """Published settings (arXiv 2303.01297, section 3)."""

    embedding_size: int = 5  # numbers in a user's or an item's vector
    embedding_learning_rate: float = 1e-3  # Adam's, DeepMF
    embedding_batch_size: int = 32  # ratings per step
    embedding_epochs: int = 10  # passes over the training rows
    train_share: float = 0.8  # share of the rows that DeepMF sees, 0 to 1; the same in all lanes
    objective: str = "bce"  # bce | wasserstein
    optimizer: str = "adam"  # adam | rmsprop
    gan_learning_rate: float = 2e-4  # of both networks
    beta1: float = 0.5  # Adam's, 0 to 1
    clip: float = 0.01  # bound of the critic's weights, objective wasserstein only
    critic_steps: int = 1  # critic steps per generator step
    gan_steps: int = 20_000  # generator steps
    gan_batch_size: int = 128  # dense samples per step
    noise_size: int = 100  # numbers in a noise vector
    generator_hidden: tuple[int, int] = (10, 20)  # widths of the generator's two layers
    critic_hidden: int = 4  # width of the critic's layer
    slope: float = 0.2  # of LeakyReLU for negative inputs, 0 to 1
    momentum: float = 0.8  # of batch normalisation, 0 to 1
    dropout: float = 0.2  # share of units dropped in the generator, 0 to 1
    sigma: float = 1.0  # noise of generation where the request gives none
    kmeans_iterations: int = 100  # at most
    kmeans_tolerance: float = 1e-4  # share of the mean variance, as scikit-learn's
    kmeans_per_cluster: int = 64  # samples that K-means is fitted on, for each cluster; all are assigned; 0 = all


def check_config(config: GanrsConfig) -> None:
    """Raises InputError naming the first field with an invalid value, and what is accepted."""
    check_choice(config, "objective", ("bce", "wasserstein"))
    check_choice(config, "optimizer", OPTIMIZERS)
    check_range(config, ("beta1", "momentum", "dropout", "slope"), low=0, below=1)
    check_range(config, ("train_share",), above=0, below=1)
    check_range(config, ("embedding_learning_rate", "gan_learning_rate", "clip", "sigma"), above=0)
    check_range(config, ("kmeans_tolerance", "kmeans_per_cluster"), low=0)
    sizes = ("embedding_size", "embedding_batch_size", "embedding_epochs", "critic_steps", "gan_steps")
    check_range(config, (*sizes, "gan_batch_size", "noise_size", "critic_hidden", "kmeans_iterations"), low=1)
    check_range(config, ("generator_hidden",), low=1)


@dataclasses.dataclass(frozen=True)
class RawSamplesRequest:
    """The dataset that is wanted of a published recipe; omitted sizes default to the source's."""

    num_users: int = 0  # users, the clusters of the samples' user vectors; 0 = the source's
    num_items: int = 0  # items, likewise
    num_samples: int = 0  # raw samples drawn, more than the rows that stay; 0 = the source's ratings
    sigma: float = 0.0  # standard deviation of the noise ("variability"), 0.2 to 3 in the paper; 0 = the recipe's own
    seed: int = 0  # of everything random in generation


@dataclasses.dataclass(frozen=True)
class GroupsRequest(RawSamplesRequest):
    """As `RawSamplesRequest`, with the demography."""

    group_shares: Mapping[str, float] = dataclasses.field(default_factory=dict)  # of users; sum to 1; {} = the source's


Request = TypeVar("Request", bound=RawSamplesRequest)


def unfilled(request: RawSamplesRequest) -> str:
    """What a message says of more users or items than samples; "" if there are none."""
    for name in ("num_users", "num_items"):
        if getattr(request, name) > request.num_samples:
            return f"`{name}={getattr(request, name)}` cannot be filled by `num_samples={request.num_samples}`"
    return ""


def complete_request(
    request: Request,
    num_users: int,
    num_items: int,
    num_ratings: int,
    sigma: float,
    unfilled: Callable[[Request], str] = unfilled,
) -> Request:
    """The request with the source's sizes, and the recipe's sigma, where it has none.

    Args:
      unfilled: as the function of that name, for recipes that must fill more than users and items.

    Raises:
      InputError: on a number that is negative or not finite, more samples than memory holds, or fewer than fill the
        users and items, naming the nearest requests that can be filled.
    """
    for name in ("num_users", "num_items", "num_samples", "sigma"):
        value = getattr(request, name)
        if not 0 <= value < float("inf"):
            raise InputError(f"`{name}={value}` is out of range; accepted: a number over 0, or 0 for the default")
    if not 0 <= request.seed < _SEEDS:
        raise InputError(f"`seed={request.seed}` is out of range; accepted: 0 to {_SEEDS - 1}")
    request = dataclasses.replace(
        request,
        num_users=request.num_users or num_users,
        num_items=request.num_items or num_items,
        num_samples=request.num_samples or num_ratings,
        sigma=request.sigma or sigma,
    )
    check_memory("num_samples", request.num_samples, _SAMPLE_BYTES)
    if found := unfilled(request):
        raise InputError(f"{found}; accepted: {told_offers(_nearest_requests(request, unfilled))}")
    return request


def _nearest_requests(request: Request, unfilled: Callable[[Request], str]) -> list[dict[str, object]]:
    """Fewer users and items, and more samples if memory holds them: the nearest numbers that are filled."""
    users, items, samples = request.num_users, request.num_items, request.num_samples

    def fits(**sizes: int) -> bool:
        return not unfilled(dataclasses.replace(request, **sizes))

    items = min(items, samples)
    users = last_number(lambda number: fits(num_users=number, num_items=items), 1, min(users, samples) + 1)
    fewer = dataclasses.replace(request, num_users=users, num_items=items)
    offers = [changes(request, fewer, ("num_users", "num_items"))]
    least, most = max(request.num_users, request.num_items), min(_MOST, free_memory() // _SAMPLE_BYTES or _MOST)
    enough = least <= most and fits(num_samples=least)
    more = least if enough else nearest_number(least, least, most, lambda number: fits(num_samples=number))
    return [*offers, {"num_samples": more}] if more else offers
