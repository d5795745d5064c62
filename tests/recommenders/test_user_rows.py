import jax.numpy as jnp
import numpy as np

from ganrs_jax.recommenders.user_rows import first_not, user_rows, width


def test_bisection_of_every_users_rows_is_numpys():
    """Users with none, one and all items; places are of all rows together."""
    rng = np.random.default_rng(0)
    items = [np.arange(0), np.array([4]), np.arange(9), *(np.flatnonzero(rng.random(9) < 0.5) for _ in range(20))]
    user = np.repeat(np.arange(len(items)), [len(each) for each in items])
    item = np.concatenate(items)
    rows = user_rows(user, item, np.ones(len(user), bool), len(items))
    for wanted in range(10):
        place = first_not(lambda at, x=wanted: rows.item_n[at] < x, rows, jnp.arange(len(items)), width(rows))
        expected = [np.searchsorted(each, wanted) for each in items]
        np.testing.assert_array_equal(place - rows.first_U1[:-1], expected)
