"""What the user sets of recipe profile: the config of a training, and the request of a dataset."""

import dataclasses
from collections.abc import Mapping

import jax
import numpy as np

from ganrs_jax.checks import check_choice, check_memory, check_range
from ganrs_jax.errors import InputError
from ganrs_jax.networks.adversarial import OBJECTIVES, OPTIMIZERS
from ganrs_jax.profile.cold_start import ColdStart, check_cold, parse_cold
from ganrs_jax.profile.sizes import MOST, completed_sizes, nearest_requests
from ganrs_jax.requests import told_offers
from ganrs_jax.sampling.distributions import DegreeDistribution, parse_distribution, parse_histogram
from ganrs_jax.sampling.feasibility import DegreeRequest, Fault, SourceDegrees, check_degrees
from ganrs_jax.statistics.summary import SourceSummary

LANE_FLOATS = ("gan_learning_rate", "beta1", "beta2", "clip", "gradient_penalty", "average")  # may differ by lane
CALIBRATED = (
    "factor_weights",
    "local_gain",
    "local_tail",
    "users.gain",
    "items.gain",
    "popularity_preference",
    "link_asymmetry",
    "bias_correlation",
    "factor_gain",
    "noise_agreement",
    "noise_log_variance",
    "groups.gain",
)  # parameters, as the table of calibration calls them; local_tail: local_gain past rank 100
_COPIES = {"num_users": 3, "num_items": 5}  # of a vector and its local part that memory holds
_SIGMAS = (0.2, 3.0)  # of the noise; vectors of more lie where no user or item ever was
_ITEM_IDS = ("new", "source")
_SEEDS = 2**32  # a key is made of 32 bits


@dataclasses.dataclass(frozen=True)
class ProfileConfig:
    """Settings of the profile recipe; one set for all sources."""

    most_users: int = 16384  # learned from, a random part of more; degree distributions and histogram are of all
    interaction_rank: int = 24  # factors of who rates what
    local_rank: int = 300  # directions of local structure beside them, at most; 0 = none
    users_per_direction: int = 20  # users there must be for each: fewer fit chance, and give themselves away
    least_users: int = 3  # of an item, for it to have local structure
    local_exchange: int = 1  # items of like popularity that exchange their loadings at least; 1 = each keeps its own
    rating_rank: int = 8  # factors of how users rate
    style_rank: int = 4  # numbers that tell how a user uses the scale
    embedding_rounds: int = 14  # of the interaction factors
    embedding_sweeps: int = 40  # Gibbs sweeps of the rating factors
    posterior_draws: int = 8  # of each vector, over 1; the last chooses the best average, the others are learned
    learned: str = "draws"  # draws | means: what is learned of a user's vector, posterior draws or their mean
    groups: str = ""  # demographic columns that generated users have too, with commas: gender,age, say
    users: str = "gan"  # gan | gaussian: normal vectors instead, with the source's moments and quantiles by degree
    objective: str = "relativistic"  # bce | wasserstein | wgan_gp | relativistic
    optimizer: str = "adam"  # adam | rmsprop
    gan_learning_rate: float = 1e-3  # of all networks at the start
    beta1: float = 0.0  # Adam's, 0 to 1
    beta2: float = 0.95  # Adam's, 0 to 1
    clip: float = 0.01  # bound of the critics' weights, objective wasserstein only
    gradient_penalty: float = 0.3  # weight, objectives wgan_gp and relativistic
    average: float = 0.998  # of the generator's weights: share kept per step, 0 to 1
    critic_steps: int = 1  # critic steps per generator step
    gan_steps: int = 2000  # generator steps
    gan_batch_size: int = 128  # vectors per step
    noise_size: int = 64  # numbers in a noise vector
    width: int = 128  # of the networks' layers
    blocks: int = 2  # residual blocks of each network
    calibration_rounds: int = 10  # of comparing generated datasets with the source; 0 = leave all as learned
    uncalibrated: str = ""  # parameters that calibration leaves as learned, with commas (`knobs`)
    sigma: float = 1.0  # noise of generation where the request gives none


def check_config(config: ProfileConfig) -> None:
    """Raises InputError naming the first field whose value cannot be, and what is accepted."""
    check_choice(config, "users", ("gan", "gaussian"))
    check_choice(config, "learned", ("draws", "means"))
    for name in filter(None, config.uncalibrated.split(",")):
        if name not in CALIBRATED:
            raise InputError(f"`config.uncalibrated={config.uncalibrated}`; accepted: some of {', '.join(CALIBRATED)}")
    check_choice(config, "objective", OBJECTIVES)
    check_choice(config, "optimizer", OPTIMIZERS)
    check_range(config, ("beta1", "beta2", "average"), low=0, below=1)
    check_range(config, ("gan_learning_rate", "clip", "sigma"), above=0)
    check_range(config, ("gradient_penalty", "calibration_rounds", "local_rank"), low=0)
    check_range(config, ("posterior_draws",), low=2)
    embedding = ("most_users", "interaction_rank", "rating_rank", "style_rank", "embedding_rounds", "embedding_sweeps")
    check_range(
        config, (*embedding, "least_users", "local_exchange", "users_per_direction", "critic_steps", "gan_steps"), low=1
    )
    check_range(config, ("gan_batch_size", "noise_size", "width", "blocks"), low=1)


