import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.networks.layers import BatchNorm, Dense, add_row, batch_mean, batch_sum, matmul, scale_row


def key(seed=0):
    return jax.random.key(seed)


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 64, 100])
def test_batch_sum_sums(rows):
    x = jax.random.normal(key(), (rows, 5))
    np.testing.assert_allclose(batch_sum(x), np.asarray(x, np.float64).sum(0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("own", "plain", "shapes"),
    [
        (batch_mean, lambda x: x.mean(0), [(7, 3)]),
        (matmul, lambda x, w: x @ w, [(7, 3), (3, 2)]),
        (add_row, lambda x, r: x + r[None], [(7, 3), (3,)]),
        (scale_row, lambda x, r: x * r[None], [(7, 3), (3,)]),
    ],
)
def test_values_and_gradients_are_those_of_the_plain_form(own, plain, shapes):
    arrays = [jax.random.normal(jax.random.fold_in(key(), i), s) for i, s in enumerate(shapes)]
    weight = jax.random.normal(jax.random.fold_in(key(), 9), plain(*arrays).shape)
    np.testing.assert_allclose(own(*arrays), plain(*arrays), rtol=1e-5)
    slots = tuple(range(len(arrays)))
    ours = jax.grad(lambda *a: jnp.sum(own(*a) * weight), slots)(*arrays)
    theirs = jax.grad(lambda *a: jnp.sum(plain(*a) * weight), slots)(*arrays)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_dense_counts_and_starts_as_keras_does():
    params = Dense(20).init(key(), jnp.zeros((1, 10)))["params"]
    assert params["kernel"].shape == (10, 20)
    assert np.abs(params["kernel"]).max() <= np.sqrt(6 / 30)
    assert not params["bias"].any()


def test_batch_norm_normalises_and_keeps_running_moments():
    x = 3 + 2 * jax.random.normal(key(), (500, 4))
    layer, momentum = BatchNorm(), jnp.float32(0.8)
    variables = layer.init(key(), x, momentum, train=True)
    assert not variables["batch_stats"]["mean"].any()
    y, moved = layer.apply(variables, x, momentum, train=True, mutable=["batch_stats"])
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(0), 1, rtol=1e-3)
    np.testing.assert_allclose(moved["batch_stats"]["mean"], 0.2 * x.mean(0), rtol=1e-4)
    np.testing.assert_allclose(moved["batch_stats"]["var"], 0.8 + 0.2 * x.var(0), rtol=1e-4)
    still = layer.apply({**variables, **moved}, x, momentum, train=False)
    expected = (x - moved["batch_stats"]["mean"][None]) / np.sqrt(moved["batch_stats"]["var"] + 1e-3)[None]
    np.testing.assert_allclose(still, expected, rtol=1e-4, atol=1e-5)
