"""The source's structure, prescribed: who rates what as strongly as in the source, and as unevenly.

Estimated factors, generated ones even more so, carry less structure than the source; tastes of users of few ratings can
hardly be estimated at all; and a normal posterior knows no user of ten times the common taste. So each direction of
the factors is given a weight, and each user and item a strength by its size and by how far it lies from the mean.
All are found by comparing generated datasets with the source: the singular values of the degree-normalised matrix,
how much of it lies in each user and item ("energy": the squared length in its leading singular vectors), and how
popular the items are that users rate (`appetite`).
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.data.dataset import Generator, Request
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.calibration_subsample import compared_part
from ganrs_jax.profile.interaction_plan import Plan, chosen, plan_choices, users_of
from ganrs_jax.profile.popularity_preference import Appetite, appetite_step, find_appetite
from ganrs_jax.profile.scores import beside_size, chosen_by, tastes
from ganrs_jax.profile.vectors import vectors
from ganrs_jax.statistics.spectrum import spectral
from ganrs_jax.training.checkpointer import NOTHING, Kept
from ganrs_jax.training.loop import Report, silent

_DRAWN = 16384  # vectors whose covariance is taken
_LEAST_RESPONSE = 0.15  # of a singular value to its weight, at the edge of the noise
_MOST_BINS, _LEAST_OWNERS = 8, 50  # of size, and owners in each at least
_RANKS = np.array([0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1.0])  # bins of energy
_LEAST_IN_TAIL = 4.0  # owners in the last bin
_RESPONSE = 0.7  # of the root of the energy to the strength
_LEAST_VALUE = 1e-4  # of the second singular value to the first; less is rounding
_LEAST_STRENGTH, _MOST_STRENGTH = 0.3, 4.0
_SPECTRUM_WEIGHT = 2.0  # of the singular values' error, beside the energies'
_PARTS = ("users", "items")
PRESCRIBED = ("appetite", "choice", "strength")  # the arrays that hold it


class _Energy(NamedTuple):
    """Of one side, the root of the energy: `of_size` [B] in bins of size, at log sizes `size` [B]; `spread` [Q].

    spread: relative to what the size lets expect, in bins of its rank.
    """

    size: np.ndarray
    of_size: np.ndarray
    spread: np.ndarray


class _Structure(NamedTuple):
    """values [K]: singular values 2, 3, ...; the energy of users and of items; how popular what users rate is."""

    values: np.ndarray
    users: _Energy
    items: _Energy
    appetite: Appetite


def prescribe_structure(
    generator: Generator,
    ratings: Ratings,
    rounds: int,
    report: Report = silent,
    kept: Kept = NOTHING,
    name: str = "structure",
) -> Generator:
    """The generator with what gives the structure: the arrays `PRESCRIBED`.

    choice: weights of the interaction factors, less one. strength: see `scores.plain_strength`; appetite: see
    `plain_appetite`.
    Rounds that are done are kept under `name`.
    """
    request, compared = own_size(generator, ratings)
    wanted = _structure(ratings.user[compared], ratings.item[compared])
    if wanted is None or not rounds or generator.config.interaction_rank < 2:
        return generator
    turn = _canonical(generator)
    start: Any = None
    done, state = kept.resume(name, start)
    if state is None:
        strength = _first_strength(generator, request, wanted)
        size = wanted.appetite.size.astype(np.float32)
        appetite = {"size": size, "weight": np.zeros_like(size)}
        state = {"weights": np.ones(len(turn)), "strength": strength, "appetite": appetite}
        state |= {"best": None, "least": np.inf}
    for number in range(done, rounds):
        tried = _prescribed(generator, turn, state)
        found, step = _generated(tried, dataclasses.replace(request, seed=number), wanted.appetite)
        state, errors = _moved(state, wanted, found, step, number)
        report("structure", number + 1, rounds, {key: [error] for key, error in errors.items()})
        kept.save(name, number + 1, state)
    return _best(generator, turn, state["best"])


def _moved(
    state: dict[str, Any], wanted: _Structure, found: _Structure, step: np.ndarray, number: int
) -> tuple[dict[str, Any], dict[str, float]]:
    """The state after a round, and how far off the round was.

    Args:
      step: of the appetite.
    """
    weights, strength, appetite = (state[name] for name in ("weights", "strength", "appetite"))
    lacking = {part: _lacking(getattr(wanted, part), getattr(found, part)) for part in _PARTS}
    rest = _mean_error(np.concatenate([x for part in _PARTS for x in lacking[part].values()]))
    errors = {"spectrum_error": _mean_error(found.values / wanted.values), "energy_error": rest}
    errors["appetite_error"] = float(np.mean(np.abs(found.appetite.popularity - wanted.appetite.popularity)))
    best = {key: state[key] for key in ("best", "least")}
    if (loss := _SPECTRUM_WEIGHT * errors["spectrum_error"] + rest + errors["appetite_error"]) < best["least"]:
        held = {"weights": weights, "strength": strength, "appetite": appetite, "errors": errors}
        best = {"best": held, "least": loss}
    gain = 1 / (1 + number / 4)  # falls: each dataset has noise of its own
    weights = weights * _correction(found.values, wanted.values, len(weights)) ** gain
    strength = {part: _stronger(strength[part], lacking[part], gain * _RESPONSE) for part in _PARTS}
    appetite = {**appetite, "weight": (appetite["weight"] + gain * step).astype(np.float32)}
    return {"weights": weights, "strength": strength, "appetite": appetite, **best}, errors


def _best(generator: Generator, turn: np.ndarray, best: dict[str, Any] | None) -> Generator:
    if best is None:
        return generator
    made = _prescribed(generator, turn, best)
    return made._replace(training={**generator.training, **best["errors"]})


def _prescribed(generator: Generator, turn: np.ndarray, state: dict[str, Any]) -> Generator:
    rank = len(turn)
    choice = np.zeros((rank + 1, rank + 1), np.float32)
    choice[1:, 1:] = (turn * (state["weights"] - 1)) @ np.linalg.inv(turn)
    found = {"choice": choice, "strength": state["strength"], "appetite": state["appetite"]}
    return generator._replace(arrays={**generator.arrays, **found})


def _first_strength(generator: Generator, request: Request, wanted: _Structure) -> dict[str, dict[str, np.ndarray]]:
    """1 for all, at the sizes of the source and the lengths that are generated."""
    plan, made = plan_choices(generator, request), {}
    for part, drawn in zip(_PARTS, _owners(generator, request, plan), strict=True):
        energy: _Energy = getattr(wanted, part)
        length = np.linalg.norm(np.asarray(beside_size(generator, part, drawn)), axis=1)
        edges = _RANKS[: len(energy.spread)]
        middles = (edges + np.append(edges[1:], 1.0)) / 2
        made[part] = {
            "size": energy.size.astype(np.float32),
            "by_size": np.ones(len(energy.size), np.float32),
            "length": np.quantile(length, middles).astype(np.float32),
            "by_length": np.ones(len(middles), np.float32),
        }
    return made


def _owners(generator: Generator, request: Request, plan: Plan) -> tuple[jax.Array, jax.Array]:
    """Vectors of all users [U, D] and items [I, D] of a plan."""
    blocks = [users_of(generator, request, plan, number) for number in range(plan.num_blocks)]
    return jnp.concatenate(blocks)[: request.num_users], plan.catalogue.items


def _lacking(wanted: _Energy, found: _Energy) -> dict[str, np.ndarray]:
    """By what factors of the energy's root a side is too weak; how much there is in all is a matter of the weights."""
    of_size = wanted.of_size / found.of_size
    return {
        "by_size": of_size / np.exp(np.mean(np.log(of_size))),
        "by_length": wanted.spread / found.spread,
    }


