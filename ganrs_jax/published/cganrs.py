"""CGANRS: the published recipe conditioned on a demographic group (Applied Soft Computing 169, 112608).

The notebook decodes group 2 with the item clusters of group 1 and drops one embedding dimension;
here all groups share one clustering of items, users are clustered within their group, and every
dimension is kept.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from ganrs_jax.checks import check_choice
from ganrs_jax.data.dataset import Dataset, Generator, Recipe, Request, completed
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.errors import InputError
from ganrs_jax.published import config as published
from ganrs_jax.published import decoding as clustered
from ganrs_jax.published.config import LANE_FLOATS, GanrsConfig, refuse_laws
from ganrs_jax.published.training import fit_lanes
from ganrs_jax.training.checkpointer import NOTHING, Kept
from ganrs_jax.training.lanes import check_lanes
from ganrs_jax.training.loop import Report, silent

GROUPINGS = ("gender", "age")
_AGE_STARTS = (0, 18, 25, 35, 45, 50, 56)  # the bands of MovieLens 1M
AGE_BANDS = ("under 18", "18-24", "25-34", "35-44", "45-49", "50-55", "56+")


@dataclasses.dataclass(frozen=True)
class CganrsConfig(GanrsConfig):
    """Published settings: a label embedding multiplied into the input of both networks."""

    group: str = "gender"  # gender | age
    generator_hidden: tuple[int, int] = (8, 10)
    critic_hidden: int = 6


def check(config: CganrsConfig) -> None:
    """As `published.check`, and the grouping."""
    published.check(config)
    check_choice(config, "group", GROUPINGS)


def fit(
    seeds: Sequence[int],
    ratings: Ratings,
    configs: Sequence[CganrsConfig],
    report: Report = silent,
    expect: Request | None = None,
    kept: Kept = NOTHING,
) -> list[Generator]:
    """Trains a conditional generator a lane on the users whose group is known.

    Raises:
      InputError: if the source does not know the grouping, or has one group only, or a law is expected.
    """
    if expect is not None:  # nothing is compiled ahead for it: the sizes of the groups are not known yet
        refuse_laws("cganrs", expect)
    for config in configs:
        check(config)
    check_lanes(seeds, configs, LANE_FLOATS)  # before the first one's grouping is taken for all
    known, names, code = user_groups(ratings, configs[0].group)
    rows = known[ratings.user]
    label = code[ratings.user[rows]].astype(np.int32)
    part = dataclasses.replace(
        ratings, user=ratings.user[rows], item=ratings.item[rows], rating=ratings.rating[rows], timestamp=None
    )
    users = np.bincount(code[known], minlength=len(names))
    facts = {"grouping": configs[0].group, "groups": list(names), "group_users": users.tolist()}
    facts["group_ratings"] = np.bincount(label, minlength=len(names)).tolist()
    groups: Any = {"label": label, "num_labels": len(names), "extra": facts}
    return fit_lanes("cganrs", seeds, part, configs, **groups, report=report, kept=kept)


def user_groups(ratings: Ratings, grouping: str) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Which users' group is known, bool [U]; the names of the groups; the group of each user, int [U].

    Raises:
      InputError: if the source does not know the grouping, or fewer than two groups occur.
    """
    if grouping not in ratings.demographics:
        have = ", ".join(ratings.demographics) or "no demographics"
        raise InputError(f"{ratings.name}: --config.group={grouping} is not known of its users; it has: {have}")
    values = ratings.demographics[grouping]
    if grouping == "age":
        band = np.searchsorted(_AGE_STARTS, values, side="right") - 1
        text = np.where(values < 0, "", np.array(AGE_BANDS)[np.maximum(band, 0)])
        order: Sequence[str] = AGE_BANDS
    else:
        text = values.astype(str)
        order = sorted(set(text.tolist()))
    names = [name for name in order if name and np.any(text == name)]
    if len(names) < 2:
        raise InputError(f"{ratings.name}: one {grouping} group only ({', '.join(names) or 'none'}); two are needed")
    code = np.zeros(len(text), np.int64)
    for number, name in enumerate(names):
        code[text == name] = number
    return text != "", names, code


def generate(generator: Generator, request: Request, report: Report = silent) -> Dataset:
    """As `ganrs.generate`, with users of each group in the asked shares and a demographic column.

    Raises:
      InputError: for group shares that name other groups, do not sum to one, or cannot be filled.
    """
    request, users, counts = _planned(generator, request)
    source = generator.source
    label = np.repeat(np.arange(len(users), dtype=np.int32), counts)
    samples = clustered.draw(generator, request, label, len(users))
    items = clustered.cluster(generator, request, samples, "items", report)
    user = _cluster_users(generator, request, samples, label, users, report)
    column = np.repeat(np.array(source["groups"]), users)
    return clustered.assemble(generator, request, samples, user, items, {source["grouping"]: column})


def _planned(generator: Generator, request: Request) -> tuple[Request, np.ndarray, np.ndarray]:
    """The completed request, and the users and samples of each group."""
    refuse_laws(generator.recipe, request)
    request, source = completed(generator, request), generator.source
    users = _rounded(_shares(request, source), request.num_users)
    activity = np.array(source["group_ratings"]) / np.array(source["group_users"])
    counts = _rounded(users * activity / (users @ activity), request.num_samples)
    _check_filled(users, counts, source["groups"], request)
    return request, users, counts


def _cluster_users(
    generator: Generator, request: Request, samples: Any, label: np.ndarray, users: np.ndarray, report: Report
) -> np.ndarray:
    """Clusters within each group; ids of a group follow those of the one before."""
    found = np.zeros(len(label), np.int64)
    first = np.concatenate([[0], np.cumsum(users)])
    for group in np.flatnonzero(users):
        mine = np.flatnonzero(label == group)
        part = dataclasses.replace(request, num_users=int(users[group]))
        found[mine] = first[group] + clustered.cluster(
            generator, part, samples[mine], "users", report, group=int(group)
        )
    return found


def _shares(request: Request, source: dict[str, Any]) -> np.ndarray:
    names = source["groups"]
    if not request.group_shares:
        return np.array(source["group_users"]) / np.sum(source["group_users"])
    shares = np.array([request.group_shares.get(name, 0.0) for name in names])
    unknown = set(request.group_shares) - set(names)
    if unknown or np.any(shares < 0) or abs(shares.sum() - 1) > 1e-6:
        given = ", ".join(f"{k}={v:g}" for k, v in request.group_shares.items())
        raise InputError(f"--group_shares={given}; accepted: shares of {', '.join(names)}, none below 0, summing to 1")
    return shares


def _rounded(shares: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers in the given shares that sum to the total (largest remainders)."""
    exact = shares * total
    counts = np.floor(exact).astype(np.int64)
    counts[np.argsort(counts - exact, kind="stable")[: total - counts.sum()]] += 1
    return counts


def _check_filled(users: np.ndarray, counts: np.ndarray, names: Sequence[str], request: Request) -> None:
    short = np.flatnonzero(users > counts)
    if len(short):
        raise InputError(
            f"group {names[short[0]]}: {users[short[0]]} users cannot be filled by {counts[short[0]]} of "
            f"--num_samples={request.num_samples}; accepted: fewer users or more samples"
        )


RECIPE = Recipe(
    config=CganrsConfig,
    check=check,
    fit=fit,
    complete=lambda generator, request: _planned(generator, request)[0],
    generate=generate,
    lane_floats=LANE_FLOATS,
)
