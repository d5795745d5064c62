"""What the loss of a part costs: in limits, beside the whole recipe, and every part that is listed can be set."""

import dataclasses

import numpy as np
import pytest

from ganrs_jax.fidelity.metrics import Metric, pair
from ganrs_jax.recipes import RECIPES
from ganrs_jax.study.ablation import PARTS, WHOLE, costs, distance


@pytest.mark.parametrize("recipe", PARTS)
def test_every_part_is_a_setting_that_the_recipe_takes_and_differs_from_the_whole(recipe: str) -> None:
    whole = RECIPES[recipe].config()
    for part, changes in PARTS[recipe].items():
        config = dataclasses.replace(whole, **changes)
        RECIPES[recipe].check_config(config)
        assert (config == whole) == (part == WHOLE)


def test_distances_are_in_limits_and_bounded() -> None:
    found = distance(
        {
            "ndcg_ease": pair(0.4, 0.4 - 0.028),
            "signal_31_100": pair(0.02, 0.03),
            "c2st_user_auc": Metric(synthetic=0.6),
            "spectrum_relative_error": Metric(distance=3.0),
            "rows": pair(1, 2),
        }
    )
    assert found == pytest.approx(
        {"ndcg_ease": 1, "signal_31_100": 2, "c2st_user_auc": 1, "spectrum_relative_error": 5}
    )


def test_the_dearest_part_comes_first_after_the_whole_and_chance_has_an_interval_over_zero() -> None:
    rng = np.random.default_rng(0)

    def runs(offset: float) -> list[dict[str, Metric]]:
        return [
            {"mf_ratio": pair(0.8, 0.82 + offset + 0.002 * rng.normal()), "tau": Metric(1.0, 0.8)} for _ in range(5)
        ]

    found = costs({WHOLE: runs(0.0), "nothing": runs(0.0), "much": runs(0.04)})
    assert [cost.part for cost in found] == [WHOLE, "much", "nothing"]
    assert found[1].cost == pytest.approx(2, abs=0.2)
    assert found[1].interval[0] > 0
    assert found[2].interval[0] < 0 < found[2].interval[1]
    assert found[1].worst[0][0] == "mf_ratio"
    assert found[0].tau == pytest.approx(0.8)
