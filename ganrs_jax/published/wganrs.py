"""WGANRS: the published recipe with a Wasserstein critic (10.1007/s10489-024-05313-4).

The notebook's critic keeps a sigmoid, which with clipped weights is a constant (its log shows a loss
of 6e-6); here its output is linear, as Arjovsky et al. (arXiv 1701.07875) ask.
"""

import dataclasses
from collections.abc import Sequence

from ganrs_jax.data.dataset import Generator, Recipe, Request
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.published import ganrs
from ganrs_jax.published.config import LANE_FLOATS, GanrsConfig, check
from ganrs_jax.published.training import fit_lanes
from ganrs_jax.training.checkpointer import NOTHING, Kept
from ganrs_jax.training.loop import Report, silent


@dataclasses.dataclass(frozen=True)
class WganrsConfig(GanrsConfig):
    """Published settings: RMSprop 5e-5, five critic steps a generator step, weights clipped at 0.01."""

    objective: str = "wasserstein"
    optimizer: str = "rmsprop"
    gan_learning_rate: float = 5e-5
    critic_steps: int = 5
    gan_batch_size: int = 64


def fit(
    seeds: Sequence[int],
    ratings: Ratings,
    configs: Sequence[WganrsConfig],
    report: Report = silent,
    expect: Request | None = None,
    kept: Kept = NOTHING,
) -> list[Generator]:
    """Trains a generator a lane; see `lanes.fit_lanes`."""
    for config in configs:
        check(config)
    return fit_lanes("wganrs", seeds, ratings, configs, report=report, expect=expect, kept=kept)


RECIPE = Recipe(
    config=WganrsConfig,
    check=check,
    fit=fit,
    complete=ganrs.complete,
    generate=ganrs.generate,
    lane_floats=LANE_FLOATS,
)
