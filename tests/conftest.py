"""Strict JAX, two CPU devices, and real data that cannot be skipped where it is required."""

import os

os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_legacy_prng_key", "error")
jax.config.update("jax_debug_key_reuse", True)


def pytest_configure(config):
    if os.environ.get("GANRS_REQUIRE_DATA") and not os.environ.get("GANRS_DATA_DIR"):
        raise pytest.UsageError("GANRS_REQUIRE_DATA is set, so GANRS_DATA_DIR must name the real data")


@pytest.fixture(scope="session")
def data_dir():
    """The folder of real data; the test is skipped without one, unless it is required."""
    folder = os.environ.get("GANRS_DATA_DIR")
    if not folder:
        pytest.skip("GANRS_DATA_DIR is not set")
    return folder
