"""Do two datasets put models in the same order? Kendall's tau, with an interval."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ganrs_jax.errors import InputError
from ganrs_jax.statistics.bootstrap import check_between, checked_repeats, percentile_interval, resampled_means

LEAST_MODELS = 3  # of two models the order is one coin


class ModelOrder(NamedTuple):
    """How alike two datasets order models.

    Attributes:
      tau: Kendall's tau-b of the models' means, 1 the same order, -1 the reverse; None where a dataset puts all models
        level.
      low, high: bootstrap interval over seeds; None where over half of the resamples have no tau.
      middle: the mean of the resamples; of a dataset with itself, what another run of it would have to expect.
      models: the names compared.
    """

    tau: float | None
    low: float | None
    high: float | None
    models: tuple[str, ...]
    middle: float | None = None


def model_order(
    one: Mapping[str, Sequence[float] | np.ndarray],
    other: Mapping[str, Sequence[float] | np.ndarray],
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> ModelOrder:
    """Kendall's tau-b (Kendall 1945, doi 10.1093/biomet/33.3.239) of models by their mean over seeds.

    A resample draws seeds with replacement, for all models of a dataset alike, since they share splits, and for the two
    datasets apart, since they share nothing. The interval is of percentiles; with few models tau takes few values.

    Args:
      one: model -> values [S] of one dataset, a seed each.
      other: the same models -> values [T] of the other.

    Raises:
      InputError: fewer than 3 models, other models, fewer than 5 seeds, models of a dataset with different seeds.
    """
    check_between("confidence", confidence, 0, 1)
    if set(one) != set(other):
        odd = ", ".join(sorted(set(one) ^ set(other)))
        raise InputError(f"only one dataset has results of: {odd}; accepted: the same models in both")
    if len(one) < LEAST_MODELS:
        raise InputError(f"an order of {len(one)} models; accepted: {LEAST_MODELS} or more")
    x_MxS, y_MxT = (_table(side, list(one)) for side in (one, other))
    tau = _tau(x_MxS.mean(1)[None], y_MxT.mean(1)[None])[0]
    rng = np.random.default_rng(seed)
    taus = _tau(*(resampled_means(rng, side, resamples) for side in (x_MxS, y_MxT)))
    taus = taus[np.isfinite(taus)]
    if 2 * len(taus) < resamples:
        return ModelOrder(_or_none(tau), None, None, tuple(one))
    _, low, high = percentile_interval(tau, taus, confidence)
    return ModelOrder(_or_none(tau), low, high, tuple(one), float(taus.mean()))


def _table(values: Mapping[str, Sequence[float] | np.ndarray], models: list[str]) -> np.ndarray:
    rows = [checked_repeats(values[model], model) for model in models]
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        raise InputError(f"models have {min(lengths)} to {max(lengths)} seeds; accepted: the same for all")
    return np.stack(rows)


def _tau(x_RxM: np.ndarray, y_RxM: np.ndarray) -> np.ndarray:
    """Tau-b of each row [R], NaN where all of a row is level; scipy has it of one row at a time."""
    one, other = np.triu_indices(x_RxM.shape[1], 1)
    x, y = (np.sign(side[:, one] - side[:, other]) for side in (x_RxM, y_RxM))
    pairs = np.sqrt(np.square(x).sum(1) * np.square(y).sum(1))
    return np.divide((x * y).sum(1), pairs, out=np.full(len(x), np.nan), where=pairs > 0)


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
