"""The profile recipe: exact sizes, and the source's structure.

Users and items are embedded by what a profile is (`embedding.profile`), a generator in two parts learns the
vectors (`adversarial.two_part`), and a dataset is decoded with prescribed activity, popularity, histogram and
spectrum (`plan`). It mends what the published recipes lose: the long tail, rows, distinct pairs, and how hard
real ratings are to predict.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax import schema as layout
from ganrs_jax.checks import check_choice, check_memory, check_range
from ganrs_jax.data.dataset import Dataset, Generator, Recipe, Request, check_numbers
from ganrs_jax.data.ratings import Ratings, subsample
from ganrs_jax.errors import InputError
from ganrs_jax.networks.objectives import OBJECTIVES
from ganrs_jax.networks.optimizers import OPTIMIZERS
from ganrs_jax.networks.residual import ResidualMLP
from ganrs_jax.profile.calibration import prescribe
from ganrs_jax.profile.decoders import DECODERS, transport_blocks
from ganrs_jax.profile.embedding import Columns, ProfileEmbedding, by_size
from ganrs_jax.profile.embeddings import EMBEDDINGS
from ganrs_jax.profile.gan import PARTS, Part, TwoPartSpec, Vectors, generate_vectors, matching
from ganrs_jax.profile.item_means import find_liking, means_alone
from ganrs_jax.profile.marginals import find_quantiles
from ganrs_jax.profile.popularity_preference import plain_appetite
from ganrs_jax.profile.predictability import first_correlation
from ganrs_jax.profile.restarts import fit_with_restarts
from ganrs_jax.profile.scores import plain_strength
from ganrs_jax.profile.strata import find_strata
from ganrs_jax.profile.vectors import columns
from ganrs_jax.sampling.degree_distributions import count_law, parse_law
from ganrs_jax.sampling.feasibility import check_counts, nearest_ratings
from ganrs_jax.sampling.histograms import parse_histogram
from ganrs_jax.statistics.summary import describe_source
from ganrs_jax.training.checkpointer import NOTHING, Kept
from ganrs_jax.training.lanes import check_lanes, stacked_floats
from ganrs_jax.training.loop import Report, silent

_COPIES = {"num_users": 4, "num_items": 12}  # of a vector that memory holds, measured
LANE_FLOATS = ("gan_learning_rate", "beta1", "beta2", "clip", "gradient_penalty", "average")
_MATCHED = 65536  # generated vectors whose moments are matched
_JUDGED = 8192  # vectors that choose the best average
_ROWS = 1 << 20  # ratings looked at at once
_TASTES = (0.001, 0.999)  # quantiles of the products of rating factors in the source that no product goes beyond
_SIGMAS = (0.2, 3.0)  # of the noise; vectors of more lie where no user or item ever was


@dataclasses.dataclass(frozen=True)
class ProfileConfig:
    """Settings of the profile recipe; one set for all sources."""

    embedding: str = "profile"  # profile | deepmf
    most_users: int = 16384  # that are learned from, a random part of more; laws and histogram are of all
    interaction_rank: int = 24  # factors of who rates what
    rating_rank: int = 8  # factors of how users rate
    style_rank: int = 4  # numbers that tell how a user uses the scale (embedding profile)
    embedding_rounds: int = 14  # of the interaction factors (embedding profile)
    embedding_sweeps: int = 40  # of the rating factors (embedding profile); epochs (deepmf)
    posterior_draws: int = 8  # of each vector, over 1; the last chooses the best average, the others are learned
    objective: str = "relativistic"  # bce | wasserstein | wgan_gp | relativistic
    optimizer: str = "adam"  # adam | rmsprop
    gan_learning_rate: float = 1e-3  # of all networks at the start
    beta1: float = 0.0  # Adam's, 0 to 1
    beta2: float = 0.95  # Adam's, 0 to 1
    clip: float = 0.01  # bound of the critics' weights, objective wasserstein only
    gradient_penalty: float = 0.3  # weight, objectives wgan_gp and relativistic
    average: float = 0.998  # of the generators' weights: share kept a step, 0 to 1
    critic_steps: int = 1  # critic steps a generator step
    gan_steps: int = 2000  # generator steps
    gan_batch_size: int = 128  # vectors a step
    noise_size: int = 64  # numbers in a noise vector
    width: int = 128  # of the networks' layers
    blocks: int = 2  # residual blocks of each network
    structure_rounds: int = 10  # of prescribing who rates what (`prescribed`); 0 = leave it as learned
    predictability_rounds: int = 6  # of prescribing how well ratings can be predicted; 0 = leave it as learned
    decoder: str = "transport"  # transport | kmeans
    kmeans_iterations: int = 100  # at most, decoder kmeans
    kmeans_tolerance: float = 1e-4  # share of the mean variance, decoder kmeans
    sigma: float = 1.0  # noise of generation where the request gives none


def check(config: ProfileConfig) -> None:
    """Raises InputError naming the first field whose value cannot be, and what is accepted."""
    check_choice(config, "embedding", EMBEDDINGS)
    check_choice(config, "objective", OBJECTIVES)
    check_choice(config, "optimizer", OPTIMIZERS)
    check_choice(config, "decoder", DECODERS)
    check_range(config, ("beta1", "beta2", "average"), low=0, below=1)
    check_range(config, ("gan_learning_rate", "clip", "sigma"), above=0)
    check_range(config, ("gradient_penalty", "kmeans_tolerance"), low=0)
    check_range(config, ("posterior_draws",), low=2)
    check_range(config, ("structure_rounds", "predictability_rounds"), low=0)
    sizes = (
        "most_users",
        "interaction_rank",
        "rating_rank",
        "style_rank",
        "embedding_rounds",
        "embedding_sweeps",
        "critic_steps",
        "gan_steps",
    )
    check_range(config, (*sizes, "gan_batch_size", "noise_size", "width", "blocks", "kmeans_iterations"), low=1)


def fit(
    seeds: Sequence[int],
    ratings: Ratings,
    configs: Sequence[ProfileConfig],
    report: Report = silent,
    expect: Request | None = None,
    kept: Kept = NOTHING,
) -> list[Generator]:
    """Trains a generator a lane; all lanes share one embedding.

    Raises:
      InputError: if a configuration, seeds or lanes cannot be, the ratings are too few to embed, or no dataset
        can meet what is expected.
      TrainingDivergedError: if every lane diverges.
    """
    for each in configs:
        check(each)
    check_lanes(seeds, configs, LANE_FLOATS)
    config = configs[0]
    _check_size(ratings)
    if expect is not None:
        complete(Generator("profile", config, _laws(ratings), describe_source(ratings), {}), expect)
    learned = subsample(ratings, max_users=config.most_users)
    which = Columns(config.interaction_rank, config.rating_rank, config.style_rank)
    embedding = kept.stage(
        "embedding",
        lambda: EMBEDDINGS[config.embedding](learned, config, report, kept),
        lambda held: ProfileEmbedding(**held),
        lambda found: found._asdict(),
    )
    vectors = {part: _split(getattr(embedding, part)) for part in PARTS}
    floats = stacked_floats(configs, LANE_FLOATS)
    spec = _spec(config, which)
    lanes, attempts = fit_with_restarts(tuple(seeds), spec, vectors, floats, report, kept)
    shared = {**_shared(learned, embedding, which), **_laws(ratings)}
    source = describe_source(ratings)
    learnt: list[Generator] = []
    for seed, each, state, attempt in zip(seeds, configs, lanes, attempts, strict=True):
        arrays = {**shared, **{part: _part(spec, state[part].best, getattr(embedding, part)) for part in PARTS}}
        for part, offset in zip(PARTS, (embedding.offset, 0.0), strict=True):
            arrays[part]["by_size"] = by_size(getattr(embedding, part), which, offset)
        learnt.append(Generator("profile", each, arrays, source, _facts(seed, state, attempt)))
    return prescribe(learnt, learned, report, kept)


def complete(generator: Generator, request: Request) -> Request:
    """The request with the source's numbers where it has none.

    Left open, the number of ratings follows the users, and fewer items take their share of it: a user rates as
    much, of the source's items, as in the source; or as near to it as sizes so far from the source's allow. Left open,
    the items are the source's, or half as many as the ratings where that is fewer.

    Raises:
      InputError: on a request that no dataset can meet, naming the nearest one that can be met.
    """
    check_numbers(request)
    _check_memory(generator, request)
    if request.group_shares:
        raise InputError("--group_shares: recipe profile has no groups; accepted: recipe cganrs")
    if not (request.sigma == 0 or _SIGMAS[0] <= request.sigma <= _SIGMAS[1]):
        raise InputError(f"--sigma={request.sigma:g}; accepted: {_SIGMAS[0]:g} to {_SIGMAS[1]:g}")
    laws = {
        "activity": parse_law(request.activity, "activity"),
        "popularity": parse_law(request.popularity, "popularity"),
        "users": generator.arrays["activity"],
        "items": generator.arrays["popularity"],
    }
    request = _sized(generator.source, request, laws)
    parse_histogram(request.rating_histogram, generator.scale, "rating_histogram")
    check_counts(request.num_users, request.num_items, request.num_ratings, **laws)
    return dataclasses.replace(request, sigma=request.sigma or generator.config.sigma)


def generate(generator: Generator, request: Request, report: Report = silent) -> Dataset:
    """A dataset of exactly the users, items and ratings asked for (decoder transport).

    Raises:
      InputError: on a request that no dataset can meet.
    """
    return DECODERS[generator.config.decoder](generator, complete(generator, request), report)


def _sized(source: Mapping[str, Any], request: Request, laws: Mapping[str, Any]) -> Request:
    num_users = request.num_users or source["users"]
    share = min(1.0, (request.num_items or source["items"]) / source["items"])
    natural = max(1, round(source["ratings"] * num_users / source["users"] * share))
    asked = request.num_ratings or request.num_samples
    num_ratings = asked or max(natural, num_users, request.num_items)
    num_items = request.num_items or max(1, min(source["items"], num_ratings // 2))
    if not asked and request.activity == request.popularity == "source":
        num_ratings = nearest_ratings(num_users, num_items, num_ratings, **laws)
    return dataclasses.replace(
        request, num_users=num_users, num_items=num_items, num_ratings=num_ratings, num_samples=0
    )


def _check_memory(generator: Generator, request: Request) -> None:
    width = columns(generator).width
    for flag, copies in _COPIES.items():
        check_memory(flag, getattr(request, flag), 4 * copies * width)


def _check_size(ratings: Ratings) -> None:
    """Embedding and spectrum need some users and items; fewer would also be found in what is generated."""
    if min(ratings.num_users, ratings.num_items) < 20:
        raise InputError(
            f"{ratings.name}: {ratings.num_users} users, {ratings.num_items} items; accepted: at least 20 of each"
        )


def _spec(config: ProfileConfig, which: Columns) -> TwoPartSpec:
    return TwoPartSpec(
        generator=ResidualMLP(config.width, config.blocks, which.width),
        critic=ResidualMLP(config.width, config.blocks, 1),
        objective=config.objective,
        optimizer=config.optimizer,
        noise_size=config.noise_size,
        batch_size=config.gan_batch_size,
        critic_steps=config.critic_steps,
        num_steps=config.gan_steps,
    )


def _split(drawn_RxNxD: jax.Array) -> Vectors:
    """Standardised vectors: all draws but the last to learn, the last to choose by."""
    flat = drawn_RxNxD.reshape(-1, drawn_RxNxD.shape[-1])
    scaled = (drawn_RxNxD - flat.mean(0)[None, None]) / (flat.std(0) + 1e-6)[None, None]
    return Vectors(scaled[:-1], scaled[-1][np.resize(np.arange(scaled.shape[1]), _JUDGED)])


def _facts(seed: int, state: Mapping[str, Part], restarts: int) -> dict[str, Any]:
    distances = {f"{part}_distance": float(state[part].distance) for part in PARTS}
    return {"seed": int(seed), "criterion": sum(distances.values()), "restarts": restarts, **distances}


def _part(spec: TwoPartSpec, weights: Any, drawn_RxNxD: jax.Array) -> dict[str, Any]:
    made = generate_vectors(jax.random.key(0), spec.generator, weights, jnp.float32(1), (_MATCHED, spec.noise_size))
    held = {"weights": weights, "matching": matching(made, drawn_RxNxD)}
    return {
        **jax.tree.map(np.asarray, held),
        "strata": find_strata(drawn_RxNxD, -1, 1.0),
        "quantiles": find_quantiles(drawn_RxNxD),
    }


def _shared(ratings: Ratings, embedding: ProfileEmbedding, which: Columns) -> dict[str, Any]:
    """What generators of all lanes hold: facts of what is learned from, and nothing prescribed yet."""
    rank = which.interaction_rank
    tasted = _tasted(ratings, embedding, which)
    sizes = (ratings.user, ratings.num_users), (ratings.item, ratings.num_items)
    activity, popularity = (np.bincount(ids, minlength=number) for ids, number in sizes)
    generosity = means_alone(find_liking(ratings.user, ratings.rating, activity))
    return {
        "mean_rating": np.float32(embedding.mean_rating),
        "offset": np.float32(embedding.offset),
        "style": {"borders": embedding.borders, "basis": embedding.basis},
        "appetite": plain_appetite(),
        "choice": np.zeros((rank, rank), np.float32),
        "strength": {part: plain_strength() for part in PARTS},
        "generosity": generosity._asdict(),
        "liking": find_liking(ratings.item, ratings.rating, popularity)._asdict(),
        "correlation": first_correlation(ratings),
        "tails": np.float32(0),
        "taste": np.float32(1),
        "taste_bounds": np.quantile(tasted, _TASTES).astype(np.float32),
    }


def _tasted(ratings: Ratings, embedding: ProfileEmbedding, which: Columns) -> np.ndarray:
    """Products of the rating factors at each rating, [N], of the first draw."""
    parts = [slice(start, start + _ROWS) for start in range(0, ratings.num_ratings, _ROWS)]
    users, items = embedding.users[0], embedding.items[0]
    return np.concatenate([which.tasted(users[ratings.user[part]], items[ratings.item[part]]) for part in parts])


def _laws(ratings: Ratings) -> dict[str, Any]:
    return {"activity": count_law(np.bincount(ratings.user)), "popularity": count_law(np.bincount(ratings.item))}


RECIPE = Recipe(ProfileConfig, check, fit, complete, generate, LANE_FLOATS, transport_blocks, layout.PROFILE)
