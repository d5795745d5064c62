"""Synthetic rating datasets for testing recommender systems, made with generative adversarial networks.

>>> import ganrs_jax as gj
>>> ratings = gj.load_ratings("planted")
>>> model = gj.train(ratings, seed=0)  # doctest: +SKIP
>>> dataset = gj.generate(model, num_users=1000, num_items=500, num_ratings=40_000)  # doctest: +SKIP
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.2.0"

if TYPE_CHECKING:
    from ganrs_jax.api import evaluate as evaluate
    from ganrs_jax.api import fidelity as fidelity
    from ganrs_jax.api import from_pandas as from_pandas
    from ganrs_jax.api import generate as generate
    from ganrs_jax.api import load as load
    from ganrs_jax.api import load_ratings as load_ratings
    from ganrs_jax.api import report as report
    from ganrs_jax.api import save as save
    from ganrs_jax.api import train as train
    from ganrs_jax.api import write as write
    from ganrs_jax.data.dataset import Dataset as Dataset
    from ganrs_jax.data.ratings import Ratings as Ratings
    from ganrs_jax.data.scale import Scale as Scale
    from ganrs_jax.errors import InputError as InputError
    from ganrs_jax.profile.settings import ProfileConfig as ProfileConfig
    from ganrs_jax.published.cganrs import CganrsConfig as CganrsConfig
    from ganrs_jax.published.settings import GanrsConfig as GanrsConfig
    from ganrs_jax.published.wganrs import WganrsConfig as WganrsConfig

_PLACES = {  # of each public name; modules are imported on first use, so that `import ganrs_jax` costs nothing
    **dict.fromkeys(
        ("load_ratings", "from_pandas", "train", "generate", "write", "save", "load", "fidelity", "report", "evaluate"),
        "ganrs_jax.api",
    ),
    "Dataset": "ganrs_jax.data.dataset",
    "Ratings": "ganrs_jax.data.ratings",
    "Scale": "ganrs_jax.data.scale",
    "InputError": "ganrs_jax.errors",
    "ProfileConfig": "ganrs_jax.profile.settings",
    "GanrsConfig": "ganrs_jax.published.settings",
    "WganrsConfig": "ganrs_jax.published.wganrs",
    "CganrsConfig": "ganrs_jax.published.cganrs",
}
__all__ = list(_PLACES)


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
