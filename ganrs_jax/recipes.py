"""The recipes by name."""

from ganrs_jax.data.dataset import Recipe
from ganrs_jax.errors import InputError
from ganrs_jax.profile import recipe as profile
from ganrs_jax.published import cganrs, ganrs, wganrs

RECIPES: dict[str, Recipe] = {
    "profile": profile.RECIPE,
    "ganrs": ganrs.RECIPE,
    "wganrs": wganrs.RECIPE,
    "cganrs": cganrs.RECIPE,
}


def get_recipe(name: str, flag: str = "recipe") -> Recipe:
    """The recipe of that name; flag: what a message calls it.

    Raises:
      InputError: listing the names there are.
    """
    if name not in RECIPES:
        raise InputError(f"--{flag}={name}; accepted: {', '.join(RECIPES)}")
    return RECIPES[name]
