"""Figures of attacks are those of scikit-learn, ties and all."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from ganrs_jax.fidelity.membership import judged


def test_figures_are_scikit_learns_with_ties_and_intervals_hold_them():
    rng = np.random.default_rng(0)
    members, others = rng.integers(0, 300, 600), rng.integers(0, 280, 450)
    found = judged(members, others)
    truth, scores = np.repeat([1, 0], [600, 450]), np.concatenate([members, others])
    false, true, _ = roc_curve(truth, scores, drop_intermediate=False)
    assert found.auc.value == pytest.approx(roc_auc_score(truth, scores))
    assert found.true_positives.value == pytest.approx(true[false <= 0.01].max())
    for estimate in found:
        assert estimate.low < estimate.value < estimate.high
    width = 2 * 1.96 * np.sqrt(found.auc.value * (1 - found.auc.value) / 450)  # no wider than of so many coins
    assert 0.3 * width < found.auc.high - found.auc.low < width
    assert judged(members, others) == found


def test_an_attack_that_is_right_about_a_few():
    """Of 1,000 members fifty have a score over all others."""
    scores = np.random.default_rng(0).normal(size=2000)
    scores[:50] = 10
    found = judged(scores[:1000], scores[1000:])
    assert found.auc.value == pytest.approx(0.525, abs=0.03)
    assert found.true_positives.low > 0.04
    assert judged(np.zeros(20), np.zeros(20)).true_positives.value == 0
