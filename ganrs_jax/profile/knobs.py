"""The knobs of calibration: parameters of a model, each with the statistic that it answers to and its step.

Estimated factors, generated ones even more so, carry less structure than the source; affinities of users of few ratings
can hardly be estimated at all; and a normal posterior knows no user of ten times the usual affinity. The few ratings of
a user who hardly rates say next to nothing of its factors, and an affinity of chance leads away from the items that all
rate. How far the highest chances of a user stand out is a matter of the link, of which the embedding knows the logistic
one alone. And its noise is normal given user and item, and independent, where real ratings are now and then far from
what is expected, and those of a series are so together.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import ndtri

from ganrs_jax.profile.embedding import canonical_basis
from ganrs_jax.profile.features import affinities, affinity_beyond_degree
from ganrs_jax.profile.groups import with_intercepts
from ganrs_jax.profile.model import AffinityGain, PopularityPreference, ProfileModel
from ganrs_jax.profile.targets import BANDS, Targets
from ganrs_jax.profile.vectors import sample_vectors
from ganrs_jax.statistics.leverage import RANKS, Leverage

_DRAWN = 16384  # vectors whose covariance is taken: known to a percent then
_LEAST_RESPONSE = 0.15  # of a singular value to its weight, at the edge of the noise
_ONE_ROUND_WEIGHT = (0.6, 2.0)  # bounds of what a weight is multiplied by in a round
_GAIN_RESPONSE = 0.7  # power of a step of a gain: under 1, so that noisy rounds do not overshoot
_LEAST_GAIN, _MOST_GAIN = 0.3, 4.0  # in all: a gain whose statistic does not answer would run away
_ONE_ROUND_GAIN = (0.6, 1.6)  # in a round: each dataset has noise of its own
_LOCAL_RESPONSE = 1.3  # of the square of a local gain to the signal at its rank, at least; on Douban, about
_LEAST_SIGNAL = 0.01  # by which that square is divided for its response where other structure takes more of it
_LEAST_LOCAL = 1e-3  # least square of a local gain
_TAIL_RESPONSE = 1.0  # of the log of a gain past them to that of NDCG of EASE over PureSVD, inverted, about
_MOST_TAIL = 0.7  # of such a gain: more, and other structure gives way
_LONGEST_STEP = 1.0  # of a popularity preference in a round: the response is that of small steps
_LEAST_PREFERENCE_RESPONSE = 0.1  # of the mean popularity to the preference, for a step to be worked out
_NDCG_RESPONSE = 0.6  # of the log of NDCG to 1 / (1 + asymmetry), about; on Douban, where it is highest, 1
_LINK_BOUNDS = (0.15, 0.97)  # of 1 / (1 + asymmetry)
_MOST_LINK_STEP = 0.2  # of it in a round
_CORRELATION_RESPONSE, _FACTOR_RESPONSE = 0.5, 0.4  # to what is predicted, which is a square of either
CORRELATION_BOUNDS, _FACTOR_BOUNDS = (0.05, 0.98), (0.5, 2.0)  # in all, so that neither runs away
_ONE_ROUND_PREDICTED = (0.8, 1.25)
_LEAST_BY_BIASES, _LEAST_BY_FACTORS = 0.01, 0.002  # predicted share of the variance, to be told from chance
_AGREEMENT_RESPONSE = 0.25  # of the correlation to the share of the noise, about
_MOST_AGREEMENT_STEP, _MOST_AGREEMENT = 0.3, 0.8  # in a round; in all
_PEAK_RESPONSE = -0.09  # of the peak to the log-variance, as measured on MyAnimeList and MovieLens
_MOST_PEAK_STEP, _MOST_LOG_VARIANCE = 0.15, 0.4  # in a round; in all: the response holds for small ones alone
_GROUP_RESPONSE = 1.5  # power of a step of theirs: the distance grows with less than the gain
_MOST_GROUP_GAIN = 8.0  # of the slopes by which vectors tell of groups
_LEAST_AUC, _MOST_AUC = 0.52, 0.99  # of groups: what is nearer to chance, or to certainty, is taken for these

Move = Callable[[ProfileModel, Targets, Targets, float], ProfileModel]


class Knob(NamedTuple):
    """A parameter of the model, and what it answers to.

    Attributes:
      parameter: its name.
      statistic: the name of what it answers to.
      value: that statistic of a dataset, a number or several, [...].
      moved: the model after a step, of (model, wanted, found, rate from 1 falling to 0); None of what is told alone.
      weight: of the error, the mean absolute difference, in the choice of the best round.
      relative: whether differences are those to 1 of found over wanted.
    """

    parameter: str
    statistic: str
    value: Callable[[Targets], np.ndarray]
    moved: Move | None
    weight: float = 1.0
    relative: bool = False

    def error(self, wanted: Targets, found: Targets) -> float:
        one, other = self.value(wanted), self.value(found)
        return float(np.mean(np.abs(other / one - 1 if self.relative else other - one)))

    def record(self, wanted: Targets, found: Targets) -> dict[str, str | float]:
        """A row of the table of calibration, of means where the statistic is several numbers."""
        target, reached = (float(self.value(x).mean()) for x in (wanted, found))
        error = self.error(wanted, found)
        return dict(statistic=self.statistic, parameter=self.parameter, target=target, reached=reached, error=error)


def knobs(model: ProfileModel, basis: np.ndarray) -> list[Knob]:
    """All of them; `basis` [k - 1, k - 1] of the directions whose weights are calibrated (`with_start`)."""
    of_groups = Knob("groups.gain", "AUC of groups from what they rate", lambda t: t.groups, _groups)
    found = [
        Knob("factor_weights", "singular values 2-20", lambda t: t.values, _weights(basis), 2.0, relative=True),
        Knob("local_gain", "held-out signal of ranks 2-100", lambda t: t.signal, _local, 2.0),
        Knob("local_tail", "log NDCG of EASE over PureSVD", _beyond_factors, _tail),
        Knob(
            "users.gain",
            "leverage of users",
            lambda t: _unevenness(t.users),
            _gain("users"),
            0.5,
            relative=True,
        ),
        Knob(
            "items.gain",
            "leverage of items",
            lambda t: _unevenness(t.items),
            _gain("items"),
            0.5,
            relative=True,
        ),
        Knob("popularity_preference", "log popularity by activity", lambda t: t.popularity.popularity, _preference),
        Knob("link_asymmetry", "NDCG@10 of three recommenders", lambda t: t.top_items.ndcg, _link, relative=True),
        Knob("bias_correlation", "share of ratings told by biases", lambda t: _one(t.predictability.by_biases), _bias),
        Knob("factor_gain", "share that factors add", lambda t: _one(t.predictability.by_factors), _factors),
        Knob("noise_agreement", "agreement of ratings of neighbours", lambda t: _one(t.agreement), _agreement),
        Knob("noise_log_variance", "peak of the errors", lambda t: _one(t.predictability.peak), _peak),
        Knob("-", "cosine of items to the nearest", lambda t: _one(t.top_items.neighbours), None, 0.0),
    ]
    return found if model.groups is None else [*found, of_groups]


def with_start(model: ProfileModel, wanted: Targets) -> tuple[ProfileModel, np.ndarray]:
    """The model with parameters to begin with, and the basis of its `factor_weights`, [k - 1, k - 1].

    Directions are those in which generated users' factors are white and items' uncorrelated. The first factor, the
    preference for rare items, is left alone: degrees say what it should be, not the spectrum.
    """
    users = sample_vectors(jax.random.key(0), model, model.config.sigma, _DRAWN)
    items = jnp.asarray(model.items.vectors.reshape(-1, model.columns.width))
    offset = model.users.degree_offset
    of_users, of_items = (
        np.cov(np.asarray(affinities(model.columns, of, vectors)[:, 1:], np.float64).T)
        for of, vectors in ((offset, users), (0.0, items))
    )
    basis = canonical_basis(of_users, of_items, ridge=0.0)
    # Local directions come at the ranks past popularity and factors. They start at what the source's signal says, but
    # not above their own strength.
    signal = np.maximum(_LOCAL_RESPONSE * wanted.signal[np.minimum(_band(model), len(BANDS) - 1)], _LEAST_LOCAL)
    log_degree = wanted.popularity.log_degree.astype(np.float32)
    user_gain, item_gain = (
        _neutral_gain(affinity_beyond_degree(model.columns, side.degree_curve, of, vectors), leverage)
        for side, of, vectors, leverage in (
            (model.users, offset, users, wanted.users),
            (model.items, 0.0, items, wanted.items),
        )
    )
    started = dataclasses.replace(
        model,
        users=dataclasses.replace(model.users, gain=user_gain),
        items=dataclasses.replace(model.items, gain=item_gain),
        popularity_preference=PopularityPreference(log_degree, np.zeros_like(log_degree)),
        local_gain=np.minimum(np.sqrt(signal), model.local_gain).astype(np.float32),
    )
    return started, basis


def _neutral_gain(affinity_NxK: jax.Array, leverage: Leverage) -> AffinityGain:
    """A gain of 1 for all, at the degrees of the source and the lengths that there are."""
    edges = RANKS[: len(leverage.spread)]
    middles = (edges + np.append(edges[1:], 1.0)) / 2
    length = np.quantile(np.linalg.norm(np.asarray(affinity_NxK), axis=1), middles)
    return AffinityGain(
        log_degree=leverage.log_degree.astype(np.float32),
        by_degree=np.ones(len(leverage.log_degree), np.float32),
        length=length.astype(np.float32),
        by_length=np.ones(len(middles), np.float32),
    )


def _weights(basis: np.ndarray) -> Move:
    """A singular value near the edge of the noise hardly answers to its weight.

    Directions past the values that are compared, which carry the end of the spectrum too, go with the last of them.
    """
    inverse = np.linalg.inv(basis)

    def moved(model: ProfileModel, wanted: Targets, found: Targets, rate: float) -> ProfileModel:
        response = np.maximum(1 - (found.values[-1] / found.values) ** 2, _LEAST_RESPONSE)
        factor = np.clip((wanted.values / found.values) ** (1 / response), *_ONE_ROUND_WEIGHT)[: len(basis)] ** rate
        factor = np.pad(factor, (0, len(basis) - len(factor)), mode="edge")
        weights = np.eye(len(basis)) + model.factor_weights[1:, 1:]
        changed = np.zeros_like(model.factor_weights)
        changed[1:, 1:] = weights @ (basis * factor) @ inverse - np.eye(len(basis))
        return dataclasses.replace(model, factor_weights=changed)

    return moved


def _band(model: ProfileModel) -> np.ndarray:
    """Which of `BANDS`, or past them, each local direction is in, [K]: they come past popularity and factors."""
    rank = 2 + model.config.interaction_rank + np.arange(len(model.local_gain))
    return np.searchsorted([high for _, high in BANDS], rank)


def _local(model: ProfileModel, wanted: Targets, found: Targets, rate: float) -> ProfileModel:
    """Squares of gains in each band move by what its signal lacks."""
    gain, band, size = model.local_gain, _band(model), len(BANDS) + 1
    mean = np.bincount(band, gain**2, size) / np.maximum(np.bincount(band, minlength=size), 1)
    lacking = np.append(wanted.signal - found.signal, 0.0)
    response = np.maximum(_LOCAL_RESPONSE, mean / np.maximum(np.append(found.signal, 1.0), _LEAST_SIGNAL))
    aim = np.maximum(mean + rate * response * lacking, _LEAST_LOCAL)
    factor = np.clip(np.sqrt(aim / np.maximum(mean, _LEAST_LOCAL)), *_ONE_ROUND_GAIN)
    factor[-1] = 1.0
    return dataclasses.replace(model, local_gain=(gain * factor[band]).astype(np.float32))


def _tail(model: ProfileModel, wanted: Targets, found: Targets, rate: float) -> ProfileModel:
    """Past the ranks whose signal is compared: what these hold is what EASE knows beyond a PureSVD of few factors."""
    lacking = (_beyond_factors(wanted) - _beyond_factors(found))[0]
    factor = np.clip(np.exp(rate * _TAIL_RESPONSE * lacking), *_ONE_ROUND_GAIN)
    gain = np.clip(model.local_gain * factor, np.sqrt(_LEAST_LOCAL), _MOST_TAIL)
    gain = np.where(_band(model) == len(BANDS), gain, model.local_gain)
    return dataclasses.replace(model, local_gain=gain.astype(np.float32))


def _beyond_factors(dataset: Targets) -> np.ndarray:
    of_factors, _, regression = np.log(np.maximum(dataset.top_items.ndcg, 1e-3))
    return _one(regression - of_factors)


def _gain(side: str) -> Move:
    """By degree and by length; how much affinity there is in all is a matter of the weights."""

    def moved(model: ProfileModel, wanted: Targets, found: Targets, rate: float) -> ProfileModel:
        gain = getattr(model, side).gain
        one, other = getattr(wanted, side), getattr(found, side)
        scaled = {}
        for mine, of in (("by_degree", "by_degree"), ("by_length", "spread")):
            factor = np.clip((getattr(one, of) / getattr(other, of)) ** (rate * _GAIN_RESPONSE), *_ONE_ROUND_GAIN)
            scaled[mine] = np.clip(getattr(gain, mine) * factor, _LEAST_GAIN, _MOST_GAIN).astype(np.float32)
        return dataclasses.replace(
            model, **{side: dataclasses.replace(getattr(model, side), gain=gain._replace(**scaled))}
        )

    return moved


def _preference(model: ProfileModel, wanted: Targets, found: Targets, rate: float) -> ProfileModel:
    """A Newton step: mean log popularity answers to the weight of a number by the covariance of the two.

    The number is log popularity itself, scaled.
    """
    response = found.popularity.variance / model.items.degree_curve.scale
    lacking = wanted.popularity.popularity - found.popularity.popularity
    step = np.clip(lacking / np.maximum(response, _LEAST_PREFERENCE_RESPONSE), -_LONGEST_STEP, _LONGEST_STEP)
    preference = model.popularity_preference
    weight = (preference.weight + rate * step).astype(np.float32)
    return dataclasses.replace(model, popularity_preference=preference._replace(weight=weight))


def _link(model: ProfileModel, wanted: Targets, found: Targets, rate: float) -> ProfileModel:
    """By the mean of the logs of NDCG: the link moves that of all personalised recommenders alike."""
    lacking = np.mean(np.log(np.maximum(wanted.top_items.ndcg, 1e-3) / np.maximum(found.top_items.ndcg, 1e-3)))
    step = np.clip(rate * lacking / _NDCG_RESPONSE, -_MOST_LINK_STEP, _MOST_LINK_STEP)
    position = np.clip(1 / (1 + model.link_asymmetry) + step, *_LINK_BOUNDS)
    return dataclasses.replace(model, link_asymmetry=np.float32(1 / position - 1))


def _bias(model: ProfileModel, wanted: Targets, found: Targets, rate: float) -> ProfileModel:
    one, other = wanted.predictability.by_biases, found.predictability.by_biases
    if one < _LEAST_BY_BIASES:
        return model
    factor = np.clip((one / max(other, _LEAST_BY_BIASES)) ** _CORRELATION_RESPONSE, *_ONE_ROUND_PREDICTED) ** rate
    value = np.clip(model.bias_correlation * factor, *CORRELATION_BOUNDS)
    return dataclasses.replace(model, bias_correlation=np.float32(value))


def _factors(model: ProfileModel, wanted: Targets, found: Targets, rate: float) -> ProfileModel:
    one, other = wanted.predictability.by_factors, found.predictability.by_factors
    if one < _LEAST_BY_FACTORS:
        return model
    factor = np.clip((one / max(other, _LEAST_BY_FACTORS)) ** _FACTOR_RESPONSE, *_ONE_ROUND_PREDICTED) ** rate
    return dataclasses.replace(model, factor_gain=np.float32(np.clip(model.factor_gain * factor, *_FACTOR_BOUNDS)))


def _peak(model: ProfileModel, wanted: Targets, found: Targets, rate: float) -> ProfileModel:
    one, other = wanted.predictability.peak, found.predictability.peak
    if max(one, other) >= 1:  # no errors to tell it from
        return model
    step = np.clip((one - other) / _PEAK_RESPONSE, -_MOST_PEAK_STEP, _MOST_PEAK_STEP)
    value = np.clip(model.noise_log_variance + rate * step, 0, _MOST_LOG_VARIANCE)
    return dataclasses.replace(model, noise_log_variance=np.float32(value))


def _agreement(model: ProfileModel, wanted: Targets, found: Targets, rate: float) -> ProfileModel:
    lacking = (wanted.agreement - found.agreement) / _AGREEMENT_RESPONSE
    step = np.clip(lacking, -_MOST_AGREEMENT_STEP, _MOST_AGREEMENT_STEP)
    value = np.clip(model.noise_agreement + rate * step, 0, _MOST_AGREEMENT)
    return dataclasses.replace(model, noise_agreement=np.float32(value))


def _groups(model: ProfileModel, wanted: Targets, found: Targets, rate: float) -> ProfileModel:
    """By the distance between means of a score in a group and outside, which the area under the ROC curve tells."""
    assert model.groups is not None
    one, other = (ndtri(np.clip(t.groups, _LEAST_AUC, _MOST_AUC)) for t in (wanted, found))
    factor = np.clip((one / other) ** (rate * _GROUP_RESPONSE), *_ONE_ROUND_GAIN)
    gain = np.clip(model.groups.gain * factor, _LEAST_GAIN, _MOST_GROUP_GAIN).astype(np.float32)
    vectors = sample_vectors(jax.random.key(0), model, model.config.sigma, _DRAWN)
    return dataclasses.replace(model, groups=with_intercepts(model.groups._replace(gain=gain), vectors))


def _unevenness(leverage: Leverage) -> np.ndarray:
    return np.concatenate([leverage.by_degree, leverage.spread])


def _one(value: float) -> np.ndarray:
    return np.array([value])
