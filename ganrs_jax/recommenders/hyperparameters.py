"""Settings of the recommenders, and those published per source (arXiv 2410.17651 and the papers it builds on)."""

import dataclasses
from typing import TypeVar

import numpy as np

from ganrs_jax.checks import check_range
from ganrs_jax.data.ratings import Ratings, Scale
from ganrs_jax.errors import InputError

_RELEVANT = 0.75  # of the way from the lowest rating to the highest


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of any recommender, and all those of the references, which are not trained by gradient descent."""

    train_share: float = 0.8  # share of the rows to learn from, 0 to 1; the same in all lanes


@dataclasses.dataclass(frozen=True)
class EaseConfig(Settings):
    """Settings of EASE."""

    penalty: float = 200.0  # of squared weights, above 0


@dataclasses.dataclass(frozen=True)
class NeighboursConfig(Settings):
    """Settings of nearest neighbours."""

    neighbours: int = 100  # of each item, or user, that are looked at


@dataclasses.dataclass(frozen=True)
class FactorsConfig(Settings):
    """Settings of references of low rank."""

    factors: int = 64  # numbers in a vector


@dataclasses.dataclass(frozen=True)
class ImplicitALSConfig(FactorsConfig):
    """Settings of implicit ALS."""

    iterations: int = 15  # times that users, then items, are solved for
    alpha: float = 4.0  # confidence in a rated pair beyond that in any other, which is 1; above 0
    penalty: float = 40.0  # of squared vectors, above 0


@dataclasses.dataclass(frozen=True)
class BPRConfig(FactorsConfig):
    """Settings of BPR."""

    epochs: int = 100  # times as many draws as there are training rows
    batch_size: int = 256  # draws a step
    learning_rate: float = 0.02  # of stochastic gradient descent
    l2: float = 0.01  # weight of half the squares of what a draw looks at, 0 or more


@dataclasses.dataclass(frozen=True)
class NeuralConfig(Settings):
    """Settings of every network; the defaults are those published for MovieLens."""

    embedding_size: int = 5  # numbers in a user's or an item's vector
    epochs: int = 10  # passes over the training rows
    batch_size: int = 32  # ratings a step
    learning_rate: float = 1e-3  # Adam's, Keras's default
    l2: float = 0.0  # weight of half the squared embeddings, 0 or more


@dataclasses.dataclass(frozen=True)
class DeepMFConfig(NeuralConfig):
    """Settings of DeepMF."""


@dataclasses.dataclass(frozen=True)
class VDeepMFConfig(NeuralConfig):
    """Settings of the variational DeepMF."""

    epochs: int = 6  # passes over the training rows
    kl_weight: float = 0.0  # of the divergence from a standard normal, 0 or more; the published code has none
    draws: int = 10  # samples of each vector that a prediction averages over


@dataclasses.dataclass(frozen=True)
class NCFConfig(NeuralConfig):
    """Settings of the networks with a multilayer perceptron."""

    hidden: tuple[int, int] = (70, 30)  # widths of the two hidden layers
    first_dropout: float = 0.5  # share of the first layer's units dropped in training, 0 to 1
    second_dropout: float = 0.4  # share of the second layer's, 0 to 1


NEURAL_FLOATS = ("learning_rate", "l2")
Config = TypeVar("Config", bound=Settings)
_SIZES = {"myanimelist": 7, "netflix": 6}  # others, MovieLens and FilmTrust among them, 5
_EPOCHS: dict[type, dict[str, int]] = {  # FilmTrust has no number of its own
    DeepMFConfig: {"myanimelist": 20, "netflix": 5},
    NCFConfig: {"myanimelist": 15, "netflix": 4},
    VDeepMFConfig: {"myanimelist": 9, "netflix": 3},
}


def check(config: Settings) -> None:
    """Raises InputError naming the first field whose value cannot be, and what is accepted."""
    check_range(config, _present(config, "train_share"), above=0, below=1)
    check_range(config, _present(config, "embedding_size", "epochs", "batch_size", "hidden", "draws"), low=1)
    check_range(config, _present(config, "neighbours", "factors", "iterations"), low=1)
    check_range(config, _present(config, "first_dropout", "second_dropout"), low=0, below=1)
    check_range(config, _present(config, "learning_rate", "penalty", "alpha"), above=0)
    check_range(config, _present(config, "l2", "kl_weight"), low=0)


def published_config(config: type[Config], source: str, epochs: int = 0) -> Config:
    """The settings that were published for a source; those for MovieLens where the source was not studied.

    Args:
      config: the class of a recommender's settings, `get_recommender(name).config`.
      source: the name of a source, or any other text; a dataset made from a source goes by the source's name.
      epochs: of training, instead of those published; 0 for these.
    """
    if not issubclass(config, NeuralConfig):
        return config(**({"epochs": epochs} if epochs and issubclass(config, BPRConfig) else {}))
    values = {"embedding_size": _SIZES.get(source), "epochs": epochs or _EPOCHS[config].get(source)}
    return config(**{name: value for name, value in values.items() if value is not None})


def default_threshold(scale: Scale) -> float:
    """The value of a scale nearest to three quarters of its range, the higher of two: 4 of 1-5, 8 of 1-10, 3 of 0.5-4.

    These three are what was published; for another scale it is this project's choice.
    """
    levels = scale.levels.astype(np.float64)[::-1]
    wanted = scale.low + _RELEVANT * (scale.high - scale.low)
    return round(float(levels[np.argmin(np.round(np.abs(levels - wanted), 6))]), 6)


def check_threshold(threshold: float, ratings: Ratings) -> None:
    """Raises InputError unless the threshold is on the scale and some rating reaches it."""
    scale = ratings.scale
    if not scale.low <= threshold <= scale.high:
        raise InputError(f"`threshold={threshold:g}` is off the scale; accepted: {scale.low:g} to {scale.high:g}")
    highest = float(ratings.rating.max())
    if np.float32(highest) < np.float32(threshold):
        raise InputError(
            f"`threshold={threshold:g}`: {ratings.name} has no relevant rating, its highest is {highest:g}; "
            f"accepted: {scale.low:g} to {highest:g}"
        )


def _present(config: Settings, *fields: str) -> tuple[str, ...]:
    return tuple(name for name in fields if hasattr(config, name))
