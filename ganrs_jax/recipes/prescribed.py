"""The source's spectrum, prescribed: weights of the interaction factors at which generated data have it.

Estimated factors, generated ones even more so, carry less structure than the source. Each direction of the
factors is given a weight, found by comparing singular values of a generated dataset with the source's.
"""

import dataclasses

import jax
import numpy as np

from ganrs_jax.ratings import Ratings
from ganrs_jax.recipes.interface import Generator, Request
from ganrs_jax.recipes.plan import chosen, columns, plan_choices, tastes, vectors
from ganrs_jax.spectrum import spectral
from ganrs_jax.training import Report, silent

_MOST_USERS = 8192  # of the generated dataset
_DRAWN = 16384  # vectors whose covariance is taken
_LEAST_RESPONSE = 0.15  # of a singular value to its weight, at the edge of the noise


def prescribe_spectrum(generator: Generator, ratings: Ratings, rounds: int, report: Report = silent) -> Generator:
    """The generator with weights (less one) of its interaction factors, `arrays["choice"]`, that give the spectrum."""
    request = _request(generator, ratings)
    wanted = _wanted(ratings, request.num_users)
    if wanted is None or not rounds or generator.config.interaction_rank < 2:
        return generator
    turn = _canonical(generator)
    rank = len(turn)
    weights, best, least = np.ones(rank), None, np.inf
    for number in range(rounds):
        choice = np.zeros((rank + 1, rank + 1), np.float32)
        choice[1:, 1:] = (turn * (weights - 1)) @ np.linalg.inv(turn)
        generator = generator._replace(arrays={**generator.arrays, "choice": choice})
        values = _values(generator, dataclasses.replace(request, seed=number))
        error = float(np.mean(np.abs(values - wanted) / wanted))
        report("spectrum", number + 1, rounds, {"error": [error]})
        if error < least:
            best, least = generator, error
        weights = weights * _correction(values, wanted, rank)
    assert best is not None
    return best._replace(training={**best.training, "spectrum_error": least})


def _correction(values: np.ndarray, wanted: np.ndarray, rank: int) -> np.ndarray:
    """Factors of the weights: a singular value near the edge of the noise hardly answers to its weight."""
    response = np.maximum(1 - (values[-1] / values) ** 2, _LEAST_RESPONSE)
    factor = np.clip((wanted / values) ** (1 / response), 0.6, 2.0)[:rank]
    return np.pad(factor, (0, rank - len(factor)), constant_values=1.0)


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
    factors = tastes(generator, drawn) if part == "users" else columns(generator).interaction(drawn)
    return np.cov(np.asarray(factors[:, 1:], np.float64).T).reshape(factors.shape[1] - 1, -1)


def _request(generator: Generator, ratings: Ratings) -> Request:
    """The source's own sizes, or those of as many of its users as are enough."""
    num_users = min(ratings.num_users, _MOST_USERS)
    num_ratings = round(ratings.num_ratings * num_users / ratings.num_users)
    return Request(num_users, ratings.num_items, num_ratings=num_ratings, sigma=generator.config.sigma)


def _values(generator: Generator, request: Request) -> np.ndarray:
    plan = plan_choices(generator, request)
    parts = [chosen(generator, request, plan, number) for number in range(plan.num_blocks)]
    user = np.concatenate([part[0] + number * plan.block for number, part in enumerate(parts)])
    found = spectral(user, np.concatenate([part[1] for part in parts]))
    assert found is not None
    return found.values[1:]


def _wanted(ratings: Ratings, num_users: int) -> np.ndarray | None:
    kept = np.random.default_rng(0).permutation(ratings.num_users)[ratings.user] < num_users
    found = spectral(ratings.user[kept], ratings.item[kept])
    return None if found is None else found.values[1:]
