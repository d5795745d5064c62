"""Failure checks: what a fidelity (and privacy) result says has gone wrong, in words, and what to do about it."""

import itertools
from collections.abc import Mapping
from typing import NamedTuple

from ganrs_jax.fidelity.metrics import SAME_SIZE, Fidelity, Metric
from ganrs_jax.fidelity.ndcg import MOST_USERS
from ganrs_jax.fidelity.privacy import Privacy

_MARGINAL_LIMITS = {  # greatest distances that pass, some twice to three times what good synthetic data show
    "rating_tv": 0.02,
    "gini_user": 0.05,
    "gini_item": 0.05,
    "ks_user_counts": 0.15,
    "ks_item_counts": 0.15,
    "ks_user_mean_rating": 0.15,
    "ks_item_mean_rating": 0.15,
}
_SPLIT_HALVES = 2.0  # times the split-half baseline always pass: chance alone may double it
_SPECTRUM_LIMIT = 0.2  # mean relative error of singular values
_ERROR_LIMIT = 0.05  # difference of bias_ratio or mf_ratio
_LEAST_GAIN_KEPT = 0.25  # of the real gain of factors over biases
_LEAST_COVERAGE = 0.5  # of the split-half baseline
_SPLIT_HALF_COVERAGE = 0.97  # where it was not measured: 1 - 2^-5, the coverage of two samples of one distribution
_DENSE = 0.5  # density from which synthetic profiles are of the source's kinds
_LEAST_C2ST = 0.4  # under it each profile has a twin of the other kind, which a classifier then takes it for
_CHANCE = 4.0  # standard deviations of an AUC under 0.5 that chance may reach, where profiles are few
_MOST_AUC = 0.55  # of an attack: the lower end of its interval
_MOST_TRUE_POSITIVES = 0.02  # at 1 % false ones, likewise
_LEAST_DISTANCE_RATIO = 0.95  # of distances to training and to held-out records
_LOCAL_LIMITS = {  # metric -> what it is in words, the share of the real value and the difference that pass
    "signal_2_10": ("held-out signal at ranks 2 to 10", 0.25, 0.01),
    "signal_11_30": ("held-out signal at ranks 11 to 30", 0.25, 0.01),
    "signal_31_100": ("held-out signal at ranks 31 to 100", 0.25, 0.01),
    "neighbours_items": ("cosine of items to the nearest", 0.1, 0.0),
    "neighbours_users": ("cosine of users to the nearest", 0.1, 0.0),
    "rating_agreement": ("agreement of ratings of neighbouring items", 0.5, 0.02),
}
_RECOMMENDERS = {
    "ndcg_popularity": "popularity",
    "ndcg_pure_svd_10": "PureSVD of 10 factors",
    "ndcg_pure_svd_64": "PureSVD of 64 factors",
    "ndcg_item_knn": "item-kNN",
    "ndcg_ease": "EASE",
}
_NDCG_LIMIT = 0.1  # of the real NDCG
_NDCG_CHANCE = 3 * 0.25  # three standard deviations of the NDCG of a user, which are about a quarter
_NDCG_APART = 0.05  # of the larger NDCG: recommenders that are nearer on the real data have no order to keep
_PAIRS_SHOWN = 3  # of recommenders that have changed places


class FailedCheck(NamedTuple):
    """A named failure, what shows it, and what to do."""

    name: str
    found: str
    advice: str

    def __str__(self) -> str:
        return f"{self.name}: {self.found}. {self.advice}."


Metrics = Mapping[str, Metric]


def failed_checks(fidelity: Fidelity | None = None, privacy: Privacy | None = None) -> list[FailedCheck]:
    """The checks that the results fail; a metric that is absent fails none."""
    found: list[FailedCheck | None] = []
    if fidelity is not None:
        found += [check(fidelity.metrics) for check in (_invalid, _marginals, _structure, _predictability)]
        if _of_one_size(fidelity.metrics):  # each of these depends on it
            found += [check(fidelity.metrics) for check in (_local_structure, _recommenders, _order)]
        found += [check(fidelity.metrics, kind) for check in (_coverage, _copies) for kind in ("user", "item")]
    if privacy is not None:
        found.append(_memorisation(privacy))
    return [check for check in found if check is not None]


