"""Each failure is named for metrics that show it, and for no others."""

import pytest

from ganrs_jax.fidelity.failure_checks import failed_checks
from ganrs_jax.fidelity.membership import Attack, Estimate
from ganrs_jax.fidelity.metrics import Fidelity, Metric, pair
from ganrs_jax.fidelity.privacy import Privacy

GOOD = {
    "users": Metric(943, 943),
    "items": Metric(400, 400),
    "repeated_pairs": Metric(0, 0),
    "off_scale_ratings": Metric(None, 0),
    "rating_tv": Metric(distance=0.002),
    "gini_user": pair(0.47, 0.48),
    "ks_item_counts": Metric(distance=0.05),
    "spectrum_relative_error": Metric(distance=0.05),
    "bias_ratio": pair(0.836, 0.85),
    "mf_ratio": pair(0.818, 0.83),
    "mf_gain_kept": Metric(1.0, 0.6),
    "user_density": Metric(None, 0.9, None, 0.98),
    "user_coverage": Metric(None, 0.9, None, 0.96),
    "signal_2_10": pair(0.21, 0.19),
    "signal_31_100": pair(-0.013, -0.02),
    "neighbours_items": pair(0.46, 0.44)._replace(split_half=0.01),
    "ndcg_pure_svd_10": pair(0.30, 0.31),
    "ndcg_pure_svd_64": pair(0.36, 0.34),
    "ndcg_item_knn": pair(0.35, 0.35)._replace(split_half=0.004),  # nearly level with PureSVD of 64 factors
    "tau": Metric(1.0, 0.33, None, 1.0),
}
SPOILT = {
    "invalid rows": ({"repeated_pairs": Metric(0, 65_076)}, "65,076 rows repeat"),
    "unrealistic marginals": (
        {"gini_user": pair(0.47, 0.22)._replace(split_half=0.01)},
        "gini_user 0.250 (limit 0.05)",
    ),
    "wrong structure": ({"spectrum_relative_error": Metric(distance=1.3)}, "off by 130%"),
    "wrong local structure": (
        {"signal_31_100": pair(0.039, 0.012), "neighbours_items": pair(0.46, 0.35)._replace(split_half=0.02)},
        "held-out signal at ranks 31 to 100 0.012, real 0.039, cosine of items to the nearest 0.350, real 0.460",
    ),
    "recommenders misjudged": (
        {"ndcg_item_knn": pair(0.34, 0.2176), "ndcg_ease": pair(0.4, 0.48), "tau": Metric(1.0, 1.0)},
        "item-kNN looks 36% worse here than on the source, EASE 20% better",
    ),
    "order of recommenders not kept": (
        {"ndcg_pure_svd_10": pair(0.33, 0.346), "tau": Metric(1.0, 0.0, None, 0.67)},
        "PureSVD of 64 factors is over PureSVD of 10 factors on the source and under it here (Kendall's tau 0.00)",
    ),
    "too easy to predict": ({"bias_ratio": pair(0.836, 0.41)}, "bias_ratio 0.410, real 0.836"),
    "too hard to predict": ({"mf_ratio": pair(0.818, 0.95)}, "mf_ratio 0.950, real 0.818"),
    "nothing to learn beyond biases": ({"mf_gain_kept": Metric(1.0, 0.01)}, "gain 1% of what"),
    "memorisation of items": (
        {"c2st_item_auc": Metric(None, 0.24, None, 0.76)},
        "c2st AUC 0.240, far under 0.5: item profiles are near copies of real ones",
    ),
    "mode collapse of users": (
        {"user_coverage": Metric(None, 0.2, None, 0.96)},
        "cover 20% of the real ones (split-half: 96%), density 0.90",
    ),
    "mode collapse or unreal users": (
        {"user_coverage": Metric(None, 0.05), "user_density": Metric(None, 0.1)},
        "cover 5% of the real ones (split-half: 97%), density 0.10",
    ),
}


GUESSED = Estimate(0.01, 0.0, 0.02)


def private(auc: Estimate, training: float = 2.0, true_positives: Estimate = GUESSED) -> Privacy:
    return Privacy({"closest": Attack(auc, true_positives)}, 2.0, 2.0, training, 2.0, 0.5, 100, 100, 100)


def test_few_profiles_may_fall_under_a_half_by_chance():
    found = {"items": Metric(40, 40), "c2st_item_auc": Metric(None, 0.3, None, 0.5)}
    assert failed_checks(Fidelity(GOOD | found)) == []


@pytest.mark.parametrize(
    "excuse",
    [
        {"ndcg_item_knn": pair(0.34, 0.2176)._replace(split_half=0.07)},  # halves are as far apart
        {"users": Metric(60, 60)},  # chance among so few
        {"rows": Metric(100_000, 246_391)},  # of another size
    ],
)
def test_recommenders_may_differ_by_chance_or_size(excuse):
    spoilt = {"ndcg_item_knn": pair(0.34, 0.2176), "tau": Metric(1.0, 1.0)}
    assert failed_checks(Fidelity(GOOD | spoilt | excuse)) == []


def test_good_metrics_show_no_failure():
    assert failed_checks(Fidelity(GOOD), private(Estimate(0.52, 0.49, 0.56))) == []
    assert failed_checks(Fidelity({name: GOOD[name] for name in ("repeated_pairs", "off_scale_ratings")})) == []


@pytest.mark.parametrize("name", SPOILT)
def test_a_failure_is_named_in_words_with_what_to_do(name):
    metrics, words = SPOILT[name]
    (found,) = failed_checks(Fidelity(GOOD | metrics))
    assert found.name == name
    assert words in found.found
    assert str(found) == f"{name}: {found.found}. {found.advice}."


@pytest.mark.parametrize(
    ("privacy", "words"),
    [
        (private(Estimate(0.7, 0.65, 0.75)), "attack closest: AUC 0.700 (0.650 to 0.750)"),
        (private(Estimate(0.5, 0.45, 0.55), training=1.0), "synthetic users lie 50% closer to training"),
        (
            private(Estimate(0.54, 0.5, 0.58), true_positives=Estimate(0.06, 0.03, 0.1)),
            "attack closest: 6.0% of members found at 1 % false positives (3.0% to 10.0%)",
        ),
    ],
)
def test_memorisation(privacy, words):
    (found,) = failed_checks(privacy=privacy)
    assert (found.name, found.found) == ("memorisation", words) or words in found.found
