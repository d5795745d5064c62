"""Generation in two pure functions: `make_plan`, global and small, and `block_rows`, local to a block of users.

A block's rows depend on the plan and the block's number alone: any block, on any device, in any order, gives the same
rows.
"""

import hashlib
from typing import NamedTuple

import numpy as np

from ganrs_jax.data.dataset import BlockRows, Rows
from ganrs_jax.profile.interaction_plan import InteractionPlan, plan_interactions
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.rating_plan import RatingPlan, draw_latent, plan_ratings
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.training.loop import Report, silent


class Plan(NamedTuple):
    """All that blocks of users have in common: what draws items, and what gives ratings."""

    interactions: InteractionPlan
    ratings: RatingPlan

    @property
    def digest(self) -> str:
        """Of what blocks must agree on, for the dataset to have the users, items and ratings asked for."""
        made = self.interactions
        agreed = (made.activity, made.popularity, *made.preassigned, made.user_kept, made.item_kept)
        whole = hashlib.sha256()
        for numbers in agreed:
            whole.update(np.ascontiguousarray(numbers, np.int64).tobytes())
        return whole.hexdigest()


def make_plan(model: ProfileModel, request: RatingsRequest, report: Report = silent) -> Plan:
    """The plan of a completed request."""
    interactions = plan_interactions(model, request)
    report("plan", 1, 2, {})
    ratings = plan_ratings(model, request, interactions)
    report("plan", 2, 2, {})
    return Plan(interactions, ratings)


def block_rows(model: ProfileModel, request: RatingsRequest, plan: Plan, number: int) -> BlockRows:
    """The ratings of block `number`."""
    made = plan.ratings
    first = number * plan.interactions.block
    known = number < len(made.first)
    user, item, later, latent = made.first[number] if known else draw_latent(model, request, plan.interactions, number)
    latent = latent.shifted(made.item_shift[item] + made.user_shift[user + first])
    rating = model.scale.levels[made.link.level(latent)].astype(np.float32)
    rows = Rows((user + first).astype(np.int32), item.astype(np.int32), rating)
    if not later.any():
        return BlockRows(rows, Rows(*(x[:0] for x in rows)))
    return BlockRows(*(Rows(*(x[which] for x in rows)) for which in (~later, later)))
