"""What a trained profile generator holds: no vector in it is of one user, but see `privacy`."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.typing import VariableDict

from ganrs_jax.data.ratings import Scale
from ganrs_jax.profile.mean_by_degree import MeanByDegree
from ganrs_jax.profile.settings import ProfileConfig
from ganrs_jax.sampling.distributions import DegreeDistribution
from ganrs_jax.statistics.summary import SourceSummary


class VectorColumns(NamedTuple):
    """Which numbers of a user's or an item's vector are what; both have the same columns."""

    interaction_rank: int
    rating_rank: int
    style_rank: int

    @property
    def width(self) -> int:
        return self.interaction_rank + self.rating_rank + self.style_rank + 3

    @property
    def bias(self) -> int:
        """The column of the rating bias."""
        return self.interaction_rank

    def interaction(self, vectors: jax.Array) -> jax.Array:
        """Interaction factors [..., k]: their weighted products say who rates what."""
        return vectors[..., : self.interaction_rank]

    def rating(self, vectors: jax.Array) -> jax.Array:
        """<rating bias, rating factors> [..., 1 + k]."""
        return vectors[..., self.interaction_rank : -2 - self.style_rank]

    def style(self, vectors: jax.Array) -> jax.Array:
        """Response style of a user (`style.fit_styles`), [..., S]; zero for items."""
        return vectors[..., -2 - self.style_rank : -2]

    def log_precision(self, vectors: jax.Array) -> jax.Array:
        """Log precision of the rating noise, [...]."""
        return vectors[..., -2]

    def log_degree(self, vectors: jax.Array) -> jax.Array:
        """Log number of ratings, [...]."""
        return vectors[..., -1]

    def factor_score(self, users_NxD: jax.Array, items_NxD: jax.Array) -> jax.Array:
        """Products of the rating factors, [N], in rating units."""
        return jnp.sum(self.rating(users_NxD)[:, 1:] * self.rating(items_NxD)[:, 1:], 1)

    def predicted(self, users_NxD: jax.Array, items_NxD: jax.Array) -> jax.Array:
        """Expected rating less the mean rating, [N], in rating units."""
        biases = self.rating(users_NxD)[:, 0] + self.rating(items_NxD)[:, 0]
        return biases + self.factor_score(users_NxD, items_NxD)

    def noise_scale(self, users_NxD: jax.Array, items_NxD: jax.Array) -> jax.Array:
        """Standard deviation of a rating around `predicted`, [N], in rating units."""
        return jnp.exp(-(self.log_precision(users_NxD) + self.log_precision(items_NxD)) / 2)


class VectorMap(NamedTuple):
    """From generated vectors to the source's, by M strata of generated log degree.

    least: of the log degrees of each stratum, [M], ascending from minus infinity. What is in it becomes
    y = (x - before) @ linear + after, [M, D], [M, D, D], [M, D]; then `added` [M, Q, D] at values `at` of y, [M, Q, D].
    """

    least: np.ndarray
    before: np.ndarray
    linear: np.ndarray
    after: np.ndarray
    at: np.ndarray
    added: np.ndarray


class DegreeCurve(NamedTuple):
    """Mean interaction factors given the log degree d: `coefficients` [3, k] of 1, x, x^2; x = (d - centre) / scale."""

    coefficients: np.ndarray
    centre: np.ndarray
    scale: np.ndarray


class AffinityGain(NamedTuple):
    """By what factor affinities are multiplied: the product of two piecewise linear functions.

    `by_degree` [B] at log degrees `log_degree` [B], and `by_length` [Q] at lengths `length` [Q] of the affinity
    beyond what the degree tells; each ascending.
    """

    log_degree: np.ndarray
    by_degree: np.ndarray
    length: np.ndarray
    by_length: np.ndarray


class PopularityPreference(NamedTuple):
    """`weight` [B] of an item's log popularity in the scores of users, at the users' log degrees `log_degree` [B]."""

    log_degree: np.ndarray
    weight: np.ndarray


class ResponseStyle(NamedTuple):
    """Cutpoints [E] between rating levels that all users share, and the `basis` [E, S] in which users move them."""

    cutpoints: np.ndarray
    basis: np.ndarray


class Groups(NamedTuple):
    """Groups of users by K demographic columns, of S values in all, of which C combinations are.

    Attributes:
      columns: names [K]; values: of each column.
      cells: the value of each column, by its number, in each combination, int32 [C, K]; share: of the users, [C].
      centre, scale: of the source's vectors, [D].
      weights: of vectors in the log odds of each value, [F, S] (`groups`); gain: their factors, [S], calibrated.
      intercept: of the log odds of each combination, [C].
      log_degree, mean_rating: quantiles of the users of each combination, smoothed, [C, Q]: of log numbers of ratings,
        and of mean ratings standardised by all ratings.
    """

    columns: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    cells: np.ndarray
    share: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    gain: np.ndarray
    intercept: np.ndarray
    log_degree: np.ndarray
    mean_rating: np.ndarray


class ResidualMLP(nn.Module):
    """A generator or a critic of vectors, [B, inputs] -> [B, outputs] (after R3GAN, arXiv 2501.05441).

    A dense layer, `blocks` of two each around a shortcut, a dense layer.
    """

    width: int
    blocks: int
    outputs: int

    @nn.compact
    def __call__(self, x_BxF: jax.Array) -> jax.Array:
        scaled = nn.initializers.variance_scaling
        x = nn.Dense(self.width, name="into")(x_BxF)
        for number in range(self.blocks):
            h = nn.Dense(self.width, kernel_init=scaled(2.0, "fan_in", "normal"), name=f"first_{number}")(x)
            h = nn.leaky_relu(h, 0.2)
            x = x + nn.Dense(
                self.width, use_bias=False, kernel_init=scaled(0.1, "fan_in", "normal"), name=f"second_{number}"
            )(h)
        return nn.Dense(self.outputs, name="out")(nn.leaky_relu(x, 0.2))


def applied(network: ResidualMLP, weights: optax.Params, x_BxF: jax.Array) -> jax.Array:
    """The output of a network with these weights for a batch, [B, outputs]."""
    return cast(jax.Array, network.apply(weights, x_BxF))


class ItemIds(NamedTuple):
    """Ids of the items in the source's file, [I]: whole numbers or texts; of the two, the other is empty."""

    numbers: np.ndarray
    texts: tuple[str, ...]

    @property
    def values(self) -> np.ndarray:
        """The ids [I], int64 or of texts."""
        return np.array(self.texts, object) if self.texts else self.numbers


