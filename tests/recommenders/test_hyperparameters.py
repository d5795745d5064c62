import pytest

from ganrs_jax.data.scale import Scale
from ganrs_jax.data.sources.registry import SOURCES
from ganrs_jax.recommenders import RECOMMENDERS
from ganrs_jax.recommenders.hyperparameters import default_threshold, published_config

EPOCHS = {  # DeepMF, NCF, VDeepMF
    "ml100k": (10, 10, 6),
    "ml1m": (10, 10, 6),
    "filmtrust": (10, 10, 6),
    "myanimelist": (20, 15, 9),
    "netflix": (5, 4, 3),
    "elsewhere": (10, 10, 6),
}
SIZE = {"myanimelist": 7, "netflix": 6}


@pytest.mark.parametrize("source", EPOCHS)
def test_published_settings(source):
    configs = [published_config(RECOMMENDERS[name].config, source) for name in ("deepmf", "ncf_regression", "vdeepmf")]
    assert tuple(c.epochs for c in configs) == EPOCHS[source]
    assert {c.embedding_size for c in configs} == {SIZE.get(source, 5)}
    assert {(c.batch_size, c.train_share, c.learning_rate) for c in configs} == {(32, 0.8, 1e-3)}
    assert configs[2].kl_weight == 0
    assert configs[2].draws == 10


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_every_recommender_has_settings_for_every_source(name):
    for source in SOURCES:
        config = published_config(RECOMMENDERS[name].config, source)
        assert type(config) is RECOMMENDERS[name].config
        assert all(isinstance(getattr(config, field), float) for field in RECOMMENDERS[name].lane_floats)


def test_epochs_asked_for_are_those_of_every_recommender_that_has_any():
    for recommender in RECOMMENDERS.values():
        config = published_config(recommender.config, "ml100k", epochs=3)
        assert getattr(config, "epochs", 3) == 3


def test_sources_with_settings_of_their_own_exist():
    assert set(EPOCHS) - {"elsewhere"} <= set(SOURCES)


@pytest.mark.parametrize(
    ("scale", "threshold"),
    [
        (Scale(1, 5), 4),
        (Scale(1, 10), 8),
        (Scale(0.5, 4, 0.5), 3),
        (Scale(0.5, 5, 0.5), 4),
        (Scale(1, 3), 3),
        (Scale(0, 1), 1),
        (Scale(0, 100, 0.1), 75),
    ],
)
def test_thresholds_are_those_published_or_three_quarters_of_the_range(scale, threshold):
    assert default_threshold(scale) == threshold
    assert default_threshold(scale) in scale.levels.tolist()
