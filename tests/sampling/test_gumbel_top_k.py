"""Chosen cells: exactly as many as asked, each with about its wanted chance."""

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.sampling.gumbel_top_k import choose, choose_pairs

NONE = jnp.full(1, np.iinfo(np.int32).max, jnp.int32)


def factors(rows: int, columns: int, seed: int = 0) -> tuple[jax.Array, jax.Array]:
    rng = np.random.default_rng(seed)
    return tuple(jnp.asarray(rng.normal(size=(n, 3)), jnp.float32) for n in (rows, columns))


def masked(phi, counts, preassigned=NONE, key: int = 0, columns: int = 40) -> np.ndarray:
    rows_BxK, columns_CxK = factors(len(counts), columns)
    counts = jnp.asarray(counts, jnp.int32)
    return np.asarray(
        choose(jax.random.key(key), rows_BxK, columns_CxK, jnp.asarray(phi, jnp.float32), counts, preassigned)
    )


def test_a_row_has_exactly_its_count():
    counts = np.arange(41)  # from none to all
    mask = masked(np.zeros(40), counts)
    np.testing.assert_array_equal(mask.sum(1), counts)
    np.testing.assert_array_equal(masked(np.zeros((41, 40)), counts), mask)  # a logit a cell


def test_columns_of_no_chance_come_last_and_in_order():
    """Their logits are equal, so the first of them are taken."""
    phi = np.where(np.arange(40) < 30, -np.inf, 0.0)
    mask = masked(phi, [4, 10, 13])
    assert not mask[:2, :30].any()
    assert mask[1:, 30:].all()
    np.testing.assert_array_equal(np.flatnonzero(mask[2, :30]), [0, 1, 2])


def test_columns_of_no_chance_come_last_whatever_the_draw(monkeypatch):
    """Of single precision, one exponential in some eight million is 0."""
    monkeypatch.setattr(jax.random, "exponential", lambda key, shape: jnp.zeros(shape))
    none = jnp.array([], jnp.int32)
    phi = jnp.array([-jnp.inf, 0.0, -jnp.inf, 0.0])
    chosen = choose.__wrapped__(jax.random.key(0), jnp.ones((2, 1)), jnp.ones((4, 1)), phi, jnp.array([2, 1]), none)
    assert not np.asarray(chosen)[:, [0, 2]].any()


def test_preassigned_cells_come_first():
    preassigned = jnp.asarray([0 * 40 + 7, 1 * 40 + 0, 1 * 40 + 39, 2 * 40 + 5, 2 * 40 + 6, 2**31 - 1], jnp.int32)
    phi = np.where(np.arange(40) == 7, -np.inf, 0.0)
    for key in range(20):
        mask = masked(phi, [3, 2, 1, 0], preassigned, key)
        assert mask[0, 7]
        np.testing.assert_array_equal(np.flatnonzero(mask[1]), [0, 39])
        np.testing.assert_array_equal(np.flatnonzero(mask[2]), [5])  # more are preassigned than wanted
        np.testing.assert_array_equal(mask.sum(1), [3, 2, 1, 0])


def test_chances_are_the_wanted_ones():
    chance = np.concatenate([np.linspace(0.02, 0.9, 20), [0.05] * 20])
    wanted = chance * round(chance.sum()) / chance.sum()
    rows = 20_000
    counts = jnp.full(rows, round(chance.sum()), jnp.int32)
    nothing, logits = jnp.zeros((rows, 1)), jnp.asarray(np.log(wanted / (1 - wanted)), jnp.float32)
    mask = choose(jax.random.key(1), nothing, jnp.zeros((40, 1)), logits, counts, NONE)
    found = np.asarray(mask).mean(0)
    np.testing.assert_allclose(found, wanted, atol=0.012)  # three standard errors are 0.010
    assert np.abs(found - wanted)[20:].max() < 0.006


def test_scores_decide_who_gets_what():
    """Rows choose by the products of their factors with those of the columns."""
    rows = jnp.tile(jnp.asarray([[8.0], [-8.0]]), (200, 1))
    columns = jnp.asarray([[1.0]] * 10 + [[-1.0]] * 10)
    mask = choose(jax.random.key(0), rows, columns, jnp.zeros(20), jnp.full(400, 10, jnp.int32), NONE)
    own = np.asarray(mask).reshape(200, 2, 2, 10).mean((0, 3))
    assert np.diag(own).min() > 0.99


def test_a_number_added_to_all_logits_changes_nothing():
    phi = np.random.default_rng(0).normal(size=40)
    counts = [5, 11, 20]
    np.testing.assert_array_equal(masked(phi, counts), masked(phi + 2, counts))


def test_another_key_chooses_otherwise():
    counts = np.full(30, 10)
    assert not np.array_equal(masked(np.zeros(40), counts), masked(np.zeros(40), counts, key=1))


def test_pairs_are_the_cells_ascending():
    rows, columns = factors(3, 40)
    preassigned, counts = (np.asarray([0, 2]), np.asarray([7, 5])), np.asarray([2, 0, 1])
    row, column = choose_pairs(jax.random.key(0), rows, columns, jnp.zeros(40), counts, preassigned)
    mask = masked(np.zeros(40), counts, jnp.asarray([7, 2 * 40 + 5], jnp.int32))
    np.testing.assert_array_equal(row, [0, 0, 2])
    np.testing.assert_array_equal((row, column), np.nonzero(mask))
