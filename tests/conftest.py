"""Strict JAX, two CPU devices, one compilation cache and one trained model of each recipe for all workers.

Tests marked slow run with --slow. Real data cannot be skipped where it is required.
"""

import fcntl
import functools
import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

# Most of a test's time is compilation. As JAX's own tests, these do without most optimisations (see `optimised`), and
# without XLA's fusion emitters, which make it half as long again or more. Processes that tests launch compile
# alike, unless they are to run as users run them (`AS_USERS` in tests/experiments).
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + (
    " --xla_force_host_platform_device_count=2"
    " --xla_cpu_use_fusion_emitters=false"
    " --xla_cpu_parallel_codegen_split_count=1"  # tests run on all cores already
)
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")

import jax
import pytest

from ganrs_jax.checkpoint import load_generator, save_generator
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.profile import gan
from ganrs_jax.recipes import RECIPES, Model
from tests.models import quick

_CACHE = "GANRS_TEST_COMPILED"  # folder of programs compiled once for all processes of a test run
_MOST_MAPPINGS = 45_000

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_legacy_prng_key", "error")
jax.config.update("jax_debug_key_reuse", True)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes long; runs with --slow")
    if os.environ.get("GANRS_REQUIRE_DATA") and not os.environ.get("GANRS_DATA_DIR"):
        raise pytest.UsageError("GANRS_REQUIRE_DATA is set, so GANRS_DATA_DIR must name the real data")
    if _CACHE not in os.environ:
        os.environ[_CACHE] = tempfile.mkdtemp(prefix="ganrs_jax_")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(_CACHE), ignore_errors=True))
    jax.config.update("jax_compilation_cache_dir", os.environ[_CACHE])


def pytest_collection_modifyitems(config, items):
    """Without --slow the slow tests are deselected, and the last line says how many.

    What trains the models that all share comes first, and what uses most of what others have compiled comes last.
    """
    folders = [Path(item.path).relative_to(config.rootpath).parts[1] for item in items]
    order = {"test_recipes.py": 0, "profile": 2, "experiments": 3}
    ranks = dict(zip(items, (order.get(folder, 1) for folder in folders), strict=True))
    items.sort(key=ranks.__getitem__)
    if config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.fixture(scope="session")
def data_dir():
    """The folder of real data; the test is skipped without one, unless it is required."""
    folder = os.environ.get("GANRS_DATA_DIR")
    if not folder:
        pytest.skip("GANRS_DATA_DIR is not set")
    return folder


@pytest.fixture
def optimised() -> Iterator[None]:
    """Optimised programs, for tests that compute longer than they compile."""
    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture(scope="session", autouse=True)
def _few_are_held_out() -> Iterator[None]:
    """Fewer vectors than by default choose the best average of a generator: it is most of a quick training's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gan, "_HELD_OUT", 512)
        yield


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """A folder that all workers of this test run have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def once(shared_folder) -> Callable[[str, Callable[[Path], None]], Path]:
    """once(NAME, make): the path NAME in the shared folder, made by the first worker that asks for it."""

    def get(name: str, make: Callable[[Path], None]) -> Path:
        path = shared_folder / name
        with open(shared_folder / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                make(path)
        return path

    return get


@pytest.fixture(scope="session")
def tiny() -> Ratings:
    """80 users, 60 items, 2,000 ratings."""
    return load_ratings("planted", ReadOptions(planted_users=80, planted_items=60, planted_ratings=2000))


@pytest.fixture(scope="session")
def trained_folder(tiny, once) -> Callable[[str], Path]:
    """trained_folder(NAME): the folder of a generator of the recipe, seed 3, trained once for all workers."""
    return lambda name: once(
        f"model_{name}", lambda path: save_generator(path, RECIPES[name].fit([3], tiny, [quick(name)])[0])
    )


@pytest.fixture(scope="session")
def trained(trained_folder) -> Callable[[str], Model]:
    """trained(NAME): the model in `trained_folder`."""
    return functools.cache(lambda name: load_generator(trained_folder(name)))


@pytest.fixture(scope="module", autouse=True)
def _few_mappings() -> Iterator[None]:
    """Compiled programs map memory, and a process of more than 65,530 maps (Linux's limit) dies in the compiler."""
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and len(maps.read_bytes().splitlines()) > _MOST_MAPPINGS:
        jax.clear_caches()
        gc.collect()
