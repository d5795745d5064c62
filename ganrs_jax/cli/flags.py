"""Flags that several experiments share."""

import dataclasses
import math
import re
from typing import Any

from absl import flags

from ganrs_jax.cli.command_line import commented_fields
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.data.sources import SOURCES, ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from ganrs_jax.profile.cold_start import parse_cold
from ganrs_jax.recipes import RECIPES, Recipe, Request
from ganrs_jax.sampling.distributions import histogram_entries, parse_distribution

FLAGS = flags.FLAGS
_MOST = 2**31 - 1  # users, items or samples: ids are 32 bits wide


def define_source(default: str = "ml100k") -> None:
    """--source and the flags of `define_reading`."""
    flags.DEFINE_string("source", default, f"One of {', '.join(SOURCES)}; or a file or folder of ratings.")
    define_reading()


def define_reading() -> None:
    """A flag for each field of ReadOptions."""
    define: dict[type, Any] = {
        bool: flags.DEFINE_bool,
        int: flags.DEFINE_integer,
        float: flags.DEFINE_float,
        str: flags.DEFINE_string,
    }
    for name, default, comment in commented_fields(ReadOptions):
        define[type(default)](name, default, f"{comment[:1].upper()}{comment[1:]}.")


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
        "Items wanted; 0 = as many as the source has, in recipe profile fewer where the ratings are few.",
    )
    flags.DEFINE_integer(
        "num_samples", num_samples, "Raw samples drawn (ganrs, wganrs, cganrs); 0 = the source's ratings."
    )
    flags.DEFINE_integer("num_ratings", 0, "Ratings wanted, exactly (profile); 0 = as many per user as in the source.")
    flags.DEFINE_float("sigma", 0.0, "Standard deviation of the noise, of profile 0.2 to 3; 0 = the recipe's own.")
    flags.DEFINE_list("group_shares", [], "Share of users a group, NAME=SHARE,...; default: the source's.")
    forms = (
        "source, thinned (what a random part of the source's ratings has), gini:COEFFICIENT, power:EXPONENT, "
        "lognormal:SIGMA, uniform, or a file of one weight"
    )
    flags.DEFINE_string("activity", "source", f"Distribution of ratings per user (profile): {forms} per user.")
    flags.DEFINE_string("popularity", "source", f"Distribution of ratings per item (profile): {forms} per item.")
    flags.DEFINE_string(
        "rating_histogram",
        "source",
        "Share of each rating (profile): source, gini:COEFFICIENT, power:EXPONENT of the source's shares, "
        "LEVEL=SHARE,..., one share a level, or a file of such lines.",
    )
    for one in ("user", "item"):
        flags.DEFINE_float(f"cold_{one}s", 0.0, f"Share of the {one}s that have few ratings yet (profile): the first.")
        flags.DEFINE_string(f"cold_{one}_ratings", "1:5", f"LEAST:MOST ratings of each cold {one} (profile).")
    flags.DEFINE_string(
        "item_ids", "new", "Ids of items (profile): new, numbers from 0, or source, those in the source's file."
    )


def request(recipe: Recipe, seed: int) -> Request:
    """The request that the flags make of a recipe.

    Raises:
      InputError: for a flag that the recipe does not take, sizes that cannot be, group shares that are not
        NAME=SHARE, or distributions and shares of ratings that are none.
    """
    check_request()
    fields = {each.name: [field.name for field in dataclasses.fields(each.request)] for each in RECIPES.values()}
    taken = {name: [field for field in found if field != "seed"] for name, found in fields.items()}
    for name in sorted({field for found in taken.values() for field in found}):
        if name not in taken[recipe.name] and FLAGS[name].present:
            others = ", ".join(other for other, names in taken.items() if name in names)
            value: Any = FLAGS[name].value
            given = ",".join(value) if isinstance(value, list) else value
            raise InputError(f"--{name}={given}: recipe {recipe.name} does not take it; accepted: recipe {others}")
    values: dict[str, Any] = {name: FLAGS[name].value for name in taken[recipe.name]}
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
        size = int(getattr(FLAGS, name))
        if not (1 if FLAGS[name].present else 0) <= size <= _MOST:
            raise InputError(f"--{name}={size}; accepted: 1 to {_MOST}")
    if FLAGS["sigma"].present and not 0 < FLAGS.sigma < math.inf:
        raise InputError(f"--sigma={FLAGS.sigma:g}; accepted: a finite number over 0")
    for name in ("activity", "popularity"):
        parse_distribution(str(FLAGS[name].value), name)
    parse_cold(FLAGS.cold_users, FLAGS.cold_user_ratings, "user")
    parse_cold(FLAGS.cold_items, FLAGS.cold_item_ratings, "item")
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


def dataset_sizes() -> dict[str, tuple[int, int, int]]:
    """Users, items and rows of each of --sizes, by its text; at least one.

    Raises:
      InputError: if they are not USERSxITEMSxROWS.
    """
    sizes = {}
    for text in FLAGS.sizes or [""]:
        found = re.fullmatch(r"(\d+)x(\d+)x(\d+)", text, re.ASCII)
        users, items, rows = map(int, found.groups()) if found else (0, 0, 0)
        if not users or not items or not rows:
            wrong = f"--sizes={text}" if text else "--sizes is empty"
            raise InputError(f"{wrong}; accepted: USERSxITEMSxROWS, such as 1000x1000x10000")
        sizes[text] = (users, items, rows)
    return sizes


def _group_shares(parts: list[str]) -> dict[str, float]:
    try:
        shares = {name: float(share) for name, share in (part.rsplit("=", 1) for part in parts)}
        if len(shares) != len(parts) or not all(math.isfinite(share) for share in shares.values()):
            raise ValueError
        return shares
    except ValueError as error:
        raise InputError(f"--group_shares={','.join(parts)}; accepted: NAME=SHARE,NAME=SHARE") from error
