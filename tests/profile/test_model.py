"""Residual networks: their size, and what a block adds."""

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.model import ResidualMLP, applied


def weights(network: ResidualMLP, inputs: int):
    return network.init(jax.random.key(0), jnp.zeros((1, inputs)))


def count(network: ResidualMLP, inputs: int) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(lambda: weights(network, inputs))))


def test_parameter_counts():
    """A dense layer, two a block of which the second has no bias, a dense layer."""
    assert count(ResidualMLP(128, 2, 31), 64) == (64 + 1) * 128 + 2 * (128 + 1 + 128) * 128 + (128 + 1) * 31
    assert count(ResidualMLP(128, 2, 31), 64) == 78_111
    assert count(ResidualMLP(128, 2, 1), 31) == 70_017
    assert count(ResidualMLP(8, 1, 2), 3) == 186


def test_a_block_of_no_second_layer_passes_its_input_on():
    shallow, deep = ResidualMLP(8, 1, 2), ResidualMLP(8, 3, 2)
    held = weights(deep, 3)["params"]
    for number in range(3):
        held[f"second_{number}"]["kernel"] = jnp.zeros((8, 8))
    few = {name: held[name] for name in ("into", "first_0", "second_0", "out")}
    x = jax.random.normal(jax.random.key(1), (5, 3))
    hidden = np.asarray(x @ held["into"]["kernel"])
    expected = np.where(hidden > 0, hidden, 0.2 * hidden) @ np.asarray(held["out"]["kernel"])
    np.testing.assert_allclose(applied(deep, {"params": held}, x), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(applied(shallow, {"params": few}, x), expected, rtol=1e-4, atol=1e-5)


def test_rows_do_not_see_one_another():
    network = ResidualMLP(8, 2, 2)
    held, x = weights(network, 3), jax.random.normal(jax.random.key(1), (5, 3))
    np.testing.assert_allclose(applied(network, held, x)[2:3], applied(network, held, x[2:3]), rtol=1e-5, atol=1e-6)
