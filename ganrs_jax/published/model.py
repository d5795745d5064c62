"""A trained generator of a published recipe: it keeps no record of any single user."""

import dataclasses
from collections.abc import Mapping

from flax.typing import VariableDict

from ganrs_jax.data.ratings import Scale
from ganrs_jax.published.networks import Generator
from ganrs_jax.published.settings import GanrsConfig
from ganrs_jax.statistics.summary import SourceSummary


@dataclasses.dataclass(frozen=True)
class Groups:
    """The demographic groups of a source, G of them."""

    grouping: str  # gender | age
    names: tuple[str, ...]  # [G]
    num_users: tuple[int, ...]  # [G], users of each
    num_ratings: tuple[int, ...]  # [G], theirs


@dataclasses.dataclass(frozen=True, repr=False)
class PublishedModel:
    """A trained generator of `ganrs`, `wganrs` or `cganrs`: all that generation needs."""

    recipe: str  # its name in `ganrs_jax.recipes.RECIPES`
    config: GanrsConfig
    network: VariableDict  # variables of the generator: params and batch_stats
    rating_mean: float  # of the source's ratings, on the unit scale
    rating_std: float  # likewise
    source: SourceSummary
    training: Mapping[str, float]  # seed, criterion and figures of the training run; json-ready
    groups: Groups | None = None  # of a conditional generator

    def __repr__(self) -> str:
        return f"PublishedModel({self.recipe} of {self.source}; seed {self.training.get('seed')})"

    @property
    def scale(self) -> Scale:
        return self.source.scale

    @property
    def generator(self) -> Generator:
        """The network, which makes <user vector, item vector, rating>."""
        return generator_network(self.config, len(self.groups.names) if self.groups else 0)


def generator_network(config: GanrsConfig, num_labels: int) -> Generator:
    """The generator of a configuration; conditional on a label if there are any."""
    return Generator(config.generator_hidden, 2 * config.embedding_size + 1, num_labels)
