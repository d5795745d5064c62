"""Settings with which each recipe trains in a second or so, and a dataset to ask of it."""

from collections.abc import Callable, Iterator

import pytest

from ganrs_jax.data.dataset import Generator, Request
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.profile import recipe as profile
from ganrs_jax.recipes import RECIPES

PUBLISHED = ("ganrs", "wganrs", "cganrs")
QUICK = {name: {"embedding_epochs": 2, "gan_steps": 100, "kmeans_iterations": 20} for name in PUBLISHED} | {
    "profile": {
        "interaction_rank": 4,
        "rating_rank": 2,
        "style_rank": 2,
        "embedding_rounds": 3,
        "embedding_sweeps": 3,
        "posterior_draws": 2,
        "gan_steps": 120,
        "width": 32,
        "blocks": 1,
        "structure_rounds": 1,
        "predictability_rounds": 1,
        "kmeans_iterations": 20,
    }
}
ASKED = {name: Request(num_users=30, num_items=25, num_samples=3000, sigma=1.0, seed=5) for name in PUBLISHED} | {
    "profile": Request(num_users=30, num_items=25, num_ratings=300, sigma=1.0, seed=5)
}


def quick(name: str, **changes):
    """The recipe's configuration at its quick settings, but for the changes."""
    return RECIPES[name].config(**QUICK[name] | changes)


@pytest.fixture(scope="session", autouse=True)
def _few_are_judged() -> Iterator[None]:
    """Fewer vectors than by default choose the best average of a generator: it is most of a quick training's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(profile, "_JUDGED", 512)
        yield


@pytest.fixture(scope="session")
def tiny() -> Ratings:
    """80 users, 60 items, 2,000 ratings."""
    return load_ratings("planted", ReadOptions(planted_users=80, planted_items=60, planted_ratings=2000))


@pytest.fixture(scope="session")
def trained(tiny) -> Callable[[str], Generator]:
    """trained(NAME): a generator of the recipe, seed 3, trained once for the session."""
    held: dict[str, Generator] = {}

    def get(name: str) -> Generator:
        if name not in held:
            held[name] = RECIPES[name].fit([3], tiny, [quick(name)])[0]
        return held[name]

    return get
