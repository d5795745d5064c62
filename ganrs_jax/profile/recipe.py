"""The profile recipe, whole: from ratings to a model, from a model to a dataset of exactly the sizes asked for.

It mends what the published recipes lose: the long tail, rows, distinct pairs, and how hard real ratings are to predict.

`fit`: users and items are embedded by what a profile is, who rates what and how (`embedding`); a GAN of two generators
learns the vectors (`gan`); what learning leaves off is calibrated by comparing generated datasets with the source
(`calibration`). `blocks`: a plan says how much each user rates, how often each item is rated and how latent ratings
become levels (`plan`); then each block of users draws its items and gives its ratings by itself.
"""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.checks import check_memory
from ganrs_jax.data.dataset import Blocks, Dataset, Rows
from ganrs_jax.data.ratings import Ratings, subsample
from ganrs_jax.errors import InputError
from ganrs_jax.profile.assembly import assemble
from ganrs_jax.profile.calibration import calibrate
from ganrs_jax.profile.diagnostics import scenario, warnings_of
from ganrs_jax.profile.embedding import ProfileEmbedding, fit_profile_embedding
from ganrs_jax.profile.gan import GanState, fit_with_restarts, gan_spec, standardised
from ganrs_jax.profile.groups import asked_shares, group_codes, group_columns, learn_groups
from ganrs_jax.profile.model import ProfileModel, VectorColumns
from ganrs_jax.profile.plan import block_rows, make_plan
from ganrs_jax.profile.settings import LANE_FLOATS, ProfileConfig, RatingsRequest, check_config, complete_request
from ganrs_jax.requests import given_sizes
from ganrs_jax.sampling.distributions import degree_distribution
from ganrs_jax.statistics.summary import describe_source
from ganrs_jax.training.lanes import check_lanes, stacked_floats
from ganrs_jax.training.loop import Report, silent
from ganrs_jax.training.stages import Stages

_SEED = 0  # of the embedding, which all lanes share
_LEAST = 20  # users, and items, that embedding and spectrum need
_ROW, _ID = 24, 24  # bytes of a row of a dataset made as a whole: twice its columns; and of its item's own id


def fit(
    seeds: Sequence[int],
    ratings: Ratings,
    configs: Sequence[ProfileConfig],
    report: Report = silent,
    stages: Stages = Stages(),  # noqa: B008 - keeps nothing
) -> list[ProfileModel]:
    """Trains a model per lane; all lanes share one embedding.

    Args:
      seeds: L seeds; configs: L settings that differ in `LANE_FLOATS` alone.
      stages: what an earlier run, stopped, has done.

    Raises:
      InputError: if a configuration, seeds or lanes cannot be, or the ratings are too few to embed.
      TrainingDivergedError: if every lane diverges.
    """
    for each in configs:
        check_config(each)
    check_lanes(seeds, configs, LANE_FLOATS)
    config = configs[0]
    if min(ratings.num_users, ratings.num_items) < _LEAST:
        raise InputError(
            f"{ratings.name}: {ratings.num_users} users, {ratings.num_items} items; accepted: at least {_LEAST} of each"
        )
    learned = subsample(ratings, max_users=config.most_users)
    codes = group_codes(learned, config.groups) if config.groups else None
    columns = VectorColumns(config.interaction_rank, config.rating_rank, config.style_rank)

    # 1. Embed: posterior draws of what each user and item is.
    embedding = stages.run(
        "embedding",
        ProfileEmbedding,
        lambda: fit_profile_embedding(
            jax.random.key(_SEED),
            learned,
            columns,
            rounds=config.embedding_rounds,
            sweeps=config.embedding_sweeps,
            draws=config.posterior_draws,
            report=report,
        ),
    )

    if config.learned == "means":
        embedding = embedding._replace(users=jnp.broadcast_to(embedding.users.mean(0), embedding.users.shape))
    # 2. Learn the vectors of users: a GAN, or nothing of Gaussian users. Those of items are kept as they are.
    states: Sequence[GanState | None] = [None] * len(seeds)
    restarts = [0] * len(seeds)
    if config.users == "gan":
        states, restarts = fit_with_restarts(
            seeds,
            gan_spec(config, columns),
            standardised(embedding.users),
            stacked_floats(configs, LANE_FLOATS),
            report,
            stages,
        )

    # 3. Calibrate who rates what, and how, of what was learned, put together with the degrees, means and response
    # styles of the source.
    models = assemble(seeds, configs, states, restarts, embedding, ratings, learned)
    if codes is not None:
        groups = learn_groups(learned, codes, embedding.users)
        models = [dataclasses.replace(model, groups=groups) for model in models]
    return calibrate(models, learned, report, stages, None if codes is None else codes.code)