@dataclasses.dataclass(frozen=True)
class RatingsRequest:
    """The dataset that is wanted of recipe profile; omitted sizes default to the source's."""

    num_users: int = 0  # users; 0 = the source's
    num_items: int = 0  # items; 0 = the source's, or fewer where the ratings are few (`sizes.completed_sizes`)
    num_ratings: int = 0  # ratings, exactly; 0 = as many per user as in the source
    sigma: float = 0.0  # standard deviation of the noise, 0.2 to 3 ("variability"); 0 = the recipe's own
    seed: int = 0  # of everything random in generation
    activity: str = "source"  # distribution of ratings per user (`sampling.distributions.parse_distribution`)
    popularity: str = "source"  # distribution of ratings per item, likewise
    rating_histogram: str = "source"  # share of each rating (`sampling.distributions.parse_histogram`)
    item_ids: str = "new"  # of the items in tables: new (numbers from 0) | source (the source's own, no item twice)
    group_shares: Mapping[str, float] = dataclasses.field(default_factory=dict)  # of users, by group; {} = the source's
    cold_users: float = 0.0  # share of the users that have few ratings yet (`cold_start`): the first ones
    cold_user_ratings: str = "1:5"  # LEAST:MOST ratings of each of them
    cold_items: float = 0.0  # share of the items that have few ratings yet: the first ones
    cold_item_ratings: str = "1:5"  # LEAST:MOST ratings of each of them

    @property
    def cold(self) -> ColdStart:
        """The cold start that is asked for; raises InputError where its texts are no ranges."""
        return ColdStart(
            parse_cold(self.cold_users, self.cold_user_ratings, "user"),
            parse_cold(self.cold_items, self.cold_item_ratings, "item"),
        )

    @property
    def young(self) -> bool:
        """Whether it is a young service, whose users draw what they would rate in all, of which a random part stays."""
        return self.activity == self.popularity == "thinned"

    @property
    def ratings_before(self) -> int:
        """Of a completed request, the ratings there would be if no user and no item were cold."""
        return self.cold.ratings_before(self.num_ratings, self.num_users, self.num_items)


def plan_key(request: RatingsRequest, purpose: int) -> jax.Array:
    """A key for each use of a request's seed."""
    return jax.random.fold_in(jax.random.key(request.seed), purpose)


def complete_request(
    request: RatingsRequest,
    config: ProfileConfig,
    source: SourceSummary,
    activity: DegreeDistribution,
    popularity: DegreeDistribution,
    own_items: int,
) -> RatingsRequest:
    """The request with all sizes: those left out as `sizes.completed_sizes` has them.

    Args:
      activity, popularity: of the source.
      own_items: how many of the source's items there are to take.

    Raises:
      InputError: on a request that no dataset can meet, naming the nearest ones that can be met.
    """
    for name in ("num_users", "num_items", "num_ratings", "sigma"):
        value = getattr(request, name)
        if not 0 <= value <= MOST:
            raise InputError(f"`{name}={value}` is out of range; accepted: a number over 0, or 0 for the default")
    if not 0 <= request.seed < _SEEDS:
        raise InputError(f"`seed={request.seed}` is out of range; accepted: 0 to {_SEEDS - 1}")
    if not (request.sigma == 0 or _SIGMAS[0] <= request.sigma <= _SIGMAS[1]):
        raise InputError(f"`sigma={request.sigma:g}` is out of range; accepted: {_SIGMAS[0]:g} to {_SIGMAS[1]:g}")
    parse_histogram(request.rating_histogram, source.scale, "rating_histogram", np.asarray(source.rating_histogram))
    if request.item_ids not in _ITEM_IDS:
        raise InputError(f"`item_ids={request.item_ids}`; accepted: {', '.join(_ITEM_IDS)}")
    most_items = own_items if request.item_ids == "source" else MOST
    width = config.interaction_rank + config.local_rank + config.rating_rank + config.style_rank + 3
    degrees = SourceDegrees(activity, popularity)

    def completed(asked: DegreeRequest) -> tuple[DegreeRequest, Fault | None]:
        for name, copies in _COPIES.items():
            check_memory(name, getattr(asked, name), 4 * copies * width)
        if asked.num_items > most_items:
            raise InputError(
                f"`num_items={asked.num_items}` is more than the {own_items:,} items of the source that "
                f"`item_ids=source` has ids of; accepted: up to {own_items}, or `item_ids=new`"
            )
        if cold and asked.num_ratings:
            users, items = asked.num_users or source.users, asked.num_items or min(source.items, most_items)
            asked = asked._replace(num_ratings=cold.ratings_before(asked.num_ratings, users, items))
        sizes = completed_sizes(asked, source, degrees, most_items)
        fault = check_degrees(sizes, degrees)[1]
        return (sizes._replace(num_ratings=cold.ratings_after(sizes[2], *sizes[:2])) if cold else sizes), fault

    cold = request.cold
    distributions = (parse_distribution(getattr(request, name), name) for name in ("activity", "popularity"))
    asked = DegreeRequest(request.num_users, request.num_items, request.num_ratings, *distributions)
    sizes, fault = completed(asked)
    if fault:
        offers = nearest_requests(asked, source, completed)
        raise InputError(f"{fault.found}; accepted: {told_offers(offers)}")
    num_ratings = request.num_ratings or sizes.num_ratings
    check_cold(cold, sizes.num_users, sizes.num_items, num_ratings)
    return dataclasses.replace(
        request,
        num_users=sizes.num_users,
        num_items=sizes.num_items,
        num_ratings=num_ratings,
        sigma=request.sigma or config.sigma,
    )
