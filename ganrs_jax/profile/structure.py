"""Who rates what as strongly as in the source, and as unevenly: structure, calibrated.

Estimated factors, generated ones even more so, carry less structure than the source; affinities of users of few ratings
can hardly be estimated at all; and a normal posterior knows no user of ten times the usual affinity. So each direction
of the factors is given a weight, and each user and item a gain by its degree and by how far its affinity lies from the
mean. All are found by comparing generated datasets with the source: the singular values of the degree-normalised
matrix, its held-out signal at the ranks past them (`statistics.held_out_signal`), the leverage of each user and item
(the length of its row in the leading singular vectors), and how popular the items are that users rate
(`popularity_preference`).

Popularity preference: the few ratings of a user who hardly rates say next to nothing of its factors. Those are what its
degree lets expect, by a parabola, which is off at the ends; and an affinity of chance leads away from the items that
all rate. So a weight by the user's degree times the item's log popularity is added to the scores (the least change that
gives it a mean).
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.embedding import canonical_basis
from ganrs_jax.profile.features import affinities, affinity_beyond_degree
from ganrs_jax.profile.model import AffinityGain, PopularityPreference, ProfileModel
from ganrs_jax.profile.plan import draw_pairs, plan_interactions, user_vectors
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.profile.vectors import sample_vectors
from ganrs_jax.statistics.held_out_signal import signal_by_rank
from ganrs_jax.statistics.spectrum import CORE, spectral
from ganrs_jax.training.loop import Report, silent

_MOST_PREFERENCE_BINS, _LEAST_USERS = 8, 50  # of degree; users in each, for a mean beyond chance
_LONGEST_STEP = 1.0  # of a weight in a round: the response is that of small steps
_LEAST_PREFERENCE_RESPONSE = 0.1  # of the mean to the weight, for a step to be worked out
_DRAWN = 16384  # vectors whose covariance is taken: known to a percent then
_LEAST_RESPONSE = 0.15  # of a singular value to its weight, at the edge of the noise
_MOST_BINS, _LEAST_PER_BIN = 8, 50  # of degree, and entities in each at least: more bins are finer, and noisier
_RANKS = np.array([0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1.0])  # bins of leverage
_LEAST_IN_TAIL = 4.0  # entities in the last bin: fewer and its mean is one of them's
_RESPONSE = 0.7  # power of a step of the gain: under 1, so that noisy rounds do not overshoot
_LEAST_VALUE = 1e-4  # of the second singular value to the first; less is rounding
_LEAST_GAIN, _MOST_GAIN = 0.3, 4.0  # in all: a gain whose statistic does not answer would run away
_ONE_ROUND = (0.6, 1.6)  # bounds of what a gain is multiplied by in a round: each dataset has noise of its own
_ONE_ROUND_WEIGHT = (0.6, 2.0)  # likewise of a weight
_LOCAL_RESPONSE = 1.3  # of the square of a local gain to the signal at its rank, about, on Douban
_LEAST_LOCAL = 1e-3  # least square of a local gain
BANDS = ((2, 10), (11, 20), (21, 30), (31, 50), (51, 70), (71, 100))  # of ranks, whose mean signal is compared
_STRENGTH_WEIGHT = 2.0  # of singular values and signal: more would give up leverages and popularity for them


class PopularityByActivity(NamedTuple):
    """Of users in bins of degree, [B] each.

    Attributes:
      log_degree: mean log number of ratings.
      popularity: mean log number of ratings of the items they rate, each user's mean once.
    """

    log_degree: np.ndarray
    popularity: np.ndarray


def popularity_by_activity(user: np.ndarray, item: np.ndarray) -> PopularityByActivity:
    """The `PopularityByActivity` of a dataset's pairs [N]."""
    counts, popularity = np.bincount(user), np.log(np.bincount(item))[item]
    mean = np.bincount(user, popularity) / np.maximum(counts, 1)
    bins, log_degree = _bins(counts), np.log(np.maximum(counts, 1))
    return PopularityByActivity(*(np.array([x[part].mean() for part in bins]) for x in (log_degree, mean)))