def check_request(ratings: Ratings, config: ProfileConfig, request: RatingsRequest) -> None:
    """Raises InputError, before any work, on a request that no dataset could meet once a model of these is trained."""
    activity, popularity = (degree_distribution(np.bincount(ids)) for ids in (ratings.user, ratings.item))
    groups = None
    if config.groups:
        groups = group_codes(ratings, config.groups)
    asked_shares(groups, request.group_shares)
    complete_request(request, config, describe_source(ratings), activity, popularity, ratings.num_items)


def complete(model: ProfileModel, request: RatingsRequest) -> RatingsRequest:
    """The request with the source's sizes where it has none; raises InputError as `complete_request` does."""
    asked_shares(model.groups, request.group_shares)
    own_items = len(model.items.ids.values)
    return complete_request(request, model.config, model.source, model.activity, model.popularity, own_items)


def blocks(model: ProfileModel, request: RatingsRequest, report: Report = silent) -> Blocks:
    """The dataset of a request by blocks of users, each made by itself."""
    asked, request = request, complete(model, request)
    # 4. Plan: what all blocks have in common.
    plan = make_plan(model, request, report)
    ids = written_item_ids(model, request)
    if ids is not None:
        ids = ids[plan.interactions.source_item]
    metadata = {
        "recipe": model.recipe,
        "request": dataclasses.asdict(request),
        "asked": given_sizes(asked),
        "scenario": scenario(model, request, plan.interactions, ids),
        "source_ratings_per_user": model.source.ratings / model.source.users,
        "source": model.source.name,
        "training": dict(model.training),
        "plan": plan.digest,
        "potentials_error": float(f"{plan.interactions.potentials.error:.2g}"),  # the last digits are the machine's
        "noise_factor": float(f"{plan.ratings.link.noise_factor:.4g}"),
        "warnings": warnings_of(model, asked, request, plan),
    }
    # 5. Rows, a block of users at a time.
    return Blocks(
        plan.interactions.num_blocks,
        lambda number: block_rows(model, request, plan, number).now,
        model.scale,
        metadata,
        ids,
        lambda number: block_rows(model, request, plan, number),
        group_columns(model.groups, plan.interactions.groups),
    )


def written_item_ids(model: ProfileModel, request: RatingsRequest) -> np.ndarray | None:
    """The ids that tables have of the source's items, [I]; None where they have new numbers."""
    return model.items.ids.values if request.item_ids == "source" else None


def generate(model: ProfileModel, request: RatingsRequest, report: Report = silent) -> Dataset:
    """A dataset of exactly the users, items and ratings asked for.

    Raises:
      InputError: on a request that no dataset can meet, or one that memory cannot hold as a whole.
    """
    wanted = complete(model, request)
    row = _ROW + (_ID if wanted.item_ids == "source" else 0)
    check_memory("num_ratings", wanted.num_ratings, row, ", or in parts, which hold no more at a time")
    made = blocks(model, request, report)
    assert made.with_later is not None
    now, later = [], []
    for number in range(made.num_blocks):
        rows = made.with_later(number)
        now.append(rows.now)
        if wanted.cold:
            later.append(rows.later)
        report("rows", number + 1, made.num_blocks, {})
    user, item, rating = (np.concatenate(x) for x in zip(*now, strict=True))
    counts = {"rows": len(user), "users": len(np.unique(user)), "items": len(np.unique(item))}
    facts = {**made.metadata, **counts}
    still_to_come = Rows(*(np.concatenate(x) for x in zip(*later, strict=True))) if later else None
    return Dataset(user, item, rating, made.scale, made.groups, facts, made.item_ids, still_to_come)