def _invalid(metrics: Metrics) -> FailedCheck | None:
    repeated, off = (metrics[name].synthetic or 0 for name in ("repeated_pairs", "off_scale_ratings"))
    if not (repeated or off):
        return None
    return FailedCheck(
        "invalid rows",
        f"{repeated:,.0f} rows repeat a (user, item) pair, {off:,.0f} ratings are off the source's scale",
        "Drop repeated pairs and round ratings to the scale before use",
    )


def _marginals(metrics: Metrics) -> FailedCheck | None:
    limits = {  # random halves of the real users may differ by more
        name: max(limit, _SPLIT_HALVES * (metrics[name].split_half or 0.0))
        for name, limit in _MARGINAL_LIMITS.items()
        if name in metrics
    }
    distances = {name: metrics[name].distance or 0.0 for name in limits}
    over = [f"{name} {d:.3f} (limit {limits[name]:.3g})" for name, d in distances.items() if d > limits[name]]
    if not over:
        return None
    return FailedCheck(
        "unrealistic marginals",
        ", ".join(over),
        "Use a recipe that prescribes activity, popularity and the rating histogram (profile), or ask for sizes "
        "nearer to the source's",
    )


def _structure(metrics: Metrics) -> FailedCheck | None:
    error = _value(metrics, "spectrum_relative_error", "distance")
    if error is None or error <= _SPECTRUM_LIMIT:
        return None
    return FailedCheck(
        "wrong structure",
        f"singular values of who rates what are off by {error:.0%}",
        "Users do not choose items as in the source: train longer, or embed who rates what, not ratings alone",
    )


def _local_structure(metrics: Metrics) -> FailedCheck | None:
    found = []
    for name, (words, share, difference) in _LOCAL_LIMITS.items():
        real, synthetic, _, split_half = metrics.get(name, Metric())
        if real is None or synthetic is None:
            continue
        if abs(synthetic - real) > max(share * abs(real), difference, _SPLIT_HALVES * (split_half or 0.0)):
            found.append(f"{words} {synthetic:.3f}, real {real:.3f}")
    if not found:
        return None
    return FailedCheck(
        "wrong local structure",
        ", ".join(found),
        "Structure beyond the leading ranks is not the source's: do not judge neighbourhood models on this dataset",
    )


def _recommenders(metrics: Metrics) -> FailedCheck | None:
    users = metrics.get("users", Metric(MOST_USERS, MOST_USERS))
    chance = _NDCG_CHANCE * (2 / max(1.0, min(users.real or 1, users.synthetic or 1, MOST_USERS))) ** 0.5
    found: list[str] = []
    for name, words in _RECOMMENDERS.items():
        real, synthetic, _, split_half = metrics.get(name, Metric())
        if not real or synthetic is None:
            continue
        if abs(synthetic - real) > max(_NDCG_LIMIT * real, chance, _SPLIT_HALVES * (split_half or 0.0)):
            looks = f"{abs(synthetic / real - 1):.0%} {'worse' if synthetic < real else 'better'}"
            found.append(f"{words} {looks}" if found else f"{words} looks {looks} here than on the source")
    if not found:
        return None
    return FailedCheck(
        "recommenders misjudged",
        ", ".join(found),
        "What they score here is not what they score on the source: see held-out signal and cosines for what is off",
    )


def _order(metrics: Metrics) -> FailedCheck | None:
    real_tau, tau, _, split_half = metrics.get("tau", Metric())
    if tau is None or tau >= min((x for x in (real_tau, split_half) if x is not None), default=1.0):
        return None
    found = []
    for one, other in itertools.permutations((name for name in _RECOMMENDERS if name in metrics), 2):
        (real, synthetic), (real_other, synthetic_other) = ((metrics[name][:2]) for name in (one, other))
        over, under = (real or 0.0) - (real_other or 0.0), (synthetic_other or 0.0) - (synthetic or 0.0)
        if under > 0 and over > _NDCG_APART * (real or 0.0):
            found.append(f"{_RECOMMENDERS[one]} is over {_RECOMMENDERS[other]} on the source and under it here")
    if not found:
        return None
    more = f", and {len(found) - _PAIRS_SHOWN} more pairs" if len(found) > _PAIRS_SHOWN else ""
    return FailedCheck(
        "order of recommenders not kept",
        f"{', '.join(found[:_PAIRS_SHOWN])}{more} (Kendall's tau {tau:.2f})",
        "Do not choose among these recommenders by this dataset",
    )


