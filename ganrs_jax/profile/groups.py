"""Groups of users, by demographic columns: learned beside their vectors, and chosen again when users are generated.

How likely a user is of a group, given its vector, is a multinomial logistic regression, additive over the columns; a
new user of a group is one of several generated vectors, drawn in proportion to that. So the users of all groups
together are those of a model without groups, and any shares can be asked for. The regression is learned from posterior
means: a user is known by its ratings up to an error that is independent of the group given the mean (Berkson's model),
whereas draws would shrink its slopes. Numbers of ratings and mean ratings of a group are the source's, by quantiles.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.data.user_groups import user_groups
from ganrs_jax.errors import InputError
from ganrs_jax.profile.model import Groups

LEAST = 20  # users of a group, to learn from
CANDIDATES = 32  # vectors that a user is chosen from: a group of 3 % of the users has one of its own among them
_MOST_CELLS = 1024  # combinations of values of the columns
_LEAST_OF_CELL = 10  # users of a combination, for it to have quantiles of its own
_PER_SLICE = 5  # users whose mean a quantile is: none is of a single one
_SLICES = 32  # at most
_RANKS = np.linspace(0, 1, 2 * _SLICES + 1)  # of the quantiles that are kept
_PENALTIES = (3.0, 10.0, 30.0, 100.0)  # of squared weights, of which held-out users choose
_HELD_OUT = 5  # one user in so many
_STEPS = 40  # of L-BFGS
_INTERCEPT_STEPS = 50  # a fixed point is found to a thousandth


class GroupCodes(NamedTuple):
    """Columns that group users, the values of each, and the value of each user in each, int [U, K]; -1 unknown."""

    columns: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    code: np.ndarray


def group_codes(ratings: Ratings, columns: str, parameter: str = "config.groups") -> GroupCodes:
    """The groups of a source.

    Args:
      columns: names, with commas.
      parameter: what a message calls the setting that has them.

    Raises:
      InputError: if the source does not know a column, a group is too small, or there are too many combinations.
    """
    names = tuple(name.strip() for name in columns.split(","))
    if len(set(names)) < len(names):
        raise InputError(f"`{parameter}={columns}` names a column twice")
    values, codes = [], []
    for name in names:
        known, of_column, code = user_groups(ratings, name, parameter)
        sizes = np.bincount(code[known], minlength=len(of_column))
        if sizes.min() < LEAST:
            smallest = int(np.argmin(sizes))
            raise InputError(
                f"{ratings.name}: {sizes[smallest]} users are of {name} {of_column[smallest]}: too few to learn from; "
                f"accepted in `{parameter}`: columns of which each group has at least {LEAST} users"
            )
        values.append(tuple(of_column))
        codes.append(np.where(known, code, -1))
    if (combinations := int(np.prod([len(each) for each in values]))) > _MOST_CELLS:
        raise InputError(f"`{parameter}={columns}`: {combinations} combinations; accepted: at most {_MOST_CELLS}")
    return GroupCodes(names, tuple(values), np.stack(codes, 1))


def members(code_UxK: np.ndarray, values: Sequence[Sequence[str]]) -> np.ndarray:
    """Whether each user is of each value of each column, bool [U, S]; a user with an unknown value is of none."""
    of_column = [code[:, None] == np.arange(len(each)) for code, each in zip(code_UxK.T, values, strict=True)]
    known: np.ndarray = np.all(code_UxK >= 0, 1)
    return np.concatenate(of_column, 1) & known[:, None]


def learn_groups(ratings: Ratings, found: GroupCodes, drawn_RxUxD: jax.Array) -> Groups:
    """What tells groups of users from their vectors, and how much and how they rate.

    Args:
      found: the groups of the users of `ratings`, of which `drawn_RxUxD` are posterior draws.
    """
    sizes = [len(each) for each in found.values]
    cells = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), 1).astype(np.int32)
    known: np.ndarray = np.all(found.code >= 0, 1)
    cell = np.ravel_multi_index(found.code[known].T, sizes)
    count = np.bincount(cell, minlength=len(cells))
    # Each combination occurs: those without users by the product of their columns' shares, as one user in all.
    columns = zip(found.code[known].T, sizes, cells.T, strict=True)
    product = np.prod([np.bincount(code, minlength=n)[value] / len(cell) for code, n, value in columns], 0)
    share = (count + product) / (len(cell) + 1)
    # Regression on standardised posterior means.
    draws = np.asarray(drawn_RxUxD, np.float32)
    centre, scale = draws.mean((0, 1)), draws.std((0, 1)) + 1e-6
    features = _features(jnp.asarray(draws[:, known].mean(0)), jnp.asarray(centre), jnp.asarray(scale))
    weights = _regression(features, cell, cells, share, sizes)
    # Numbers of ratings and mean ratings, by quantiles.
    number = np.bincount(ratings.user, minlength=len(found.code))
    standard = (ratings.rating - ratings.rating.mean(dtype=np.float64)) / (ratings.rating.std(dtype=np.float64) + 1e-9)
    mean = np.bincount(ratings.user, standard, len(number)) / np.maximum(number, 1)
    log_degree, mean_rating = (_quantiles(x[known], cell, count) for x in (np.log(np.maximum(number, 1)), mean))
    groups = Groups(
        found.columns,
        found.values,
        cells,
        share.astype(np.float32),
        centre,
        scale,
        weights,
        np.ones(sum(sizes), np.float32),
        np.log(share).astype(np.float32),
        log_degree,
        mean_rating,
    )
    return with_intercepts(groups, jnp.asarray(draws[0]))


def _features(vectors_NxD: jax.Array, centre: jax.Array, scale: jax.Array) -> jax.Array:
    """Standardised vectors, and the square of the log degree, [N, D + 1]."""
    z = (vectors_NxD - centre[None]) / scale[None]
    return jnp.concatenate([z, z[:, -1:] ** 2 - 1], 1)


def _scores(
    features: jax.Array, weights: jax.Array, cells_CxK: jax.Array | np.ndarray, sizes: Sequence[int]
) -> jax.Array:
    """Log odds of each combination of values, up to a number a user, [N, C]."""
    of_value = features @ weights
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return sum(of_value[:, cells_CxK[:, k] + first[k]] for k in range(len(sizes)))  # type: ignore[return-value]


def _regression(
    features: jax.Array, cell: np.ndarray, cells: np.ndarray, share: np.ndarray, sizes: Sequence[int]
) -> np.ndarray:
    """Weights [F, S], with the penalty under which held-out users are the likeliest."""
    log_share, of_user = jnp.log(jnp.asarray(share)), jnp.asarray(cell)
    zero = jnp.zeros((features.shape[1], sum(sizes)))
    solver = optax.lbfgs()

    def likelihood(weights: jax.Array, counted: jax.Array) -> jax.Array:
        logits = jax.nn.log_softmax(log_share[None] + _scores(features, weights, cells, sizes), -1)
        return (jnp.take_along_axis(logits, of_user[:, None], 1)[:, 0] * counted).sum()

    @jax.jit
    def fitted(penalty: jax.Array, counted: jax.Array) -> jax.Array:
        def loss(weights: jax.Array) -> jax.Array:
            return penalty / 2 * (weights**2).sum() - likelihood(weights, counted)

        value_and_grad = optax.value_and_grad_from_state(loss)

        def step(carry: tuple[jax.Array, optax.OptState], _: None) -> tuple[tuple[jax.Array, optax.OptState], None]:
            weights, state = carry
            value, grad = value_and_grad(weights, state=state)
            update, state = solver.update(grad, state, weights, value=value, grad=grad, value_fn=loss)
            return (optax.apply_updates(weights, update), state), None

        return jax.lax.scan(step, (zero, solver.init(zero)), None, length=_STEPS)[0][0]

    held_out = jnp.asarray(np.random.default_rng(0).permutation(len(cell)) % _HELD_OUT == 0, jnp.float32)
    kept = [float(likelihood(fitted(jnp.float32(penalty), 1 - held_out), held_out)) for penalty in _PENALTIES]
    return np.asarray(fitted(jnp.float32(_PENALTIES[int(np.argmax(kept))]), jnp.ones(len(cell))))


def _quantiles(values: np.ndarray, cell: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Quantiles of the users of each combination, [C, Q]; of one of few users those of all users."""
    pooled = _slices(values)
    order = np.argsort(cell, kind="stable")
    parts = np.split(values[order], np.cumsum(count)[:-1])
    return np.stack([_slices(part) if len(part) >= _LEAST_OF_CELL else pooled for part in parts]).astype(np.float32)


