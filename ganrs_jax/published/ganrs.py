"""GANRS as published: DeepMF embedding, GAN on dense samples, K-means decoding.

Bobadilla, Gutierrez, Yera, Martinez, arXiv 2303.01297. The defects of the published notebooks are
mended here and in the stages, each named where it was: the header row lost on re-reading and the
all-zero row fed to the GAN (neither exists here), the unseeded runs (every stage takes a seed), the
mean-only rescale (`decoding.unit_scale.match_moments`) and the pairs with two ratings
(`decoding.repeats.drop_repeats`).

Three details differ from Keras and scikit-learn without being a defect: what is left of an epoch
after its last full batch is not trained on in that epoch, the critic takes one step on real and fake
samples together where Keras loops take one on each, and K-means++ tries one candidate a centroid.
"""

from collections.abc import Sequence

from ganrs_jax.data.dataset import Dataset, Generator, Recipe, Request, completed
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.errors import InputError
from ganrs_jax.published import decoding as clustered
from ganrs_jax.published.config import LANE_FLOATS, GanrsConfig, check, refuse_laws
from ganrs_jax.published.training import fit_lanes
from ganrs_jax.training.checkpointer import NOTHING, Kept
from ganrs_jax.training.loop import Report, silent


def fit(
    seeds: Sequence[int],
    ratings: Ratings,
    configs: Sequence[GanrsConfig],
    report: Report = silent,
    expect: Request | None = None,
    kept: Kept = NOTHING,
) -> list[Generator]:
    """Trains a generator a lane; see `lanes.fit_lanes`."""
    for config in configs:
        check(config)
    return fit_lanes("ganrs", seeds, ratings, configs, report=report, expect=expect, kept=kept)


def complete(generator: Generator, request: Request) -> Request:
    """See `Recipe.complete`; group shares need `cganrs`, laws and exact numbers `profile`."""
    if request.group_shares:
        raise InputError(f"--group_shares was given to recipe {generator.recipe}, that has no groups; accepted: cganrs")
    refuse_laws(generator.recipe, request)
    return completed(generator, request)


def generate(generator: Generator, request: Request, report: Report = silent) -> Dataset:
    """Steps 4 to 6: draws samples, clusters users and items, drops repeats.

    Raises:
      InputError: for a request that samples cannot fill, or group shares, which need `cganrs`.
    """
    request = complete(generator, request)
    samples = clustered.draw(generator, request)
    users = clustered.cluster(generator, request, samples, "users", report)
    items = clustered.cluster(generator, request, samples, "items", report)
    return clustered.assemble(generator, request, samples, users, items)


RECIPE = Recipe(GanrsConfig, check, fit, complete, generate, LANE_FLOATS)
