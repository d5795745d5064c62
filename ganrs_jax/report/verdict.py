"""Whether a synthetic dataset may be used, and why, in a few sentences."""

from collections.abc import Sequence
from typing import NamedTuple

from ganrs_jax.fidelity.failure_checks import FailedCheck, failed_checks
from ganrs_jax.fidelity.metrics import SAME_SIZE, Fidelity
from ganrs_jax.fidelity.privacy import Privacy

_WITH_CARE = ("wrong local structure", "recommenders misjudged", "order of recommenders not kept")
RECOMMENDERS = {
    "ndcg_popularity": "popularity",
    "ndcg_pure_svd_10": "PureSVD, 10 factors",
    "ndcg_pure_svd_64": "PureSVD, 64 factors",
    "ndcg_item_knn": "item-kNN",
    "ndcg_ease": "EASE",
}


class Verdict(NamedTuple):
    """Attributes.

    level: "fit", "care" or "unfit". headline: in three words. reasons: sentences. failed: the checks that say so.
    """

    level: str
    headline: str
    reasons: tuple[str, ...]
    failed: tuple[FailedCheck, ...]


def verdict(fidelity: Fidelity, source: str, privacy: Privacy | None = None, warnings: Sequence[str] = ()) -> Verdict:
    """The verdict on a dataset.

    Unfit is one that fails a check of validity, marginals, structure, predictability, diversity or privacy. One that
    fails checks of local structure or of recommenders alone may be used where these do not matter.

    Args:
      source: the real dataset's name.
      warnings: of its generator.
    """
    failed = tuple(failed_checks(fidelity, privacy))
    severe = [check for check in failed if check.name not in _WITH_CARE]
    ratios = _ndcg_ratios(fidelity)
    told = ""
    if ratios:
        low, high = min(ratios), max(ratios)
        told = f"Reference recommenders score {low:.2f} to {high:.2f} times what they score on {source}."
    if severe:
        names = ", ".join(check.name for check in severe)
        reasons = [f"Recommenders would not behave on this dataset as on {source}: {names}.", told]
        return Verdict("unfit", "Not fit for use", _some(reasons), failed)
    if failed:
        names = ", ".join(check.name for check in failed)
        reasons = [f"It is like {source} in ratings, popularity and activity, but not in all: {names}.", told]
        return Verdict("care", "Fit with care", _some(reasons), failed)
    reasons = [f"It is like {source} in all that was measured: no check fails.", told]
    if not _of_one_size(fidelity):
        reasons.append("It is of another size than the source: local structure and recommenders are not judged.")
        return Verdict("care", "Fit with care", _some(reasons), failed)
    if warnings:
        reasons.append(f"Its generator gave {len(warnings)} warning{'s' if len(warnings) > 1 else ''}, told below.")
    return Verdict("fit", "Fit for use", _some(reasons), failed)


def _some(sentences: Sequence[str]) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences if sentence)


def _ndcg_ratios(fidelity: Fidelity) -> list[float]:
    found = (fidelity.metrics[name] for name in RECOMMENDERS if name in fidelity.metrics)
    return [metric.synthetic / metric.real for metric in found if metric.real and metric.synthetic is not None]


def _of_one_size(fidelity: Fidelity) -> bool:
    sizes = [fidelity.metrics[name] for name in ("rows", "users", "items") if name in fidelity.metrics]
    return all(1 / SAME_SIZE <= (real or 1) / (synthetic or 1) <= SAME_SIZE for real, synthetic, *_ in sizes)
