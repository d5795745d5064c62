"""Tables of fidelity and privacy to the letter."""

from ganrs_jax.fidelity.membership import Attack, Estimate
from ganrs_jax.fidelity.metrics import Fidelity, Metric, pair
from ganrs_jax.fidelity.privacy import Privacy
from ganrs_jax.report.fidelity import fidelity_table, privacy_table

GOOD = {
    "rows": Metric(100_000, 99_999),
    "off_scale_ratings": Metric(None, 0),
    "rating_tv": Metric(distance=0.002, split_half=0.014),
    "gini_user": Metric(0.4719, 0.47, 0.0019, 0.01),
    "co_rating_lift": Metric(1.632, 1.7, 0.1, 0.041),
    "mf_gain_kept": Metric(1.0, 0.5),
    "c2st_user_auc": Metric(None, 0.6, None, 0.569),
    "ndcg_ease": Metric(0.444, 0.41, 0.034, 0.012),
    "tau": Metric(1.0, 0.8, None, 0.6),
}
BAD = {name: GOOD[name] for name in ("rows", "off_scale_ratings")} | {"gini_user": pair(0.4719, 0.2)}
FIDELITY = """\
(best in brackets)                                        ml100k    good     bad  split-half
-------------------------------------------------------  -------  ------  ------  ----------
rows                                                     100,000  99,999  99,999
ratings off the scale                                                  0       0
rating histogram, total variation (0)                              0.002               0.014
Gini of ratings per user                                   0.472   0.470   0.200
lift of items rated together, median                       1.632   1.700
lift of items rated together, KS distance (0)                      0.100               0.041
share of the gain by factors kept                           1.00    0.50
c2st AUC, user profiles (that of split halves)                     0.600               0.569
NDCG@10 of EASE                                            0.444   0.410              ±0.012
order of these five, Kendall's tau (that of two splits)     1.00    0.80                0.60"""


def test_synthetic_datasets_stand_beside_the_real_one():
    assert fidelity_table({"good": Fidelity(GOOD), "bad": Fidelity(BAD)}, "ml100k") == FIDELITY


def test_privacy_table():
    attack = Attack(Estimate(0.52, 0.49, 0.56), Estimate(0.015, 0.01, 0.02))
    attacks = {"closest": attack, "rarest users: closest_items": attack}
    result = Privacy(attacks, 2.0, 2.1, 1.9, 2.0, 0.51, 3020, 3019, 3018)
    lines = privacy_table({"ganrs": result}).splitlines()
    assert lines[0].split() == ["ganrs"]
    assert lines[2].endswith("0.520 (0.490 to 0.560)")
    assert lines[3].startswith("AUC of membership inference, rarest users: closest set of items ")
    assert lines[4].endswith("0.015 (0.010 to 0.020)")
    assert "users trained on" in lines[6]
    assert lines[6].endswith("3,020")
    assert lines[-2].endswith("0.950")
    assert len(lines) == 15