def _of_one_size(metrics: Metrics) -> bool:
    sizes = (metrics[name] for name in ("rows", "users", "items") if name in metrics)
    return all(1 / SAME_SIZE <= (real or 1) / (synthetic or 1) <= SAME_SIZE for real, synthetic, *_ in sizes)


def _predictability(metrics: Metrics) -> FailedCheck | None:
    gaps = {
        name: (metrics[name].synthetic or 0.0) - (metrics[name].real or 0.0)
        for name in ("bias_ratio", "mf_ratio")
        if name in metrics
    }
    worst = max(gaps, key=lambda name: abs(gaps[name]), default="")
    if worst and gaps[worst] < -_ERROR_LIMIT:
        return FailedCheck(
            "too easy to predict",
            f"{worst} {metrics[worst].synthetic:.3f}, real {metrics[worst].real:.3f}",
            "Recommenders will look better than they are: generate ratings with the residuals of held-out predictions",
        )
    if worst and gaps[worst] > _ERROR_LIMIT:
        return FailedCheck(
            "too hard to predict",
            f"{worst} {metrics[worst].synthetic:.3f}, real {metrics[worst].real:.3f}",
            "Ratings hardly depend on user and item: ask for a sigma nearer to 1, train longer, or shrink residuals",
        )
    kept = _value(metrics, "mf_gain_kept", "synthetic")
    if kept is None or kept >= _LEAST_GAIN_KEPT:
        return None
    return FailedCheck(
        "nothing to learn beyond biases",
        f"factors gain {kept:.0%} of what they gain on real data",
        "Models that learn affinities cannot be told from biases here: ask for more ratings of each user, train "
        "longer, or embed with more factors",
    )


def _coverage(metrics: Metrics, kind: str) -> FailedCheck | None:
    coverage, density = (_value(metrics, f"{kind}_{name}", "synthetic") for name in ("coverage", "density"))
    if coverage is None or density is None:
        return None
    split_half = metrics[f"{kind}_coverage"].split_half or _SPLIT_HALF_COVERAGE
    if coverage >= _LEAST_COVERAGE * split_half:
        return None
    found = (
        f"{kind} profiles cover {coverage:.0%} of the real ones (split-half: {split_half:.0%}), density {density:.2f}"
    )
    if density >= _DENSE:
        return FailedCheck(
            f"mode collapse of {kind}s",
            found,
            "A few kinds are made again and again: train again from another seed, or with stronger gradient penalties",
        )
    return FailedCheck(
        f"mode collapse or unreal {kind}s",
        found,
        f"Most real kinds of {kind} are missing, and those made are not real ones: train longer or from another seed, "
        "and see whether the marginals are right",
    )


def _copies(metrics: Metrics, kind: str) -> FailedCheck | None:
    auc, size = _value(metrics, f"c2st_{kind}_auc", "synthetic"), metrics.get(f"{kind}s", Metric())
    count = min(size.real or 0.0, size.synthetic or 0.0)
    if auc is None or not count or auc >= min(_LEAST_C2ST, 0.5 - _CHANCE / (6 * count) ** 0.5):
        return None
    return FailedCheck(
        f"memorisation of {kind}s",
        f"c2st AUC {auc:.3f}, far under 0.5: {kind} profiles are near copies of real ones",
        "Do not hand the data out: they hold real rows; see the privacy experiment",
    )


def _memorisation(privacy: Privacy) -> FailedCheck | None:
    found = []
    for name, (auc, true_positives) in privacy.attacks.items():
        if auc.low > _MOST_AUC:
            found.append(f"attack {name}: AUC {auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f})")
        if true_positives.low > _MOST_TRUE_POSITIVES:
            words = f"{true_positives.value:.1%} of members found at 1 % false positives"
            found.append(f"attack {name}: {words} ({true_positives.low:.1%} to {true_positives.high:.1%})")
    if privacy.distance_ratio < _LEAST_DISTANCE_RATIO:
        found.append(f"synthetic users lie {1 - privacy.distance_ratio:.0%} closer to training than to held-out users")
    if not found:
        return None
    return FailedCheck(
        "memorisation",
        ", ".join(found),
        "Do not hand the data or the generator out: train for fewer steps, with more users, a smaller network or "
        "stronger penalties",
    )


def _value(metrics: Metrics, name: str, field: str) -> float | None:
    return getattr(metrics[name], field) if name in metrics else None