def _stronger(strength: dict[str, np.ndarray], lacking: dict[str, np.ndarray], power: float) -> dict[str, np.ndarray]:
    moved = {
        name: np.clip(strength[name] * np.clip(x**power, 0.6, 1.6), _LEAST_STRENGTH, _MOST_STRENGTH).astype(np.float32)
        for name, x in lacking.items()
    }
    return {**strength, **moved}


def _mean_error(ratios: np.ndarray) -> float:
    return float(np.mean(np.abs(ratios - 1)))


def _correction(values: np.ndarray, wanted: np.ndarray, rank: int) -> np.ndarray:
    """Factors of the weights, [rank]: a singular value near the edge of the noise hardly answers to its weight.

    Directions past the values that are compared, which carry the end of the spectrum too, go with the last of them.
    """
    response = np.maximum(1 - (values[-1] / values) ** 2, _LEAST_RESPONSE)
    factor = np.clip((wanted / values) ** (1 / response), 0.6, 2.0)[:rank]
    return np.pad(factor, (0, rank - len(factor)), mode="edge")


def _canonical(generator: Generator) -> np.ndarray:
    """A basis [k - 1, k - 1] in which users' factors are white and items' uncorrelated, strongest first.

    The first factor, the appetite for rare items, is left alone: degrees say what it should be, not the spectrum.
    """
    users, items = (_covariance(generator, part) for part in ("users", "items"))
    root = np.linalg.inv(np.linalg.cholesky(users)).T  # users @ root is white
    back = np.linalg.inv(root)
    strength, basis = np.linalg.eigh(back @ items @ back.T)
    return root @ basis[:, np.argsort(-strength)]


