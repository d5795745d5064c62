"""How well scores tell members from others: area under the ROC curve, and true positives where few others are accused.

An attack that is right about a few alone hardly moves the area, yet names them: so both are told (Carlini et al. 2022,
arXiv 2112.03570).
"""

from typing import NamedTuple

import numpy as np

FALSE_POSITIVES = 0.01  # share of others that are taken for members, at most, where true positives are counted
_RESAMPLES = 1000  # of the bootstrap
_CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A value and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class Attack(NamedTuple):
    """What an attack achieves.

    Attributes:
      auc: area under its ROC curve: 0.5 is guessing, 1 knows every member.
      true_positives: share of members that are found where 1 % of the others are taken for members; 0.01 is guessing.
    """

    auc: Estimate
    true_positives: Estimate

    def as_json(self) -> dict[str, dict[str, float]]:
        """Each as {"value", "low", "high"}."""
        return {"auc": self.auc._asdict(), "true_positives": self.true_positives._asdict()}


def judged(members_M: np.ndarray, others_O: np.ndarray, seed: int = 0) -> Attack:
    """The attack whose scores these are, higher for those it takes for members; intervals from 1000 resamples.

    The area is the chance that a member's score is over another's, ties counting half. Members and others are each
    drawn again with replacement: percentile bootstrap.
    """
    count = len(members_M)
    values, place = np.unique(np.concatenate([members_M, others_O]), return_inverse=True)
    positive, negative = place[:count], place[count:]
    rng = np.random.default_rng(seed)
    drawn = [
        _figures(rng.choice(positive, len(positive)), rng.choice(negative, len(negative)), len(values))
        for _ in range(_RESAMPLES)
    ]
    low, high = np.quantile(drawn, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2], axis=0)
    found = _figures(positive, negative, len(values))
    auc, true_positives = (Estimate(found[k], float(low[k]), float(high[k])) for k in range(2))
    return Attack(auc, true_positives)


def _figures(positive: np.ndarray, negative: np.ndarray, levels: int) -> tuple[float, float]:
    """Area and true positives, of ranks among `levels` distinct scores."""
    above, below = (np.bincount(ranks, minlength=levels) for ranks in (positive, negative))
    up_to = np.cumsum(below)
    area = float(above @ (up_to - below / 2) / (len(positive) * len(negative)))
    # The lowest score over which there are so few others: who is over it is accused.
    threshold = int(np.argmax(len(negative) - up_to <= FALSE_POSITIVES * len(negative)))
    return area, float(above[threshold + 1 :].sum() / len(positive))