@dataclasses.dataclass(frozen=True)
class Items:
    """What is kept of the items of the source: they are public, and its own."""

    ids: ItemIds
    vectors: np.ndarray  # posterior draws, [R, I, D]
    local: np.ndarray  # loadings on the local directions (`local_directions`), [I, K]
    degree_curve: DegreeCurve
    gain: AffinityGain  # calibrated


@dataclasses.dataclass(frozen=True)
class Users:
    """How vectors of users are generated: they are private, and new."""

    weights: VariableDict  # of the generator network; none of Gaussian users
    vector_map: VectorMap  # to the source's distribution
    degree_curve: DegreeCurve
    gain: AffinityGain  # calibrated
    degree_offset: np.float32  # of the log degree, that the first interaction factor has added (`embedding`)


@dataclasses.dataclass(frozen=True, repr=False)
class ProfileModel:
    """A trained generator of the profile recipe: all that generation needs."""

    config: ProfileConfig
    users: Users
    items: Items
    local_gain: np.ndarray  # [K], of the scores along the local directions; calibrated
    activity: DegreeDistribution  # ratings per user in the source
    popularity: DegreeDistribution  # ratings per item in the source
    factor_weights: np.ndarray  # [k, k], of the interaction factors, less the identity; calibrated
    popularity_preference: PopularityPreference  # calibrated
    link_asymmetry: np.float32  # of scores to chances (`sampling.potentials`); calibrated
    style: ResponseStyle
    user_means: MeanByDegree  # mean ratings of users given activity
    item_means: MeanByDegree  # mean ratings of items given popularity
    bias_correlation: np.float32  # of ratings with what biases predict of them; calibrated
    factor_gain: np.float32  # of the products of rating factors; calibrated
    factor_bounds: np.ndarray  # [2], least and greatest product of rating factors
    noise_agreement: np.float32  # share of the rating noise that items alike in local directions share; calibrated
    noise_log_variance: np.float32  # of the scale of the rating noise: how heavy its tails are; calibrated
    source: SourceSummary
    training: Mapping[str, Any]  # seed, criterion and figures of the training run; json-ready
    groups: Groups | None = None  # of users, where the training was told which (`ProfileConfig.groups`)
    recipe: str = "profile"

    def __repr__(self) -> str:
        return f"ProfileModel({self.source}; seed {self.training.get('seed')})"

    @property
    def scale(self) -> Scale:
        return self.source.scale

    @property
    def columns(self) -> VectorColumns:
        return VectorColumns(self.config.interaction_rank, self.config.rating_rank, self.config.style_rank)
