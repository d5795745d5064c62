"""What arrays generators have, by their paths: one that lacks some, of an older version, is refused when it is read.

A change here, or of what an array means, is another `checkpoint.FORMAT_VERSION`. Weights of networks are named as a
whole: their shapes follow from the configuration.
"""

from collections.abc import Mapping
from typing import Any

_MATCHING = ("matching/shift_after", "matching/shift_before", "matching/spread", "matching/turn")
_STRATA = ("strata/below", "strata/column", "strata/mean", "strata/quantiles", "strata/root")
_BY_SIZE = ("by_size/centre", "by_size/coefficients", "by_size/scale")
_APPETITE = ("appetite/size", "appetite/weight")
_STRENGTH = ("by_length", "by_size", "length", "size")
_LAWS = ("activity/count", "activity/number", "popularity/count", "popularity/number")
_LIKING = tuple(
    f"{part}/{name}" for part in ("generosity", "liking") for name in ("chance", "items", "slices", "spread")
)
_ONE = ("choice", "correlation", "mean_rating", "offset", "tails", "taste", "taste_bounds")
_PARTS = ("users", "items")

PUBLISHED = ("network", "rating_mean", "rating_std")
PROFILE = (
    *(f"{part}/{name}" for part in _PARTS for name in ("weights", "quantiles", *_MATCHING, *_STRATA, *_BY_SIZE)),
    *(f"strength/{part}/{name}" for part in _PARTS for name in _STRENGTH),
    *("style/basis", "style/borders", *_LAWS, *_LIKING, *_APPETITE, *_ONE),
)


def paths(arrays: Mapping[str, Any], whole: tuple[str, ...] = ()) -> list[str]:
    """Those of all arrays; what lies under one of `whole` is named by it."""
    found = []
    for name, held in arrays.items():
        within = tuple(path.removeprefix(f"{name}/") for path in whole if path.startswith(f"{name}/"))
        inner = isinstance(held, Mapping) and name not in whole
        found += [f"{name}/{path}" for path in paths(held, within)] if inner else [name]
    return found
