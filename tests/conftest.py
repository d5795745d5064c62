"""Strict JAX, two CPU devices, and real data that cannot be skipped where it is required."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"

import jax
import pytest

_CACHE = "GANRS_TEST_COMPILED"  # folder of programs compiled once for all processes of a test run
_MOST_MAPPINGS = 20_000

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_legacy_prng_key", "error")
jax.config.update("jax_debug_key_reuse", True)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


def pytest_configure(config):
    if os.environ.get("GANRS_REQUIRE_DATA") and not os.environ.get("GANRS_DATA_DIR"):
        raise pytest.UsageError("GANRS_REQUIRE_DATA is set, so GANRS_DATA_DIR must name the real data")
    if _CACHE not in os.environ:
        os.environ[_CACHE] = tempfile.mkdtemp(prefix="ganrs_jax_")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(_CACHE), ignore_errors=True))
    jax.config.update("jax_compilation_cache_dir", os.environ[_CACHE])


@pytest.fixture(scope="session")
def data_dir():
    """The folder of real data; the test is skipped without one, unless it is required."""
    folder = os.environ.get("GANRS_DATA_DIR")
    if not folder:
        pytest.skip("GANRS_DATA_DIR is not set")
    return folder


@pytest.fixture(scope="module", autouse=True)
def _few_mappings() -> Iterator[None]:
    """Compiled programs map memory, and a process of more than 65,530 maps (Linux's limit) dies in the compiler."""
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and len(maps.read_bytes().splitlines()) > _MOST_MAPPINGS:
        jax.clear_caches()
        gc.collect()