def _covariance(generator: Generator, part: str) -> np.ndarray:
    """Of the interaction factors, but the first, of generated users or items, [k - 1, k - 1]."""
    drawn = vectors(generator, part, jax.random.key(0), generator.config.sigma, _DRAWN)
    factors = tastes(generator, part, drawn)
    return np.cov(np.asarray(factors[:, 1:], np.float64).T).reshape(factors.shape[1] - 1, -1)


def own_size(generator: Generator, ratings: Ratings) -> tuple[Request, np.ndarray]:
    """A request of the source's own sizes, or those of the part that is compared; the mask [N] of its ratings."""
    num_users, num_items, mask = compared_part(ratings)
    num_ratings = max(int(mask.sum()), num_items)
    return Request(num_users, num_items, num_ratings=num_ratings, sigma=generator.config.sigma), mask


def _generated(generator: Generator, request: Request, wanted: Appetite) -> tuple[_Structure, np.ndarray]:
    """The structure of a generated dataset, and the step of its users' appetite."""
    plan = plan_choices(generator, request)
    blocks = ((number, users_of(generator, request, plan, number)) for number in range(plan.num_blocks))
    parts = [chosen(generator, request, plan, *block) for block in blocks]
    user = np.concatenate([part[0] + number * plan.block for number, part in enumerate(parts)])
    item = np.concatenate([part[1] for part in parts])
    found = _structure(user, item)
    assert found is not None
    weighed = np.asarray(chosen_by(generator, plan.catalogue.items))[:, -1]  # the last is what appetites weigh
    return found, appetite_step(wanted, user, item, weighed)


def _structure(user: np.ndarray, item: np.ndarray) -> _Structure | None:
    """None if too few users and items have ratings enough for a spectrum, or all have rated all: there is none."""
    found = spectral(user, item)
    if found is None or found.values[1] < _LEAST_VALUE * found.values[0]:
        return None
    sides = ((user, found.users_UxK), (item, found.items_IxK))
    users, items = (_energy(np.bincount(ids), x[:, 1:] * found.values[1:]) for ids, x in sides)
    return _Structure(found.values[1:], users, items, find_appetite(user, item))


def _energy(counts: np.ndarray, scaled_NxK: np.ndarray) -> _Energy:
    """Of the owners with ratings enough to be in the spectrum."""
    root = np.linalg.norm(scaled_NxK, axis=1)
    seen = root > 1e-9
    size, root = np.log(counts[seen]), root[seen]
    bins = np.array_split(np.argsort(size, kind="stable"), max(1, min(_MOST_BINS, len(size) // _LEAST_OWNERS)))
    at, of_size = (np.array([x[part].mean() for part in bins]) for x in (size, root))
    relative = np.sort(root / np.interp(size, at, of_size))
    edges = _RANKS[:-1][(1 - _RANKS[:-1]) * len(root) >= _LEAST_IN_TAIL]
    starts = (edges * len(root)).astype(int)
    spread = np.add.reduceat(relative, starts) / np.diff(np.append(starts, len(root)))
    return _Energy(at, of_size, spread)
