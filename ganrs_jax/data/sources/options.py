"""Options of reading ratings."""

import dataclasses
import os
from pathlib import Path

from ganrs_jax.data.ids import DUPLICATE_POLICIES
from ganrs_jax.data.scale import MAX_LEVELS, Scale
from ganrs_jax.data.sources.text import shown
from ganrs_jax.errors import InputError

_COLUMN_FIELDS = ("user_column", "item_column", "rating_column", "timestamp_column")


@dataclasses.dataclass(frozen=True)
class ReadOptions:
    """How and where ratings are read, and how many of them are kept."""

    source_path: str = ""  # file or folder that holds a named source; "" = data_dir, then cache_dir, then a download
    data_dir: str = ""  # folder of published releases or NAME.parquet files; "" = environment GANRS_DATA_DIR
    cache_dir: str = ""  # folder for downloads; "" = XDG_CACHE_HOME or ~/.cache, /ganrs_jax
    download: bool = True  # whether a named source may be fetched over the network
    user_column: str = "user_id"  # column name in a generic table
    item_column: str = "item_id"  # column name in a generic table
    rating_column: str = "rating"  # column name in a generic table
    timestamp_column: str = "timestamp"  # column name in a generic table; read where the table has it, seconds
    separator: str = ""  # one character, "tab" or "::"; "" = by suffix, else the likely one of the first line
    scale: str = ""  # "low:high:step" in rating units; "" = the source's own, else found from the values
    duplicates: str = "last"  # a repeated (user, item) pair: "last" (by time, else by row), "first" or "error"
    max_users: int = 0  # users kept at random, 0 = all
    max_items: int = 0  # items kept at random, 0 = all
    min_user_ratings: int = 0  # users of fewer ratings are dropped, 0 = none
    source_seed: int = 0  # of the sub-sampling and of the planted world, 0 or more
    planted_users: int = 600  # users of the planted world, 2 or more
    planted_items: int = 400  # items of the planted world, 2 or more
    planted_ratings: int = 30_000  # ratings of the planted world, max(users, items) to users x items
    rank: int = 5  # latent factors of the planted world, 1 or more
    groups: int = 2  # user groups of the planted world, each with its own taste, 1 to planted_users
    noise: float = 0.5  # standard deviation of a planted rating about the truth, in stars, 0 or more

    @property
    def data_folder(self) -> Path | None:
        """Where releases are kept by hand, or None."""
        folder = self.data_dir or os.environ.get("GANRS_DATA_DIR", "")
        return Path(folder).expanduser() if folder else None

    @property
    def cache_folder(self) -> Path:
        """Where downloads are kept."""
        if self.cache_dir:
            return Path(self.cache_dir).expanduser()
        base = os.environ.get("XDG_CACHE_HOME", "")
        return (Path(base) if base else Path.home() / ".cache") / "ganrs_jax"

    @property
    def names_a_table(self) -> bool:
        """Whether columns or a separator were given, which only a generic table has."""
        fields = {field.name: field.default for field in dataclasses.fields(self)}
        return bool(self.separator) or any(getattr(self, name) != fields[name] for name in _COLUMN_FIELDS)


def check_options(options: ReadOptions) -> None:
    """Refuses values out of range before anything is read.

    Raises:
      InputError: naming the field, the value and what is accepted.
    """
    for name in ("max_users", "max_items", "min_user_ratings", "source_seed"):
        if getattr(options, name) < 0:
            raise InputError(f"`{name}={getattr(options, name)}`; accepted: 0 or more")
    for name in ("max_users", "max_items"):
        if getattr(options, name) == 1:
            raise InputError(f"`{name}=1`; accepted: 0 for all, or 2 or more")
    if options.duplicates not in DUPLICATE_POLICIES:
        raise InputError(f"`duplicates={shown(options.duplicates)}`; accepted: {', '.join(DUPLICATE_POLICIES)}")
    for name in _COLUMN_FIELDS[:3]:
        if not getattr(options, name):
            raise InputError(f"`{name}=`; accepted: the name of a column")
    role_of: dict[str, str] = {}
    for name in filter(lambda field: getattr(options, field), _COLUMN_FIELDS):
        other = role_of.setdefault(column := getattr(options, name), name)
        if other != name:
            none = ", or `timestamp_column=` for none" if name == "timestamp_column" else ""
            raise InputError(f"`{name}={column}` is `{other}` too; accepted: another column{none}")
    parse_scale(options.scale)
    separator_of(options.separator)


def parse_scale(text: str) -> Scale | None:
    """The scale that "low:high:step" (or "low:high", step 1) says; None for "".

    Raises:
      InputError: not numbers, high not above low, or high not a whole number of steps above low.
    """
    if not text:
        return None
    try:
        numbers = [float(part) for part in text.split(":")]
        low, high, step = numbers if len(numbers) == 3 else (*numbers, 1.0)
        steps = (high - low) / step
        whole = abs(steps - round(steps)) < 1e-6
    except (ValueError, ZeroDivisionError, OverflowError):
        low, high, step, steps, whole = 0.0, 0.0, 0.0, 0.0, False
    if not (whole and step > 0 and 0 < steps < MAX_LEVELS):
        raise InputError(f"`scale={shown(text)}`; accepted: low:high:step such as 1:5:1, a whole number of steps")
    return Scale(low, high, step)


def separator_of(text: str) -> str:
    r"""What a `separator` value stands for: itself, or a tab for "tab" and "\t".

    Raises:
      InputError: if it is more than one character, and not "::".
    """
    separator = "\t" if text in ("tab", "\\t") else text
    if separator == "::":
        return separator
    if len(separator) > 1 or separator in ('"', "\n", "\r") or not separator.isascii():
        raise InputError(
            f"`separator={shown(text)}`; accepted: one ASCII character such as ',' ';' '|' or ' ', tab, or ::"
        )
    return separator
