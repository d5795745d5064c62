"""Options of reading ratings."""

import dataclasses
import os
from pathlib import Path

from ganrs_jax.data.ids import DUPLICATE_POLICIES
from ganrs_jax.data.scale import MAX_LEVELS, Scale
from ganrs_jax.errors import InputError, shown

NO_TIME = "none"  # as `timestamp_column`: no column of times is read
COMPRESSIONS = ("none", "gzip", "bz2", "xz", "zst", "zip")
TIME_UNITS = ("s", "ms", "us", "ns")
_COLUMN_FIELDS = ("user_column", "item_column", "rating_column", "timestamp_column")
_CHOICES = {
    "duplicates": DUPLICATE_POLICIES,
    "decimal": ("", ".", ","),
    "compression": ("", *COMPRESSIONS),
    "ids": ("", "text"),
    "missing": ("refuse", "drop", "keep"),
    "bad_rows": ("refuse", "drop"),
}


@dataclasses.dataclass(frozen=True)
class ReadOptions:
    """How and where ratings are read, and how many of them are kept."""

    source_path: str = ""  # file or folder that holds a named source; "" = data_dir, then cache_dir, then a download
    data_dir: str = ""  # folder of published releases or NAME.parquet files; "" = environment GANRS_DATA_DIR
    cache_dir: str = ""  # folder for downloads; "" = XDG_CACHE_HOME or ~/.cache, /ganrs_jax
    download: bool = True  # whether a named source may be fetched over the network
    user_column: str = ""  # column of user ids; "" = the one with a usual name (user, userId, uid, ...)
    item_column: str = ""  # column of item ids; "" = the one with a usual name (item, movieId, asin, ISBN, ...)
    rating_column: str = ""  # column of ratings; "" = the one with a usual name (rating, score, stars, ...)
    timestamp_column: str = ""  # column of times, or none; "" = the one with a usual name (timestamp, ...), if any
    columns: str = ""  # names of the columns of a table that has none, in order: user,item,rating,timestamp; - = unused
    separator: str = ""  # one character, tab or ::; "" = found
    quote: str = ""  # one character, or none; "" = found
    decimal: str = ""  # decimal sign of ratings, a point or a comma; "" = found
    encoding: str = ""  # a codec of Python such as latin-1; "" = UTF-8, by its mark UTF-16, else Windows-1252
    compression: str = ""  # none, gzip, bz2, xz, zst or zip; "" = found
    ids: str = ""  # text; "" = numbers where each is a whole number written the shortest way, else text
    time_format: str = ""  # s, ms, us, ns, or a form such as %d/%m/%Y; "" = found
    missing: str = "refuse"  # rows with an empty or NULL field: refuse, drop, or keep (NULL and NA are then ids)
    bad_rows: str = "refuse"  # rows that cannot be read: refuse or drop
    unrated: str = ""  # ratings that mean "not rated", whose rows are dropped: 0, or 0,-1, or none; "" = the format's
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
        """Whether columns or a separator were given, which only a table of no known format needs."""
        given = [getattr(self, name) for name in (*_COLUMN_FIELDS[:3], "columns", "separator", "quote")]
        return any(given) or self.timestamp_column not in ("", NO_TIME)


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
    for name, accepted in _CHOICES.items():
        if getattr(options, name) not in accepted:
            listed = ", ".join(filter(None, accepted))
            raise InputError(f"`{name}={shown(getattr(options, name))}`; accepted: {listed}")
    role_of: dict[str, str] = {}
    for name in filter(lambda field: getattr(options, field), _COLUMN_FIELDS):
        other = role_of.setdefault(column := getattr(options, name), name)
        if other != name:
            none = f", or `timestamp_column={NO_TIME}`" if name == "timestamp_column" else ""
            raise InputError(f"`{name}={column}` is `{other}` too; accepted: another column{none}")
    if options.encoding:
        try:
            "".encode(options.encoding)
        except LookupError:  # also what is no encoding of text, such as base64
            raise InputError(
                f"`encoding={shown(options.encoding)}`; accepted: utf-8, utf-16, latin-1, cp1252 ..."
            ) from None
    if options.time_format not in ("", *TIME_UNITS) and "%" not in options.time_format:
        raise InputError(
            f"`time_format={shown(options.time_format)}`; accepted: {', '.join(TIME_UNITS)}, or a form such as %d/%m/%Y"
        )
    if options.columns and len(options.columns.split(",")) < 3:
        raise InputError(f"`columns={shown(options.columns)}`; accepted: a name a column, such as user,item,rating")
    unrated_values(options.unrated)
    check_quote(options.quote)
    parse_scale(options.scale)
    separator = separator_of(options.separator)
    if options.quote and options.quote == separator:
        raise InputError(f"`quote={shown(options.quote)}` is the `separator` too; accepted: another one, or none")


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


def check_quote(text: str) -> None:
    """Raises InputError unless it is one character that can stand around a field, "none" or ""."""
    if text not in ("", "none") and (len(text) != 1 or not text.isascii() or text.isalnum() or text in "\r\n"):
        raise InputError(f"`quote={shown(text)}`; accepted: one character such as a double quote, or none")


def unrated_values(text: str) -> tuple[float, ...] | None:
    """The ratings that `unrated` names: "0,-1" is two, "none" is (), "" is None.

    Raises:
      InputError: what is no number.
    """
    if not text:
        return None
    try:
        return () if text == "none" else tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"`unrated={shown(text)}`; accepted: numbers such as 0 or 0,-1, or none") from None
