import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ganrs_jax.recommenders import training
from ganrs_jax.recommenders.deepmf import RECOMMENDER as DEEPMF
from ganrs_jax.recommenders.fit import split
from ganrs_jax.recommenders.interface import Task
from tests.recommenders.conftest import quick


@pytest.mark.parametrize(("count", "size"), [(10, 4), (12, 4), (3, 3), (5, 1)])
def test_batches_hold_every_row_once_and_fill_up_with_weight_0(count, size):
    rows = [jnp.arange(count), jnp.arange(count) + 100, jnp.arange(count, dtype=jnp.float32)]
    batches = training._batches(jax.random.key(0), rows, size)
    assert batches.user.shape == (-(-count // size), size)
    counted = np.asarray(batches.weight, bool)
    assert sorted(batches.user[counted].tolist()) == list(range(count))
    assert counted.sum() == count
    np.testing.assert_array_equal(batches.item, batches.user + 100)
    np.testing.assert_array_equal(batches.rating, batches.user)


def test_rows_of_weight_0_change_nothing():
    """A step on two rows is the step on the same two and two more of weight 0."""
    task = Task(5, 4, None, 4.0)
    network = DEEPMF.fit.args[0]
    module = network.module(task, quick("deepmf"))
    floats = {"learning_rate": jnp.float32(0.1), "l2": jnp.float32(0)}
    program = training._Program(network, module, task, 4)
    ids, ratings = jnp.array([1, 2, 3, 0]), jnp.array([1.0, 5.0, 2.0, 3.0])
    results = []
    for take, weight in ((2, jnp.ones(2)), (4, jnp.array([1.0, 1, 0, 0]))):
        batch = training._Batch(ids[:take], ids[:take], ratings[:take], weight)
        key = jax.random.key(0)
        state = jax.tree.map(lambda x: x[0], training._init(module, key[None], jax.tree.map(lambda x: x[None], floats)))
        results.append(training.train_step(state, (0, batch), program=program, key=jax.random.key(1), floats=floats))
    for two, four in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_allclose(two, four, rtol=1e-6, atol=1e-9)


def test_an_epoch_of_deepmf_is_what_a_plain_loop_does(tiny):
    """Batch by batch in Python, with optax's Adam and the loss written out, from the same start and order."""
    config, (first, *_) = quick("deepmf", epochs=1, learning_rate=1e-3), [split(tiny, 0.8, 7)]
    task = Task(tiny.num_users, tiny.num_items, tiny.scale, 4.0)
    fitted = DEEPMF.fit((7,), [first], task, [config], lambda *a: None)
    module = DEEPMF.fit.args[0].module(task, config)
    key = jax.random.key(7)
    params, _ = jax.tree.map(
        lambda x: x[0], training._init(module, key[None], {"learning_rate": jnp.full(1, 1e-3), "l2": jnp.zeros(1)})
    )
    tables = {name: params["params"][name]["embedding"] for name in ("user", "item")}
    optimizer = optax.adam(1e-3, eps=1e-7)
    moments = optimizer.init(tables)
    order_key, _ = jax.random.split(jax.random.fold_in(jax.random.fold_in(jax.random.key(7), 1), 0))
    order = np.asarray(jax.random.permutation(order_key, len(first.train_user)))

    @jax.jit
    def gradient(tables, user, item, rating):
        return jax.grad(lambda t: jnp.mean((rating - (t["user"][user] * t["item"][item]).sum(-1)) ** 2))(tables)

    for start in range(0, len(order), 32):
        rows = order[start : start + 32]
        updates, moments = optimizer.update(gradient(tables, *(x[rows] for x in first[:3])), moments)
        tables = optax.apply_updates(tables, updates)
    for name, table in tables.items():
        np.testing.assert_allclose(fitted.state["params"][name]["embedding"][0], table, rtol=1e-3, atol=1e-5)
