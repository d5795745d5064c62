"""What to know of a dataset: the scenario asked for and reached, faults of training, requests far from the source."""

import numpy as np

from ganrs_jax.profile.interaction_plan import InteractionPlan
from ganrs_jax.profile.local_directions import least_counts
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.plan import Plan
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.requests import told_per_user
from ganrs_jax.sampling.distributions import parse_distribution
from ganrs_jax.sampling.feasibility import total_variation
from ganrs_jax.sampling.skew import degree_counts
from ganrs_jax.statistics.summary import gini

_POTENTIALS = 0.02  # total variation between wanted and expected item shares: ten times what solving stops at
_DISTRIBUTION = 0.05  # total variation between the shares of a degree distribution and what a dataset can hold of it
_SPECTRUM = 0.08  # mean relative error of the singular values at the end of training, from which a warning is due
_DISTANCE = 0.15  # sliced Wasserstein between generated and real vectors, whose parts have a standard deviation of 1
_ACTIVE = 1.5  # times the source's ratings per user, or its inverse
_MANY_ITEMS, _MANY_USERS, _DENSE = 5, 50, 3  # times the source's: a dataset then varies within what so few show


def scenario(
    model: ProfileModel, request: RatingsRequest, plan: InteractionPlan, item_ids: np.ndarray | None
) -> dict[str, object]:
    """What was asked for beside sizes, and what the dataset has of it; json-ready.

    Args:
      item_ids: the ids that tables have of the items, [I], or None where they are numbers.
    """
    found: dict[str, object] = {}
    activity = plan.activity.copy()
    activity[: len(plan.user_kept)] = plan.user_kept
    popularity = plan.popularity.copy()
    if request.young:  # in expectation
        popularity = np.maximum(popularity * (plan.user_kept.sum() / plan.activity.sum()), 1)
    popularity[: len(plan.item_kept)] = plan.item_kept
    for name, counts in (("activity", activity), ("popularity", popularity)):
        if (asked := getattr(request, name)) != "source":
            found[name] = {"asked": asked, "gini": round(gini(counts), 4)}
    if model.groups is not None:
        columns = zip(model.groups.columns, model.groups.values, plan.groups.T, strict=True)
        users = {
            name: dict(zip(values, np.bincount(code, minlength=len(values)).tolist(), strict=True))
            for name, values, code in columns
        }
        found["groups"] = {"asked": dict(request.group_shares) or "source", "users": users}
    if request.rating_histogram != "source":
        found["rating_histogram"] = {"asked": request.rating_histogram}
    sides = (
        ("user", request.cold.users, plan.user_kept[: request.cold.users.number(len(activity))], len(activity)),
        ("item", request.cold.items, plan.item_kept, len(popularity)),
    )
    for name, asked, kept, size in sides:
        if len(kept):
            own = item_ids[: len(kept)].tolist() if name == "item" and item_ids is not None else None
            found[f"cold_{name}s"] = {
                "asked": {"share": asked.share, "ratings": [asked.least, asked.most]},
                "share": len(kept) / size,
                "ratings": [int(kept.min()), int(kept.max())],
                "ids": own or f"0 to {len(kept) - 1}",
            }
    return found


def training_warnings(model: ProfileModel) -> list[str]:
    """A line for each fault of training: what was found, and what to do."""
    facts, lines = model.training, []
    restarts, spectrum_error = facts.get("restarts", 0), facts.get("spectrum_error", 0.0)
    distance = facts.get("distance", 0.0)  # none of Gaussian users
    if restarts:
        lines.append(f"training collapsed and was restarted {restarts} times")
    if distance > _DISTANCE:
        lines.append(
            "the generator did not learn the vectors well; train longer (`config.gan_steps`) or with another seed"
        )
    if spectrum_error > _SPECTRUM:
        lines.append(
            f"the spectrum is off by {spectrum_error:.0%}: who rates what is less, or more, structured than in the "
            "source; try `config.interaction_rank` or `config.calibration_rounds`"
        )
    return lines + _local_shortage(model)


def _local_shortage(model: ProfileModel) -> list[str]:
    """Of a source too small, or too sparse, for the local directions that were asked for."""
    rank, least_users = model.config.local_rank, model.config.least_users
    number, users, items = (int(model.training[f"local_{what}"]) for what in ("directions", "users", "items"))
    per_direction = model.config.users_per_direction
    if number >= rank or 0 < users // per_direction <= number:
        return []
    found = f"local structure has {number} of" if number else "no local structure: it has none of"
    need_users, need_items = least_counts(rank, model.config.interaction_rank)
    need_users = max(need_users, rank * per_direction)
    return [
        f"{found} the {rank} directions asked for (`config.local_rank`): the source has {users:,} users and {items:,} "
        f"items of at least {least_users} users each (`config.least_users`), and so many directions need at least "
        f"{need_users:,} users and {need_items:,} such items, as a rule more"
    ]


def warnings_of(model: ProfileModel, asked: RatingsRequest, request: RatingsRequest, plan: Plan) -> list[str]:
    """A line for each fault of training, of the plan and of the request: what was found, and what to do.

    Args:
      asked: the request as it was made; `request` has all sizes.
    """
    source, lines = model.source, training_warnings(model)
    # The plan: potentials, and degrees cut because no pair repeats.
    error = plan.interactions.potentials.error
    if error > _POTENTIALS:
        lines.append(
            f"the potentials did not converge: {error:.1%} of the ratings go to other items than wanted; "
            "ask for a less steep popularity, more users or fewer ratings"
        )
    for name in () if request.young else ("activity", "popularity"):
        wanted, distribution, counts = (getattr(x, name) for x in (request, model, plan.interactions))
        most = len(plan.interactions.popularity if name == "activity" else plan.interactions.activity)
        weights = degree_counts(parse_distribution(wanted, name), distribution, len(counts), int(counts.sum()), most)[0]
        part = total_variation(weights, np.sort(counts)[::-1])
        if part > _DISTRIBUTION:
            lines.append(
                f"`{name}={wanted}`: {part:.0%} of the ratings are elsewhere than the distribution has them, "
                "as no pair is rated twice and all have a rating; with other sizes, or a less steep one, fewer would be"
            )
    # Sizes far from the source's, chosen or asked for.
    own_activity = source.ratings / source.users
    times_as_active = request.num_ratings / request.num_users / own_activity
    if not asked.num_ratings and not 1 / _ACTIVE <= times_as_active <= _ACTIVE:
        lines.append(
            f"no number of ratings was asked for, and {request.num_ratings:,} were chosen to go with the other sizes: "
            + told_per_user(request.num_ratings, request.num_users, own_activity)
        )
    sizes = (
        ("items", request.num_items, source.items, _MANY_ITEMS),
        ("users", request.num_users, source.users, _MANY_USERS),
    )
    for what, number, own, times in sizes:
        if number > times * own:
            lines.append(
                f"{number:,} {what} are {number / own:.0f} times the source's {own:,}: "
                "they vary within what so few have shown"
            )
    density = request.num_ratings / (request.num_users * request.num_items)
    own_density = source.ratings / (source.users * source.items)
    if density > _DENSE * own_density:
        lines.append(
            f"{density:.1%} of all pairs are rated, {own_density:.1%} in the source: such density was never seen"
        )
    return lines
