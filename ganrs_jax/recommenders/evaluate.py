"""Everything that is measured of a recommender on a dataset, a value a seed: what experiments keep and reports read."""

import dataclasses
import time
from collections.abc import Sequence
from typing import Any, Literal, TypedDict

import numpy as np

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.errors import InputError
from ganrs_jax.recommenders import get_recommender
from ganrs_jax.recommenders.beyond_accuracy import BeyondAccuracy, beyond_accuracy, catalogue
from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.recommenders.fit import fit, split
from ganrs_jax.recommenders.hyperparameters import Settings
from ganrs_jax.recommenders.list_metrics import METRICS
from ganrs_jax.recommenders.predictions import predict_test
from ganrs_jax.recommenders.ranking import Ranking, rank
from ganrs_jax.recommenders.ranking_interval import ranking_interval
from ganrs_jax.recommenders.rating_error import RatingError, rating_error
from ganrs_jax.recommenders.reliability import Calibration, calibration
from ganrs_jax.statistics.bootstrap import LEAST_REPEATS
from ganrs_jax.training.loop import Report, silent

AT = 10  # the length of list whose intervals and figures beyond accuracy are given, or the longest one if shorter
ERRORS: tuple[Literal["mae", "rmse"], ...] = ("mae", "rmse")


class Evaluation(TypedDict):
    """What `evaluate` returns: json-ready, a value per seed; S seeds, C lengths of list.

    Attributes:
      settings: those of the model's configuration.
      threshold: ratings of so many stars or more are relevant.
      cutoffs: lengths N of the lists [C].
      at: the N of `intervals` and of `beyond_accuracy`.
      metrics: {convention: {metric: [S][C]}}.
      intervals: {convention: {metric: [value, low, high]}}.
      intervals_over: what they are bootstrapped over, of `bootstrap.OVER`.
      beyond_accuracy: {metric: [S]}.
      mae, rmse: in stars [S]; None of a model that predicts no ratings.
      calibration: {metric: [S]} and the first seed's reliability diagram, or None.
      seconds: of training and of measuring.
    """

    model: str
    seeds: list[int]
    settings: dict[str, Any]
    threshold: float
    cutoffs: list[int]
    at: int
    metrics: dict[str, dict[str, list[list[float]]]]
    intervals: dict[str, dict[str, list[float]]]
    intervals_over: str
    beyond_accuracy: dict[str, list[float]]
    mae: list[float] | None
    rmse: list[float] | None
    calibration: dict[str, Any] | None
    seconds: dict[str, float]


def evaluate(
    name: str,
    ratings: Ratings | Sequence[Ratings],
    *,
    seeds: Sequence[int],
    config: Settings,
    threshold: float,
    cutoffs: Sequence[int],
    report: Report = silent,
) -> Evaluation:
    """Trains a recommender once per seed and measures every lane on its held-out rows.

    Args:
      ratings: one dataset, or several of one size, which the seeds take in turn.
      config: the settings, of the class `get_recommender(name).config`.
      threshold: ratings of so many stars or more are relevant.
      cutoffs: lengths N of the lists.

    Returns:
      See `Evaluation`. Intervals are at N = 10, or the longest list if shorter; bootstrapped over users and seeds, over
      users alone where there are fewer than 5 seeds.

    Raises:
      InputError: a model, setting or threshold that cannot be, ratings too few to split, a model that diverged.
      TrainingDivergedError: if every lane diverges.
    """
    start = time.monotonic()
    trained = fit(get_recommender(name), seeds, ratings, config, threshold, report)
    after = time.monotonic()
    at = max((n for n in cutoffs if n <= AT), default=min(cutoffs))
    ranked: list[dict[str, Ranking]] = []
    beyond: list[BeyondAccuracy] = []
    errors: list[RatingError | None] = []
    calibrated: list[Calibration | None] = []
    for index, held_out in enumerate(trained.splits):
        task, state = trained.task, trained.lane(index)
        sizes: Any = {"num_users": task.num_users, "num_items": task.num_items, "threshold": task.threshold}
        lists = rank(trained.score_users, state, held_out, cutoffs=cutoffs, **sizes)
        ranked.append(lists.rankings)
        beyond.append(beyond_accuracy(lists.item_UxN, catalogue(held_out, n=at, **sizes)))
        scored = predict_test(trained.score_pairs, state, held_out)
        errors.append(rating_error(scored, held_out.test_rating))
        calibrated.append(calibration(scored, held_out.test_rating))
        report(f"measure {name}", index + 1, len(seeds), {})
    over = "both" if len(seeds) >= LEAST_REPEATS else "users"
    metrics: dict[str, dict[str, list[list[float]]]] = {}
    intervals: dict[str, dict[str, list[float]]] = {}
    for convention in CONVENTIONS:
        rankings = [of_seed[convention] for of_seed in ranked]
        means = [ranking.means() for ranking in rankings]
        metrics[convention] = {metric: [m[metric].tolist() for m in means] for metric in METRICS}
        intervals[convention] = {m: list(ranking_interval(rankings, m, at, over=over)) for m in METRICS}
    diagram: dict[str, Any] | None = None
    if calibrated[0] is not None and None not in calibrated:
        diagram = {name: _column(calibrated, name) for name in ("error", "accuracy", "reliability")}
        diagram["first_seed"] = calibrated[0]._asdict()
    return Evaluation(
        model=name,
        seeds=list(seeds),
        settings={k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(config).items()},
        threshold=threshold,
        cutoffs=list(cutoffs),
        at=at,
        metrics=metrics,
        intervals=intervals,
        intervals_over=over,
        beyond_accuracy={n: [getattr(each, n) for each in beyond] for n in BeyondAccuracy._fields},
        mae=_column(errors, "mae"),
        rmse=_column(errors, "rmse"),
        calibration=diagram,
        seconds={"train": after - start, "measure": time.monotonic() - after},
    )


def check_measurable(ratings: Ratings, *, seeds: Sequence[int], threshold: float, train_share: float) -> None:
    """Whether every seed's held-out rows can be measured; what would else come to light after training.

    Raises:
      InputError: too few rows to split, or a seed for which fewer than 5 users have a relevant held-out rating.
    """
    for seed in seeds:
        held_out = split(ratings, train_share, seed)
        count = len(np.unique(held_out.test_user[held_out.test_rating >= np.float32(threshold)]))
        if count < LEAST_REPEATS:
            raise InputError(
                f"{ratings.name}: {count} users have ratings of {threshold:g} or more among the rows that seed {seed} "
                f"holds out; accepted: {LEAST_REPEATS} or more (more ratings, or a lower `threshold`)"
            )


def _column(found: Sequence[object], name: str) -> list[float] | None:
    return None if any(each is None for each in found) else [float(getattr(each, name)) for each in found]


def at_length(result: Evaluation, convention: str, metric: str, n: int) -> np.ndarray:
    """The values [S] of a metric at N = n of what `evaluate` returned."""
    values = np.asarray(result["metrics"][convention][metric])
    return values[:, list(result["cutoffs"]).index(n)]