def preference_step(
    wanted: PopularityByActivity, user: np.ndarray, item: np.ndarray, weighed: np.ndarray
) -> np.ndarray:
    """What is to be added to the weights at the log degrees of `wanted`, [B]: a Newton step.

    The mean log popularity answers to the weight of a number by the covariance of the two in what users rate.

    Args:
      user, item: pairs [N] of a generated dataset.
      weighed: the number of its items that the weight is of, [I].
    """
    found, popularity = popularity_by_activity(user, item), np.log(np.bincount(item))
    bins = _bins(np.bincount(user))
    bin_of = np.empty(int(user.max()) + 1, np.int64)
    for number, part in enumerate(bins):
        bin_of[part] = number
    rows = bin_of[user]
    size = np.bincount(rows, minlength=len(bins))
    x, y = (values - (np.bincount(rows, values) / size)[rows] for values in (weighed[item], popularity[item]))
    response = np.maximum(np.bincount(rows, x * y) / size, _LEAST_PREFERENCE_RESPONSE)
    step: np.ndarray = np.clip((wanted.popularity - found.popularity) / response, -_LONGEST_STEP, _LONGEST_STEP)
    return step


def _bins(counts: np.ndarray) -> list[np.ndarray]:
    """Users who rate, in bins of as many by how much they do, the least active first."""
    users = np.flatnonzero(counts)
    order = users[np.argsort(counts[users], kind="stable")]
    return np.array_split(order, max(1, min(_MOST_PREFERENCE_BINS, len(order) // _LEAST_USERS)))


class Leverage(NamedTuple):
    """Leverages of one side: mean in bins of degree, at log degrees `log_degree` [B], and their spread.

    by_degree: [B]. spread: [Q], relative to what the degree lets expect, in bins of its rank.
    """

    log_degree: np.ndarray
    by_degree: np.ndarray
    spread: np.ndarray


class Structure(NamedTuple):
    """values [K]: singular values 2, 3, ...; leverages of users and of items; popularity of what users rate.

    signal: held-out signal of bands of rank, [B] (`signal_by_band`).
    """

    values: np.ndarray
    users: Leverage
    items: Leverage
    popularity: PopularityByActivity
    signal: np.ndarray


class Parameters(NamedTuple):
    """What is calibrated: weights [k - 1] of the canonical directions, gains, popularity preference.

    local: gains of the local directions, [K].
    """

    weights: np.ndarray
    local: np.ndarray
    users: AffinityGain
    items: AffinityGain
    preference: PopularityPreference


def calibrate_structure(
    model: ProfileModel,
    user: np.ndarray,
    item: np.ndarray,
    request: RatingsRequest,
    rounds: int,
    report: Report = silent,
) -> ProfileModel:
    """The model with factor weights, gains and popularity preference that give the source's structure.

    Each round generates a dataset and moves every parameter by what its own statistic lacks; steps get shorter, since
    each dataset has noise of its own, and the parameters of the best round are kept.

    Args:
      user, item: who rated what in the source, [N], or in a part of it.
      request: a dataset of the same size.
    """
    wanted = structure(user, item)
    if wanted is None or not rounds or model.config.interaction_rank < 2:
        return model
    # Directions in which generated users' factors are white and items' uncorrelated. The first factor, the preference
    # for rare items, is left alone: degrees say what it should be, not the spectrum.
    covariances = []
    drawn = sample_vectors(jax.random.key(0), model, model.config.sigma, _DRAWN)
    own = model.items.vectors.reshape(-1, model.columns.width)
    for factors in (
        affinities(model.columns, model.users.degree_offset, drawn),
        own[:, : model.config.interaction_rank],
    ):
        covariances.append(np.cov(np.asarray(factors[:, 1:], np.float64).T))
    basis = canonical_basis(covariances[0], covariances[1], ridge=0.0)
    user_gain, item_gain = _neutral_gains(model, request, wanted)
    log_degree = wanted.popularity.log_degree.astype(np.float32)
    neutral = PopularityPreference(log_degree, np.zeros_like(log_degree))
    # Local directions come at the ranks past popularity and factors. They start at what the source's signal says, but
    # not above their own strength.
    rank = 2 + model.config.interaction_rank + np.arange(len(model.local_gain))
    band = np.searchsorted([high for _, high in BANDS[:-1]], rank)
    signal = np.maximum(_LOCAL_RESPONSE * wanted.signal[band], _LEAST_LOCAL)
    local = np.minimum(np.sqrt(signal), model.local_gain)
    tried = Parameters(np.ones(len(basis)), local, user_gain, item_gain, neutral)
    best, least, best_errors = None, np.inf, {}
    for number in range(rounds):
        found, step = _generated(
            with_parameters(model, basis, tried), dataclasses.replace(request, seed=number), wanted.popularity
        )
        # How far off this round is.
        users, items = leverage_ratios(wanted.users, found.users), leverage_ratios(wanted.items, found.items)
        errors = {
            "spectrum_error": float(np.mean(np.abs(found.values / wanted.values - 1))),
            "leverage_error": float(np.mean(np.abs(np.concatenate([*users, *items]) - 1))),
            "signal_error": float(np.mean(np.abs(found.signal - wanted.signal))),
            "popularity_error": float(np.mean(np.abs(found.popularity.popularity - wanted.popularity.popularity))),
        }
        strength = errors["spectrum_error"] + errors["signal_error"]
        loss = _STRENGTH_WEIGHT * strength + errors["leverage_error"] + errors["popularity_error"]
        if loss < least:
            best, least, best_errors = tried, loss, errors
        # The next one: a singular value near the edge of the noise hardly answers to its weight. Directions past the
        # values that are compared, which carry the end of the spectrum too, go with the last of them.
        rate = 1 / (1 + number / 4)
        response = np.maximum(1 - (found.values[-1] / found.values) ** 2, _LEAST_RESPONSE)
        factor = np.clip((wanted.values / found.values) ** (1 / response), *_ONE_ROUND_WEIGHT)[: len(basis)]
        factor = np.pad(factor, (0, len(basis) - len(factor)), mode="edge")
        preference = tried.preference
        tried = Parameters(
            tried.weights * factor**rate,
            scale_local(tried.local, band, rate * (wanted.signal - found.signal)),
            scale_gain(tried.users, users, rate * _RESPONSE),
            scale_gain(tried.items, items, rate * _RESPONSE),
            preference._replace(weight=(preference.weight + rate * step).astype(np.float32)),
        )
        report("structure", number + 1, rounds, {name: [error] for name, error in errors.items()})
    if best is None:  # no round had an error that is a number
        return model
    made = with_parameters(model, basis, best)
    return dataclasses.replace(made, training={**model.training, **best_errors})


def with_parameters(model: ProfileModel, basis: np.ndarray, parameters: Parameters) -> ProfileModel:
    """The model with these parameters; `basis` [k - 1, k - 1] of the directions that are weighed."""
    rank = len(basis)
    weights = np.zeros((rank + 1, rank + 1), np.float32)
    weights[1:, 1:] = (basis * (parameters.weights - 1)) @ np.linalg.inv(basis)
    return dataclasses.replace(
        model,
        factor_weights=weights,
        users=dataclasses.replace(model.users, gain=parameters.users),
        items=dataclasses.replace(model.items, gain=parameters.items),
        popularity_preference=parameters.preference,
        local_gain=parameters.local.astype(np.float32),
    )


def signal_by_band(user: np.ndarray, item: np.ndarray) -> np.ndarray:
    """Mean held-out signal in each of `BANDS`, [B]."""
    shape = int(user.max()) + 1, int(item.max()) + 1
    signal = np.pad(signal_by_rank(user, item, shape, core=CORE), (0, BANDS[-1][1]))
    return np.array([signal[low - 2 : high - 1].mean() for low, high in BANDS])


def structure(user: np.ndarray, item: np.ndarray) -> Structure | None:
    """The structure of a dataset's pairs [N].

    Returns:
      None if too few users and items have ratings enough for a spectrum, or all have rated all: there is none.
    """
    found = spectral(user, item)
    if found is None or found.values[1] < _LEAST_VALUE * found.values[0]:
        return None
    sides = ((user, found.users_UxK), (item, found.items_IxK))
    users, items = (_leverage(np.bincount(ids), x[:, 1:] * found.values[1:]) for ids, x in sides)
    return Structure(found.values[1:], users, items, popularity_by_activity(user, item), signal_by_band(user, item))


def leverage_ratios(wanted: Leverage, found: Leverage) -> tuple[np.ndarray, np.ndarray]:
    """By what factors the leverages by degree [B], and their spread [Q], are too small.

    How much there is in all is a matter of the weights.
    """
    by_degree = wanted.by_degree / found.by_degree
    return by_degree / np.exp(np.mean(np.log(by_degree))), wanted.spread / found.spread


def scale_gain(gain: AffinityGain, factors: tuple[np.ndarray, np.ndarray], power: float) -> AffinityGain:
    """The gain times the factors, by degree and by length, to a power, within bounds."""
    by_degree, by_length = (
        np.clip(x * np.clip(factor**power, *_ONE_ROUND), _LEAST_GAIN, _MOST_GAIN).astype(np.float32)
        for x, factor in zip((gain.by_degree, gain.by_length), factors, strict=True)
    )
    return gain._replace(by_degree=by_degree, by_length=by_length)


def scale_local(gain: np.ndarray, band: np.ndarray, lacking: np.ndarray) -> np.ndarray:
    """Gains of local directions [K] whose squares in each band have moved by what its signal lacks, [B]."""
    square = gain**2
    size = np.maximum(np.bincount(band, minlength=len(lacking)), 1)
    mean = np.bincount(band, square, len(lacking)) / size
    wanted = np.maximum(mean + _LOCAL_RESPONSE * lacking, _LEAST_LOCAL)
    return gain * np.clip(np.sqrt(wanted / np.maximum(mean, _LEAST_LOCAL)), *_ONE_ROUND)[band]


def _neutral_gains(model: ProfileModel, request: RatingsRequest, wanted: Structure) -> list[AffinityGain]:
    """Gains of 1 for all, at the degrees of the source and the lengths that are generated; of users and of items."""
    plan = plan_interactions(model, request)
    blocks = [user_vectors(model, request, plan, number) for number in range(plan.num_blocks)]
    drawn = jnp.concatenate(blocks)[: request.num_users], plan.items
    gains = []
    sides = ((model.users.degree_curve, model.users.degree_offset), (model.items.degree_curve, 0.0))
    for (curve, offset), vectors, leverage in zip(sides, drawn, (wanted.users, wanted.items), strict=True):
        rest = affinity_beyond_degree(model.columns, curve, offset, vectors)
        length = np.linalg.norm(np.asarray(rest), axis=1)
        edges = _RANKS[: len(leverage.spread)]
        middles = (edges + np.append(edges[1:], 1.0)) / 2
        gains.append(
            AffinityGain(
                log_degree=leverage.log_degree.astype(np.float32),
                by_degree=np.ones(len(leverage.log_degree), np.float32),
                length=np.quantile(length, middles).astype(np.float32),
                by_length=np.ones(len(middles), np.float32),
            )
        )
    return gains


def _generated(
    model: ProfileModel, request: RatingsRequest, wanted: PopularityByActivity
) -> tuple[Structure, np.ndarray]:
    """The structure of a generated dataset, and the step of its users' popularity preference."""
    plan = plan_interactions(model, request)
    users, items = [], []
    for number in range(plan.num_blocks):
        user, item = draw_pairs(model, request, plan, number, user_vectors(model, request, plan, number))
        users.append(user + number * plan.block)
        items.append(item)
    pairs = np.concatenate(users), np.concatenate(items)
    found = structure(*pairs)
    assert found is not None
    weighed = np.asarray(plan.features[:, -1])  # the last is what preferences weigh
    return found, preference_step(wanted, *pairs, weighed)


def _leverage(degree: np.ndarray, scaled_NxK: np.ndarray) -> Leverage:
    """Of the entities with ratings enough to be in the spectrum."""
    length = np.linalg.norm(scaled_NxK, axis=1)
    seen = length > 1e-9
    log_degree, length = np.log(degree[seen]), length[seen]
    count = max(1, min(_MOST_BINS, len(log_degree) // _LEAST_PER_BIN))
    bins = np.array_split(np.argsort(log_degree, kind="stable"), count)
    at, by_degree = (np.array([x[part].mean() for part in bins]) for x in (log_degree, length))
    relative = np.sort(length / np.interp(log_degree, at, by_degree))
    edges = _RANKS[:-1][(1 - _RANKS[:-1]) * len(length) >= _LEAST_IN_TAIL]
    starts = (edges * len(length)).astype(int)
    spread = np.add.reduceat(relative, starts) / np.diff(np.append(starts, len(length)))
    return Leverage(at, by_degree, spread)