def _slices(values: np.ndarray) -> np.ndarray:
    """Means of slices of a few values each, between whose middles, and beyond to both ends, lines are drawn, [Q]."""
    number = min(_SLICES, max(1, len(values) // _PER_SLICE))
    total = np.append(0.0, np.cumsum(np.sort(values)))
    edges = np.interp(np.linspace(0, len(values), number + 1), np.arange(len(total)), total)
    means = np.diff(edges) * number / len(values)
    step = np.diff(means) / 2 if number > 1 else np.zeros(1)
    at = np.concatenate([[0], (np.arange(number) + 0.5) / number, [1]])
    return np.interp(_RANKS, at, np.concatenate([[means[0] - step[0]], means, [means[-1] + step[-1]]]))


def asked_shares(groups: Groups | GroupCodes | None, asked: Mapping[str, float]) -> dict[int, np.ndarray]:
    """The shares of the values of each column that shares are asked for, by its number.

    Args:
      asked: share of each value, by its name or, where columns share it, as COLUMN.VALUE.

    Raises:
      InputError: on values that there are not, shares that cannot be, or a generator that knows no groups.
    """
    if not asked:
        return {}
    given = ", ".join(f"{name}={share:g}" for name, share in asked.items())
    if groups is None:
        raise InputError(
            f"`group_shares={given}`: the generator knows no groups; "
            "accepted: of one that was trained to know them (config.groups=gender, say)"
        )
    found: dict[int, np.ndarray] = {}
    for name, share in asked.items():
        at = [
            (k, values.index(value))
            for k, (column, values) in enumerate(zip(groups.columns, groups.values, strict=True))
            for value in (name, name.removeprefix(f"{column}."))
            if value in values and (value == name or name.startswith(f"{column}."))
        ]
        at = list(dict.fromkeys(at))
        if len(at) != 1:
            listed = "; ".join(f"{c}: {', '.join(v)}" for c, v in zip(groups.columns, groups.values, strict=True))
            fault = "is of several columns: write COLUMN.VALUE" if at else "is no group"
            raise InputError(f"`group_shares={given}`: {name} {fault}; accepted: {listed}")
        column, value = at[0]
        found.setdefault(column, np.zeros(len(groups.values[column])))[value] = share
    for column, shares in found.items():
        if not (np.isfinite(shares).all() and shares.min() >= 0 and abs(shares.sum() - 1) <= 1e-6):
            raise InputError(
                f"`group_shares={given}`: those of {groups.columns[column]} sum to {shares.sum():g}; accepted: "
                f"shares of {', '.join(groups.values[column])}, none below 0, summing to 1 (left out: 0)"
            )
    return found


def codes_of_users(groups: Groups, asked: Mapping[int, np.ndarray], num_users: int, seed: np.ndarray) -> np.ndarray:
    """The value of each new user in each column, int32 [U, K]: as many users of each as its share says, exactly.

    Combinations are as frequent as in the source, given the shares of their values.

    Args:
      asked: shares of the values of some columns (`asked_shares`); the others keep the source's.
      seed: of whom a value falls to.
    """
    rng = np.random.default_rng(seed)
    share, cells = groups.share.astype(np.float64), groups.cells
    wanted = {}
    for column, values in enumerate(groups.values):
        own = np.bincount(cells[:, column], share, len(values))
        wanted[column] = largest_remainders(asked.get(column, own), num_users)
    for _ in range(50):  # iterative proportional fitting
        for column, counts in wanted.items():
            found = np.bincount(cells[:, column], share, len(counts))
            share = share * (counts / num_users / np.maximum(found, 1e-12))[cells[:, column]]
    code = np.repeat(cells, largest_remainders(share, num_users), 0)[rng.permutation(num_users)]
    # What rounding has left off in a column: users of a value too many get one too few.
    for column, counts in wanted.items():
        over = np.bincount(code[:, column], minlength=len(counts)) - counts
        moved = [rng.permutation(np.flatnonzero(code[:, column] == v))[: over[v]] for v in np.flatnonzero(over > 0)]
        if moved:
            code[np.concatenate(moved), column] = np.repeat(np.arange(len(counts)), np.maximum(-over, 0))
    return code


def largest_remainders(share: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers in the given shares that sum to the total."""
    exact = share / share.sum() * total
    counts = np.floor(exact).astype(np.int64)
    counts[np.argsort(counts - exact, kind="stable")[: total - counts.sum()]] += 1
    return counts


def cells_of(groups: Groups, code_UxK: np.ndarray) -> np.ndarray:
    """The combination of each user, [U]."""
    return np.ravel_multi_index(tuple(code_UxK.T), [len(each) for each in groups.values])


def with_intercepts(groups: Groups, vectors_NxD: jax.Array) -> Groups:
    """The groups with intercepts at which, over these vectors, each combination is as likely as it is frequent.

    Only then have the users of all groups together the distribution of the vectors.
    """
    sizes = tuple(len(each) for each in groups.values)
    features = _features(vectors_NxD, jnp.asarray(groups.centre), jnp.asarray(groups.scale))
    scores = _scores(features, jnp.asarray(groups.weights * groups.gain), groups.cells, sizes)
    return groups._replace(intercept=np.asarray(_intercepts(scores, jnp.asarray(groups.share))))


@jax.jit
def _intercepts(scores_NxC: jax.Array, share: jax.Array) -> jax.Array:
    def step(_: int, intercept: jax.Array) -> jax.Array:
        return intercept + jnp.log(share / jax.nn.softmax(scores_NxC + intercept[None], 1).mean(0))

    return jax.lax.fori_loop(0, _INTERCEPT_STEPS, step, jnp.log(share))


def group_columns(groups: Groups | None, code_UxK: np.ndarray) -> dict[str, np.ndarray]:
    """The demographic columns of users, each str [U]."""
    if groups is None:
        return {}
    columns = zip(groups.columns, groups.values, code_UxK.T, strict=True)
    return {name: np.array(values)[code] for name, values, code in columns}


def chosen_of_groups(key: jax.Array, groups: Groups, cell_B: np.ndarray, candidates_BxNxD: jax.Array) -> jax.Array:
    """Of each user's candidates one, in proportion to how likely it is of the user's groups, [B, D].

    Args:
      cell_B: combination of values of each user.
    """
    sizes = tuple(len(each) for each in groups.values)
    arrays = (groups.intercept, groups.centre, groups.scale, groups.weights * groups.gain, groups.cells)
    return _chosen(key, sizes, jnp.asarray(cell_B), candidates_BxNxD, *(jnp.asarray(x) for x in arrays))


@functools.partial(jax.jit, static_argnums=1)
def _chosen(
    key: jax.Array,
    sizes: tuple[int, ...],
    cell: jax.Array,
    candidates: jax.Array,
    intercept: jax.Array,
    centre: jax.Array,
    scale: jax.Array,
    weights: jax.Array,
    cells: jax.Array,
) -> jax.Array:
    flat = candidates.reshape(-1, candidates.shape[-1])
    scores = _scores(_features(flat, centre, scale), weights, cells, sizes)
    likely = jax.nn.log_softmax(intercept[None] + scores, -1).reshape(*candidates.shape[:2], -1)
    mine = jnp.take_along_axis(likely, cell[:, None, None], -1)[..., 0]
    place = jax.random.categorical(key, mine, axis=1)
    return jnp.take_along_axis(candidates, place[:, None, None], 1)[:, 0]


def within_groups(quantiles_CxQ: np.ndarray, cell: np.ndarray, values: np.ndarray) -> np.ndarray:
    """What users of each combination have in the source at the rank that each has among its own, [U]."""
    order = np.lexsort((values, cell))
    number = np.bincount(cell, minlength=len(quantiles_CxQ))
    rank = np.arange(len(cell)) - np.repeat(np.cumsum(number) - number, number)
    at = (rank + 0.5) / np.repeat(number, number)
    found = np.empty(len(cell))
    for each, mine in enumerate(np.split(order, np.cumsum(number)[:-1])):
        if len(mine):
            start = number[:each].sum()
            found[mine] = np.interp(at[start : start + len(mine)], _RANKS, quantiles_CxQ[each])
    return found


def group_shift(groups: Groups, cell: np.ndarray, user: np.ndarray, rating: np.ndarray) -> np.ndarray:
    """What is to be added to the ratings of each user, [U], in standard deviations, for the means of its groups.

    Args:
      cell: combination of each user, [U]; user, rating: [N] of a dataset or of a part, whose other users get what
        those of their combination get on average.
    """
    number = np.bincount(user, minlength=len(cell))
    standard = (rating - rating.mean(dtype=np.float64)) / (rating.std(dtype=np.float64) + 1e-9)
    mean = np.bincount(user, standard, len(cell)) / np.maximum(number, 1)
    seen = number > 0
    off = np.zeros(len(cell))
    off[seen] = within_groups(groups.mean_rating, cell[seen], mean[seen]) - mean[seen]
    counts = np.bincount(cell[seen], minlength=len(groups.cells))
    average = np.bincount(cell[seen], off[seen], len(groups.cells)) / np.maximum(counts, 1)
    off[~seen] = average[cell[~seen]]
    return off.astype(np.float32)
