"""The share of each rating that a dataset shall have, as a flag gives it."""

import math

import numpy as np

from ganrs_jax.data.scale import Scale
from ganrs_jax.errors import InputError
from ganrs_jax.sampling.number_files import is_file, read_lines

_FORMS = "source, LEVEL=SHARE,..., one share a level, or a file of lines LEVEL,SHARE or SHARE"
_SLACK = 1e-3  # that the shares may be off from a sum of 1
_SHOWN = 12  # shares that a message offers

Entries = list[tuple[float | None, float]]  # (level or None, share)


def parse_histogram(text: str, scale: Scale, flag: str) -> np.ndarray | None:
    """The share of each level of the scale, float64 [L], summing to 1; None for "source".

    Args:
      text: source; LEVEL=SHARE,... (levels left out get 0); one share a level, ascending, separated by commas; or
        a file of lines LEVEL,SHARE or SHARE.
      scale: the ratings there are.
      flag: its name without dashes, for messages.

    Raises:
      InputError: as `histogram_entries`, a level off the scale, or another number of shares than levels.
    """
    if text == "source":
        return None
    entries, levels = histogram_entries(text, flag), scale.levels
    if entries[0][0] is None:
        if len(entries) != len(levels):
            raise InputError(
                f"`{flag}={_short(text)}`: {len(entries)} shares; accepted: {len(levels)}, one for each of {scale}"
            )
        shares = np.array([share for _, share in entries])
    else:
        shares = np.zeros(len(levels))
        shares[[_place(level, scale, flag) for level, _ in entries]] = [share for _, share in entries]
    return shares / shares.sum()


def histogram_entries(text: str, flag: str) -> Entries:
    """What a flag's text says, as far as it can be judged without knowing the scale.

    Args:
      text: as of `parse_histogram`, but not "source".
      flag: its name without dashes, for messages.

    Returns:
      (level, share) of each entry, the level None in all where the text gives shares alone.

    Raises:
      InputError: none of the forms, a level twice, a share that is negative or not finite, or a sum that is not
        1 within 0.001; a file's entry is named by its row.
    """
    if is_file(text):
        rows = read_lines(text, f"`{flag}={text}`")
        entries = [_entry(line, ",", f"`{flag}={text}`: row {row}") for row, line in enumerate(rows, 1)]
    else:
        entries = [_entry(part, "=", f"`{flag}={_short(text)}`") for part in text.split(",")]
    levels = [level for level, _ in entries]
    if levels.count(None) not in (0, len(levels)) or (levels[0] is not None and len(set(levels)) < len(levels)):
        raise InputError(f"`{flag}={_short(text)}`: a level is missing or twice; accepted: {_FORMS}")
    _check_sum(entries, f"`{flag}={_short(text)}`")
    return entries


def _entry(part: str, separator: str, where: str) -> tuple[float | None, float]:
    level, _, share = part.rpartition(separator)
    try:
        entry = (float(level) if separator in part else None, float(share))
    except ValueError:
        raise InputError(f"{where}: {_short(part)!r}; accepted: {_FORMS}") from None
    if not (math.isfinite(entry[0] or 0) and 0 <= entry[1] < math.inf):
        raise InputError(f"{where}: {_short(part)!r}; accepted: finite levels and shares, no share below 0")
    return entry


def _check_sum(entries: Entries, where: str) -> None:
    total = sum(share for _, share in entries)
    if abs(total - 1) <= _SLACK:
        return
    if not 0 < total < math.inf or len(entries) > _SHOWN:
        offer = "shares that sum to 1"
    else:
        parts = [f"{'' if level is None else f'{level:g}='}{share / total:.4g}" for level, share in entries]
        offer = f"shares that sum to 1, the nearest {','.join(parts)}"
    raise InputError(f"{where}: the shares sum to {total:.6g}; accepted: {offer}")


def _place(level: float | None, scale: Scale, flag: str) -> int:
    steps = ((level or 0.0) - scale.low) / scale.step
    if abs(steps - round(steps)) > 1e-3 or not 0 <= round(steps) < len(scale.levels):
        raise InputError(f"`{flag}`: rating {level:g} is off the scale; accepted: {scale}")
    return round(steps)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + "..."
