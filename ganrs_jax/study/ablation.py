"""What each part of a recipe is worth: the recipe without it, or with another in its place, beside the whole."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student

from ganrs_jax.fidelity.metrics import Metric

WHOLE = "whole"
_MOST = 5.0  # limits that a metric may be off by: what is far off is broken, how far says little
_LIMITS: Mapping[str, tuple[float, float]] = {  # metric -> a difference of 1: share of the real value, or so much
    "ks_user_mean_rating": (0.0, 0.07),
    "ks_item_mean_rating": (0.0, 0.1),
    "spectrum_relative_error": (0.0, 0.05),
    "popularity_rating_corr": (0.0, 0.05),
    "bias_ratio": (0.0, 0.02),
    "mf_ratio": (0.0, 0.02),
    "signal_2_10": (0.05, 0.005),
    "signal_11_30": (0.1, 0.005),
    "signal_31_100": (0.1, 0.005),
    "neighbours_items": (0.0, 0.02),
    "neighbours_users": (0.0, 0.02),
    "rating_agreement": (0.0, 0.02),
    "c2st_user_auc": (0.0, 0.1),
    "c2st_item_auc": (0.0, 0.1),
    "ndcg_popularity": (0.07, 0.0),
    "ndcg_pure_svd_10": (0.07, 0.0),
    "ndcg_pure_svd_64": (0.07, 0.0),
    "ndcg_item_knn": (0.07, 0.0),
    "ndcg_ease": (0.07, 0.0),
}

# part -> what is set in its place
PARTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "profile": {
        WHOLE: {},
        "no local directions": {"local_rank": 0},
        "2 global factors": {"interaction_rank": 2},
        "12 global factors": {"interaction_rank": 12},
        "2 rating factors": {"rating_rank": 2},
        "1 number of style": {"style_rank": 1},
        "means in place of posterior draws": {"learned": "means"},
        "Gaussian in place of the GAN": {"users": "gaussian"},
        "objective bce": {"objective": "bce"},
        "objective wgan_gp": {"objective": "wgan_gp"},
        "no gradient penalty": {"gradient_penalty": 0.0},
        "no average of weights": {"average": 0.0},
        "no calibration": {"calibration_rounds": 0},
        **{
            f"{name} uncalibrated": {"uncalibrated": name}
            for name in (
                "factor_weights",
                "local_gain",
                "local_tail",
                "users.gain",
                "items.gain",
                "popularity_preference",
                "link_asymmetry",
                "bias_correlation",
                "factor_gain",
                "noise_agreement",
                "noise_log_variance",
            )
        },
    },
    "ganrs": {
        WHOLE: {},
        "embedding of 2": {"embedding_size": 2},
        "embedding of 8": {"embedding_size": 8},
        "embedding of 16": {"embedding_size": 16},
        "1 epoch of embedding": {"embedding_epochs": 1},
        "30 epochs of embedding": {"embedding_epochs": 30},
        "generator half as wide": {"generator_hidden": (5, 10)},
        "generator four times as wide": {"generator_hidden": (40, 80)},
        "critic of 2": {"critic_hidden": 2},
        "critic of 32": {"critic_hidden": 32},
        "no dropout": {"dropout": 0.0},
        "noise of 10 numbers": {"noise_size": 10},
        "sigma 2": {"sigma": 2.0},
        "objective wasserstein": {
            "objective": "wasserstein",
            "optimizer": "rmsprop",
            "gan_learning_rate": 5e-5,
            "critic_steps": 5,
        },
    },
}


class Cost(NamedTuple):
    """What the loss of a part costs, over seeds.

    Attributes:
      error: how far datasets are from the source: `distance` of each seed, [S].
      cost, interval: mean by which that is over the whole recipe's, seed by seed, and its 95 % interval (Student's t).
      tau: of the order of the reference recommenders, mean over seeds; None where it is not defined.
      worst: the metrics that got worse the most, and by how many limits.
    """

    part: str
    error: tuple[float, ...]
    cost: float
    interval: tuple[float, float] | None
    tau: float | None
    worst: tuple[tuple[str, float], ...]


def distance(metrics: Mapping[str, Metric]) -> dict[str, float]:
    """How far a dataset is from its source in each metric, in limits: 1 is what may just pass; at most 5."""
    found = {}
    for name, (share, absolute) in _LIMITS.items():
        if name not in metrics:
            continue
        metric = metrics[name]
        if name.startswith("c2st"):
            gap = abs((metric.synthetic or 0.5) - 0.5)
        else:
            gap = metric.distance if metric.distance is not None else abs(metric.synthetic or 0.0)
        limit = max(absolute, share * abs(metric.real or 0.0))
        found[name] = min(gap / max(limit, 1e-9), _MOST)
    return found


def costs(found: Mapping[str, Sequence[Mapping[str, Metric]]]) -> list[Cost]:
    """The cost of each part, the dearest first; the whole recipe before all.

    Args:
      found: part -> the metrics of a dataset of each seed, in the order of seeds.
    """
    distances = {part: [distance(metrics) for metrics in of_seeds] for part, of_seeds in found.items()}
    whole = np.array([np.mean(list(each.values())) for each in distances[WHOLE]])
    result = []
    for part, of_seeds in distances.items():
        error = np.array([np.mean(list(each.values())) for each in of_seeds])
        over = error - whole
        interval = None
        if len(over) > 1 and part != WHOLE:
            half = student.ppf(0.975, len(over) - 1) * over.std(ddof=1) / np.sqrt(len(over))
            interval = float(over.mean() - half), float(over.mean() + half)
        more: dict[str, float] = {
            name: float(np.mean([each.get(name, 0.0) for each in of_seeds]))
            - float(np.mean([each.get(name, 0.0) for each in distances[WHOLE]]))
            for name in of_seeds[0]
        }
        worst = sorted(more.items(), key=lambda x: -x[1])[:3]
        taus = [metrics["tau"].synthetic for metrics in found[part] if "tau" in metrics]
        tau = float(np.mean([x for x in taus if x is not None])) if any(x is not None for x in taus) else None
        result.append(Cost(part, tuple(error.tolist()), float(over.mean()), interval, tau, tuple(worst)))
    return sorted(result, key=lambda cost: (cost.part != WHOLE, -cost.cost))
