"""Shares of the machine's limits: programs whose operations and bytes are known."""

import jax
import jax.numpy as jnp
import pytest

from ganrs_jax.cli.rooflines import Watch, of_nearest, timed
from ganrs_jax.cli.timing import machine
from ganrs_jax.training.lanes import lane_keys
from ganrs_jax.training.loop import scanned, watching


@pytest.fixture(scope="module")
def limits():
    return machine()


def test_a_product_is_near_the_limit_it_was_measured_with(limits):
    found = timed(jax.jit(lambda x: x @ x), (jnp.ones((1024, 1024)),), limits)
    assert found["flops"] == pytest.approx(2 * 1024**3, rel=0.01)
    assert found["bytes"] == 2 * 4 * 1024**2
    assert 0.03 < found["share_of_roofline"] < 30  # the limit was measured at another moment of a busy machine


def test_kmeans_compares_every_sample_with_every_centroid(limits):
    found = of_nearest(4096, 64, 5, limits)
    pairs = 4096 * 64
    assert 2 * 5 * pairs < found["flops"] < 60 * pairs  # products and sums, and a few comparisons
    assert found["share_of_roofline"] < 1.5


def test_steps_and_batches_of_epochs_are_looked_at_one_by_one(limits):
    def step(state, index, lane, shared):
        return state @ shared + lane["rows"].sum(), {"size": state.sum()}

    lanes = {"key": lane_keys([0]), "rows": jnp.ones((1, 640))}
    with watching(watch := Watch()):
        scanned(step)(jnp.ones((1, 64, 64)), 0, 4, lanes, jnp.eye(64))
    (found,) = watch.rooflines(limits, batch_size=64).values()
    assert found["flops"] == pytest.approx(2 * 64**3, rel=0.2)
    assert found["bytes"] == 2 * 4 * 64**2
