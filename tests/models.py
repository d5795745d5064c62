"""Settings with which each recipe trains in a second or so, and a dataset to ask of it."""

from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.published.settings import GroupsRequest, RawSamplesRequest
from ganrs_jax.recipes import RECIPES

PUBLISHED = ("ganrs", "wganrs", "cganrs")
QUICK = {name: {"embedding_epochs": 2, "gan_steps": 100, "kmeans_iterations": 20} for name in PUBLISHED} | {
    "profile": {
        "interaction_rank": 4,
        "rating_rank": 2,
        "local_rank": 6,
        "users_per_direction": 1,
        "style_rank": 2,
        "embedding_rounds": 3,
        "embedding_sweeps": 3,
        "posterior_draws": 2,
        "gan_steps": 120,
        "width": 32,
        "blocks": 1,
        "calibration_rounds": 1,
    }
}
# The world of the fixture `tiny` and these settings, as flags: whoever trains on them finds the programs compiled.
WORLD = ("--source=planted", "--planted_users=80", "--planted_items=60", "--planted_ratings=2000")
QUICK_FLAGS = {
    name: tuple(f"--config.{field}={value}" for field, value in settings.items()) for name, settings in QUICK.items()
}
_SAMPLES = {"num_users": 30, "num_items": 25, "num_samples": 3000, "sigma": 1.0, "seed": 5}
ASKED = {
    "ganrs": RawSamplesRequest(**_SAMPLES),
    "wganrs": RawSamplesRequest(**_SAMPLES),
    "cganrs": GroupsRequest(**_SAMPLES),
    "profile": RatingsRequest(num_users=30, num_items=25, num_ratings=300, sigma=1.0, seed=5),
}


def quick(name: str, **changes):
    """The recipe's configuration at its quick settings, but for the changes."""
    return RECIPES[name].config(**QUICK[name] | changes)
