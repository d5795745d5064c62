"""Which devices share what, and that eight that do train as one."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ganrs_jax.training.devices import ALONE, as_first, bytes_of_first, is_first, sharing


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> dict[int, dict[str, np.ndarray]]:
    """Weights that one device and that eight end with."""
    folder = tmp_path_factory.mktemp("trained")
    for devices in (1, 8):
        flags = f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count={devices}"  # the last one counts
        environment = os.environ | {
            "XLA_FLAGS": flags,
            "JAX_PLATFORMS": "cpu",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        command = [sys.executable, "-P", "-m", "tests.published.trained", str(folder / f"{devices}.npz")]
        subprocess.run(command, env=environment, check=True, timeout=600)
    return {devices: dict(np.load(folder / f"{devices}.npz")) for devices in (1, 8)}


@pytest.mark.slow
@pytest.mark.parametrize("shared", ["rows", "lanes"])
def test_eight_devices_train_as_one(trained, shared):
    """To rounding, which turns a step of Adam where a gradient is nearly nothing: a few weights differ by steps."""
    one, eight = trained[1], trained[8]
    assert (one["devices"], eight["devices"]) == (1, 8)
    assert np.quantile(np.abs(one[shared] - eight[shared]), 0.9) < 1e-5
    np.testing.assert_allclose(one[shared], eight[shared], atol=0.01)


def test_lanes_are_shared_where_they_divide_else_rows_else_nothing():
    """This process has two devices."""
    assert jax.device_count() == 2
    lanes, rows = sharing(4, 7), sharing(3, 8)
    assert (lanes.of_lanes, lanes.of_rows, lanes.mesh.size) == (True, False, 2)
    assert (rows.of_lanes, rows.of_rows, rows.mesh.size) == (False, True, 2)
    assert sharing(1, 7) == ALONE


@pytest.mark.parametrize("of", ["rows", "lanes"])
def test_what_is_shared_lies_on_both_devices_and_comes_back_whole(of):
    share = sharing(2 if of == "lanes" else 1, 8)
    seen = []

    def looked(x):
        y = getattr(share, of)(x)
        jax.debug.inspect_array_sharding(y, callback=lambda sharding: seen.append(sharding))
        return share.together(2 * y)

    x = jnp.arange(8.0)
    doubled = share.jit(looked)(share.everywhere(x))
    assert [sharding.shard_shape((8,)) for sharding in seen] == [(4,)]
    assert doubled.is_fully_replicated
    assert len(doubled.devices()) == 2
    assert len(share.here(doubled).devices()) == 1
    np.testing.assert_array_equal(share.here(doubled), 2 * np.arange(8.0))


def test_alone_nothing_is_touched():
    x = jnp.arange(3.0)
    assert all(f(x) is x for f in (ALONE.lanes, ALONE.rows, ALONE.together, ALONE.everywhere, ALONE.here, as_first))
    assert is_first()
    assert bytes_of_first(b"kept") == b"kept"
