"""CGANRS: the published recipe conditioned on a demographic group (Applied Soft Computing 169, 112608).

The notebook decodes group 2 with the item clusters of group 1 and drops one embedding dimension;
here all groups share one clustering of items, users are clustered within their group, and every
dimension is kept.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.data.user_groups import user_groups
from ganrs_jax.errors import InputError
from ganrs_jax.published import ganrs
from ganrs_jax.published import settings as published
from ganrs_jax.published.decoding import assemble, cluster, draw
from ganrs_jax.published.model import Groups, PublishedModel
from ganrs_jax.published.settings import LANE_FLOATS, GanrsConfig, GroupsRequest, complete_request, unfilled
from ganrs_jax.training.lanes import check_lanes
from ganrs_jax.training.loop import Report, silent
from ganrs_jax.training.stages import Stages


@dataclasses.dataclass(frozen=True)
class CganrsConfig(GanrsConfig):
    """Published settings: a label embedding multiplied into the input of both networks."""

    group: str = "gender"  # a demographic column of the source: gender | age | ...
    generator_hidden: tuple[int, int] = (8, 10)
    critic_hidden: int = 6


def check_config(config: CganrsConfig) -> None:
    """As `config.check_config`, and the grouping."""
    published.check_config(config)
    if not config.group:
        raise InputError("`config.group` is empty; accepted: a demographic column of the source, gender or age, say")


def fit(
    seeds: Sequence[int],
    ratings: Ratings,
    configs: Sequence[CganrsConfig],
    report: Report = silent,
    stages: Stages = Stages(),  # noqa: B008 - keeps nothing
) -> list[PublishedModel]:
    """Trains a conditional generator per lane on the users whose group is known.

    Raises:
      InputError: if the source does not know the grouping, or has one group only.
    """
    for config in configs:
        check_config(config)
    check_lanes(seeds, configs, LANE_FLOATS)  # before the first one's grouping is taken for all
    part, label, groups = grouped(ratings, configs[0].group)
    return ganrs.fit(seeds, part, configs, report, stages, recipe="cganrs", label=label, groups=groups)


def grouped(ratings: Ratings, grouping: str) -> tuple[Ratings, np.ndarray, Groups]:
    """The ratings of users whose group is known, the group of each, int32 [N], and the groups.

    Raises:
      InputError: as `user_groups`.
    """
    known, names, code = user_groups(ratings, grouping, "config.group")
    rows = known[ratings.user]
    label = code[ratings.user[rows]].astype(np.int32)
    part = dataclasses.replace(
        ratings, user=ratings.user[rows], item=ratings.item[rows], rating=ratings.rating[rows], timestamp=None
    )
    users, ratings_of = (np.bincount(x, minlength=len(names)).tolist() for x in (code[known], label))
    return part, label, Groups(grouping, tuple(names), tuple(users), tuple(ratings_of))


class GroupSizes(NamedTuple):
    """A completed request, and the users and samples of each of G groups, int64 [G]."""

    request: GroupsRequest
    users: np.ndarray
    samples: np.ndarray


def check_request(ratings: Ratings, config: CganrsConfig, request: GroupsRequest) -> None:
    """As `ganrs.check_request`; raises InputError as `user_groups` and `group_sizes` do."""
    part, label, groups = grouped(ratings, config.group)
    users, items = (len(np.unique(ids)) for ids in (part.user, part.item))
    _sized_groups(request, groups, (users, items, len(label)), config.sigma)


def complete(model: PublishedModel, request: GroupsRequest) -> GroupsRequest:
    """The request with the source's sizes where it has none; raises InputError as `group_sizes` does."""
    return group_sizes(model, request).request


def group_sizes(model: PublishedModel, request: GroupsRequest) -> GroupSizes:
    """How many users and samples each group gets; those of a group are as active as in the source.

    Raises:
      InputError: for group shares that name other groups, do not sum to one, or cannot be filled.
    """
    source = model.source
    assert model.groups is not None
    return _sized_groups(request, model.groups, (source.users, source.items, source.ratings), model.config.sigma)


def _sized_groups(
    request: GroupsRequest, groups: Groups, source_sizes: tuple[int, int, int], sigma: float
) -> GroupSizes:
    shares = np.array(groups.num_users) / np.sum(groups.num_users)
    if request.group_shares:
        shares = np.array([request.group_shares.get(name, 0.0) for name in groups.names])
        unknown = set(request.group_shares) - set(groups.names)
        if unknown or np.any(shares < 0) or not abs(shares.sum() - 1) <= 1e-6:
            given = ", ".join(f"{k}={v:g}" for k, v in request.group_shares.items())
            raise InputError(
                f"`group_shares={given}`; accepted: shares of {', '.join(groups.names)}, none below 0, summing to 1"
            )
    activity = np.array(groups.num_ratings) / np.array(groups.num_users)

    def sizes(request: GroupsRequest) -> GroupSizes:
        users = _rounded(shares, request.num_users)
        return GroupSizes(request, users, _rounded(users * activity / (users @ activity), request.num_samples))

    def unfilled_group(request: GroupsRequest) -> str:
        if found := unfilled(request):
            return found
        _, users, samples = sizes(request)
        for name, number, filling in zip(groups.names, users, samples, strict=True):
            if number > filling:
                of = f"{filling} of `num_samples={request.num_samples}`"
                return f"group {name}: {number} users cannot be filled by {of}"
        return ""

    return sizes(complete_request(request, *source_sizes, sigma, unfilled_group))


def generate(model: PublishedModel, request: GroupsRequest, report: Report = silent) -> Dataset:
    """As `ganrs.generate`, with users of each group in the asked shares and a demographic column.

    Raises:
      InputError: as `group_sizes`.
    """
    asked, (request, users, counts) = request, group_sizes(model, request)
    assert model.groups is not None
    label = np.repeat(np.arange(len(users), dtype=np.int32), counts)
    samples, size = draw(model, request, label), model.config.embedding_size
    items = cluster(model, request, samples[:, size : 2 * size], request.num_items, "items", report)
    # Users are clustered within each group; ids of a group follow those of the one before.
    user = np.zeros(len(label), np.int64)
    first = np.concatenate([[0], np.cumsum(users)])
    for group in np.flatnonzero(users):
        mine = np.flatnonzero(label == group)
        user[mine] = first[group] + cluster(
            model, request, samples[mine][:, :size], int(users[group]), "users", report, int(group)
        )
    column = np.repeat(np.array(model.groups.names), users)
    return assemble(model, request, samples, user, items, {model.groups.grouping: column}, asked)


def _rounded(shares: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers in the given shares that sum to the total (largest remainders)."""
    exact = shares * total
    counts = np.floor(exact).astype(np.int64)
    counts[np.argsort(counts - exact, kind="stable")[: total - counts.sum()]] += 1
    return counts
