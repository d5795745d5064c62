"""Generation by the profile recipe: `plan`, global and small, and `rows`, local to a block of users.

A block's rows depend on the plan and the block's number alone: any block, on any device, in any order,
gives the same rows.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.data.dataset import Generator, Request, Rows
from ganrs_jax.profile.embedding import Columns
from ganrs_jax.profile.interaction_plan import Plan, chosen, plan_choices, plan_key, users_of
from ganrs_jax.profile.item_means import Liking, liking_shift
from ganrs_jax.profile.ordinal import Latent, Thresholds, fit_thresholds, thresholds_at
from ganrs_jax.profile.style import ascending
from ganrs_jax.profile.vectors import columns
from ganrs_jax.sampling.histograms import parse_histogram
from ganrs_jax.statistics.learnability import fit_biases
from ganrs_jax.training.loop import Report, silent

_CALIBRATION_ROWS = 1 << 20  # rows that the rating thresholds are fitted on
_NOISES = 4  # draws of the noise that are averaged
_LIKING_ROUNDS = 4  # of prescribing how well liked items are
_ROW_STEP = 1 << 14  # rows of a block are padded to a multiple of it


def make_plan(generator: Generator, request: Request, report: Report = silent) -> Plan:
    """The plan of a completed request."""
    choices = plan_choices(generator, request)
    report("plan", 1, 2, {})
    plan = _with_ratings(generator, request, choices)
    report("plan", 2, 2, {})
    return plan


def rows(generator: Generator, request: Request, plan: Plan, number: int) -> Rows:
    """The ratings of block `number`."""
    assert plan.thresholds is not None
    user, item, latent = _latent(generator, request, plan, number)
    latent = _shifted(latent, plan.generosity[user + number * plan.block])
    rating = generator.scale.levels[plan.thresholds.level(latent)].astype(np.float32)
    return Rows((user + number * plan.block).astype(np.int32), item.astype(np.int32), rating)


def _with_ratings(generator: Generator, request: Request, plan: Plan) -> Plan:
    """The plan with thresholds, and biases at which items are as well liked, and users as generous, as in the source.

    The first by popularity, the second by activity. Fitted on the first blocks: all of them where the dataset is small.
    """
    user, item, latent = _calibration(generator, request, plan)
    wanted = parse_histogram(request.rating_histogram, generator.scale, "rating_histogram")
    histogram = np.asarray(generator.source["rating_histogram"]) if wanted is None else wanted

    def fitted(latent: Latent, first: Thresholds) -> Thresholds:
        plain = _plain(user, item, latent, first)
        return fit_thresholds(latent, plain, histogram, float(generator.arrays["correlation"]))

    thresholds = fitted(latent, thresholds_at(latent, 1.0, histogram))
    sides = (
        _Side(item, plan.catalogue.popularity, Liking(**generator.arrays["liking"])),
        _Side(user, plan.activity, Liking(**generator.arrays["generosity"])),
    )
    liked, generous = _biases(sides, latent, thresholds.noise_factor, histogram)
    thresholds = fitted(_shifted(latent, liked[item] + generous[user]), thresholds)
    items = plan.catalogue.items.at[:, columns(generator).interaction_rank].add(liked)
    return plan._replace(thresholds=thresholds, catalogue=plan.catalogue._replace(items=items), generosity=generous)


class _Side(NamedTuple):
    """Items or users: whose each rating is [N], how many each has in the dataset, and what is wanted."""

    ids: np.ndarray
    counts: np.ndarray
    wanted: Liking


def _biases(sides: Sequence[_Side], latent: Latent, noise_factor: float, histogram: np.ndarray) -> list[np.ndarray]:
    """What biases of each side are to have added, for mean ratings to be those of the source."""
    shifts = [np.zeros(len(side.counts), np.float32) for side in sides]
    for _ in range(_LIKING_ROUNDS):
        shifted = _shifted(latent, sum(shift[side.ids] for shift, side in zip(shifts, sides, strict=True)))
        spread = np.std(shifted.score(noise_factor))
        levels = thresholds_at(shifted, noise_factor, histogram).level(shifted)
        steps = [spread * liking_shift(side.wanted, side.ids, levels, side.counts) for side in sides]
        shifts = [shift + step for shift, step in zip(shifts, steps, strict=True)]
    return shifts


def _shifted(latent: Latent, shift_N: np.ndarray) -> Latent:
    return latent._replace(predicted=latent.predicted + shift_N)


def _calibration(generator: Generator, request: Request, plan: Plan) -> tuple[np.ndarray, np.ndarray, Latent]:
    """User, item and latent rating of the rows that thresholds are fitted on."""
    users, items, parts = [], [], []
    for number in range(plan.num_blocks):
        user, item, latent = _latent(generator, request, plan, number)
        users.append(user + number * plan.block)
        items.append(item)
        parts.append(latent)
        if sum(map(len, items)) >= _CALIBRATION_ROWS:
            break
    found = (users, items, *list(zip(*parts, strict=True))[1:])
    user, item, *drawn = (np.concatenate(x)[:_CALIBRATION_ROWS] for x in found)
    return user, item, Latent(parts[0].borders, *drawn)


def _plain(user: np.ndarray, item: np.ndarray, latent: Latent, thresholds: Thresholds) -> np.ndarray:
    """The part of the ratings that is the user's and the item's alone, [N]; fitted to means over draws of the noise."""
    rng = np.random.default_rng(0)
    mean = np.mean([thresholds.level(latent.redrawn(rng)) for _ in range(_NOISES)], 0)
    of_user, of_item = fit_biases(user, item, mean - mean.mean(), (int(user.max()) + 1, int(item.max()) + 1))
    return of_user[user] + of_item[item]


def _latent(generator: Generator, request: Request, plan: Plan, number: int) -> tuple[np.ndarray, np.ndarray, Latent]:
    """User within the block, item, and what becomes the rating, of each rating of a block."""
    users = users_of(generator, request, plan, number)
    user, item = chosen(generator, request, plan, number, users)
    size = len(user) + -len(user) % _ROW_STEP
    key = jax.random.fold_in(plan_key(request, 4), number)
    pairs = (np.pad(ids, (0, size - len(ids))) for ids in (user, item))
    held = (generator.arrays[name] for name in ("taste", "taste_bounds", "tails"))
    drawn = _predicted(key, columns(generator), *held, users, plan.catalogue.items, *pairs)
    style = generator.arrays["style"]
    own = np.asarray(_own_borders(columns(generator), style, users))
    predicted, noise, scale = (np.asarray(x)[: len(user)] for x in drawn)
    return user, item, Latent(style["borders"], predicted, noise, own[user], scale)


@functools.partial(jax.jit, static_argnums=0)
def _own_borders(which: Columns, style: dict[str, jax.Array], users_NxD: jax.Array) -> jax.Array:
    """Where users put the borders between ratings, [N, E]."""
    return ascending(style["borders"], which.style(users_NxD) @ style["basis"].T)


@functools.partial(jax.jit, static_argnums=1)
def _predicted(
    key: jax.Array,
    which: Columns,
    taste: jax.Array,
    bounds: jax.Array,
    tails: jax.Array,
    users: jax.Array,
    items: jax.Array,
    user: jax.Array,
    item: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    x, y = users[user], items[item]
    tasted = which.tasted(x, y)
    heavy = jnp.sqrt(tails) * jax.random.normal(jax.random.fold_in(key, 1), user.shape) - tails  # keeps the variance
    scale = which.noise_scale(x, y) * jnp.exp(heavy)
    wanted = taste * jnp.clip(tasted, bounds[0], bounds[1])
    return which.predicted(x, y) - tasted + wanted, scale * jax.random.normal(key, user.shape), scale
