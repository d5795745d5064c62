"""Flags that several experiments share."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from absl import flags

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.data.sources import SOURCES, ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from ganrs_jax.recipes import RECIPES, Recipe, Request
from ganrs_jax.sampling.distributions import histogram_entries, parse_distribution

FLAGS = flags.FLAGS
_MOST = 2**31 - 1  # users, items or samples: ids are 32 bits wide
_REQUEST = (  # the flags of a request, beside its seed
    "num_users",
    "num_items",
    "num_samples",
    "num_ratings",
    "sigma",
    "group_shares",
    "activity",
    "popularity",
    "rating_histogram",
)
_HELP = {
    "source_path": "File or folder that holds the named --source.",
    "data_dir": "Folder of published releases or NAME.parquet files; default: environment GANRS_DATA_DIR.",
    "cache_dir": "Folder for downloads; default: XDG_CACHE_HOME or ~/.cache, /ganrs_jax.",
    "download": "Whether a named source may be fetched over the network.",
    "user_column": "User column of a table.",
    "item_column": "Item column of a table.",
    "rating_column": "Rating column of a table.",
    "timestamp_column": "Time column of a table, seconds; read where there is one.",
    "separator": "One character, tab or ::; default: by suffix, else the likely one.",
    "scale": "Allowed ratings as low:high:step; default: the source's own, else found.",
    "duplicates": "Rating that stays of a repeated (user, item) pair: last, first, or error to refuse.",
    "max_users": "Users kept at random; 0 = all.",
    "max_items": "Items kept at random; 0 = all.",
    "min_user_ratings": "Users of fewer ratings are dropped.",
    "source_seed": "Seed of the sub-sampling and of the planted world.",
    "planted_users": "Users of the planted world.",
    "planted_items": "Items of the planted world.",
    "planted_ratings": "Ratings of the planted world.",
    "rank": "Latent factors of the planted world.",
    "groups": "User groups of the planted world.",
    "noise": "Noise of the planted world, in stars.",
}
_DEFINERS: dict[type, Callable[..., Any]] = {
    bool: flags.DEFINE_bool,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}


def define_source(default: str = "ml100k") -> None:
    """--source and the flags of `define_reading`."""
    flags.DEFINE_string("source", default, f"One of {', '.join(SOURCES)}; or a file or folder of ratings.")
    define_reading()


def define_reading() -> None:
    """A flag for each field of ReadOptions."""
    for field in dataclasses.fields(ReadOptions):
        _DEFINERS[type(field.default)](field.name, field.default, _HELP[field.name])


def read_source(name: str | None = None) -> Ratings:
    """The ratings that the flags ask for.

    Raises:
      InputError: if they cannot be had.
    """
    return load_ratings(name or FLAGS.source, read_options())


def read_options() -> ReadOptions:
    """The options of reading that the flags give."""
    values: dict[str, Any] = {f.name: FLAGS[f.name].value for f in dataclasses.fields(ReadOptions)}
    return ReadOptions(**values)


def reading_facts() -> dict[str, object]:
    """What the flags of reading say of the ratings themselves, wherever their files are."""
    places = ("source_path", "data_dir", "cache_dir", "download")
    return {k: v for k, v in dataclasses.asdict(read_options()).items() if k not in places}


def define_request(num_users: int = 0, num_items: int = 0, num_samples: int = 0) -> None:
    """Sizes, noise, group shares and distributions; a recipe refuses those that it cannot honour."""
    flags.DEFINE_integer("num_users", num_users, "Users wanted; 0 = as many as the source has.")
    flags.DEFINE_integer(
        "num_items",
        num_items,
        "Items wanted; 0 = as many as the source has, in recipe profile at most half the ratings.",
    )
    flags.DEFINE_integer(
        "num_samples", num_samples, "Raw samples drawn (ganrs, wganrs, cganrs); 0 = the source's ratings."
    )
    flags.DEFINE_integer("num_ratings", 0, "Ratings wanted, exactly (profile); 0 = as many per user as in the source.")
    flags.DEFINE_float("sigma", 0.0, "Standard deviation of the noise, 0.2 to 3; 0 = the recipe's own.")
    flags.DEFINE_list("group_shares", [], "Share of users a group, NAME=SHARE,...; default: the source's (cganrs).")
    forms = "source, power:EXPONENT, lognormal:SIGMA, uniform, or a file of one weight"
    flags.DEFINE_string("activity", "source", f"Distribution of ratings per user (profile): {forms} per user.")
    flags.DEFINE_string("popularity", "source", f"Distribution of ratings per item (profile): {forms} per item.")
    flags.DEFINE_string(
        "rating_histogram",
        "source",
        "Share of each rating (profile): source, LEVEL=SHARE,..., one share a level, or a file of such lines.",
    )


def request(recipe: Recipe, seed: int) -> Request:
    """The request that the flags make of a recipe.

    Raises:
      InputError: for a flag that the recipe does not take, sizes that cannot be, group shares that are not
        NAME=SHARE, or distributions and shares of ratings that are none.
    """
    check_request()
    taken = {each.name: {field.name for field in dataclasses.fields(each.request)} for each in RECIPES.values()}
    for name in _REQUEST:
        if name not in taken[recipe.name] and FLAGS[name].present:
            others = ", ".join(other for other, names in taken.items() if name in names)
            value: Any = FLAGS[name].value
            given = ",".join(value) if isinstance(value, list) else value
            raise InputError(f"--{name}={given}: recipe {recipe.name} does not take it; accepted: recipe {others}")
    values: dict[str, Any] = {name: FLAGS[name].value for name in _REQUEST if name in taken[recipe.name]}
    if "group_shares" in values:
        values["group_shares"] = _group_shares(FLAGS.group_shares)
    return recipe.request(**values, seed=seed)


def check_request() -> None:
    """Raises InputError for flags of a request that no recipe could meet, before any work."""
    if FLAGS["num_ratings"].present and FLAGS["num_samples"].present:
        raise InputError(
            f"--num_ratings={FLAGS.num_ratings} and --num_samples={FLAGS.num_samples}; "
            "accepted: --num_ratings for recipe profile, --num_samples for the published ones"
        )
    for name in ("num_samples", "num_ratings", "num_users", "num_items"):
        _check_size(name)
    if FLAGS["sigma"].present and not 0 < FLAGS.sigma < math.inf:
        raise InputError(f"--sigma={FLAGS.sigma:g}; accepted: a finite number over 0")
    for name in ("activity", "popularity"):
        parse_distribution(str(FLAGS[name].value), name)
    if FLAGS.rating_histogram != "source":
        histogram_entries(FLAGS.rating_histogram, "rating_histogram")
    _group_shares(FLAGS.group_shares)


def check_seed(seed: int) -> None:
    """Raises InputError unless the seed fits 32 bits, as keys are made from that many."""
    if not 0 <= seed < 2**32:
        raise InputError(f"--seed={seed}; accepted: 0 to {2**32 - 1}")


def numbers(flag: str, kind: type) -> list[Any]:
    """The numbers of a list flag, all over 0; none only where that is the flag's default.

    Raises:
      InputError: naming the flag.
    """
    try:
        values = [kind(text) for text in getattr(FLAGS, flag)]
    except ValueError:
        values = [0]
    if not values and FLAGS[flag].default:
        values = [0]
    if not all(0 < value < math.inf for value in values):
        raise InputError(f"--{flag}={','.join(getattr(FLAGS, flag))}; accepted: numbers over 0, separated by commas")
    return values


def _check_size(name: str) -> None:
    size, filler = int(getattr(FLAGS, name)), "num_ratings" if FLAGS.num_ratings else "num_samples"
    rows = FLAGS[filler].value
    if not (1 if FLAGS[name].present else 0) <= size <= _MOST:
        raise InputError(f"--{name}={size}; accepted: 1 to {_MOST}")
    if name in ("num_users", "num_items") and rows and size > rows:
        raise InputError(
            f"--{name}={size} cannot be filled by --{filler}={rows}; accepted: 1 to {rows}, or more {filler[4:]}"
        )


def _group_shares(parts: list[str]) -> dict[str, float]:
    try:
        shares = {name: float(share) for name, share in (part.rsplit("=", 1) for part in parts)}
        if len(shares) != len(parts) or not all(math.isfinite(share) for share in shares.values()):
            raise ValueError
        return shares
    except ValueError as error:
        raise InputError(f"--group_shares={','.join(parts)}; accepted: NAME=SHARE,NAME=SHARE") from error
