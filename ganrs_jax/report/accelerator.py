"""What a benchmark of an accelerator found, as a table and a line; parts may have ended before they were done."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

PASSES = ("first", "steady")  # the first compiles
_HEADER = ["part", "first s", "compile s", "steady s", "figures"]
Found = dict[str, Any]


def accelerator_table(parts: Mapping[str, Found], rooflines: Mapping[str, Found]) -> list[list[str]]:
    """Header and rows.

    Args:
      parts: by name, in their order: of a training by number of `seeds`, of a generation by pass (`PASSES`).
      rooflines: by program, the shares of the device's own speed that it reaches.
    """
    table = [_HEADER]
    for name, found in parts.items():
        table += _of_training(name, found) if "seeds" in found else _of_generation(name, found)
    for name, of in rooflines.items():
        table.append(_row(name, (), f"{of['share_of_matmul']:.1%} of matmul, {of['share_of_copy']:.1%} of copy speed"))
    return table


def accelerator_line(parts: Mapping[str, Found], aim: float, device_peak_mib: int | None) -> str:
    """How fast the first dataset was made, beside the aim; whether the same seed gave the same bytes; memory."""
    datasets = {name: found for name, found in parts.items() if "seeds" not in found}
    words = []
    last = _last_whole(next(iter(datasets.values())))
    if last:
        after, whole = last["rows_per_s_after_plan"], last["rows_per_s"]
        words.append(f"{after:,.0f} rows a second after plan (aim: {aim:,.0f}), {whole:,.0f} plan included")
    same: list[str] = []
    other: list[str] = []
    for name, found in parts.items():
        for part, done in _repeated(name, found).items():
            (same if done["same_bytes"] else other).append(part)
    if same:
        words.append(f"the same seed gave the same bytes: {', '.join(same)}")
    if other:
        words.append(f"the same seed gave OTHER BYTES: {', '.join(other)}")
    if not same and not other:
        words.append("nothing was done twice in the time: that the same seed gives the same bytes is not shown")
    if any(found.get("time_is_up") for found in parts.values()):
        words.append("not all was done in the time: programs that were compiled are kept, so a second run gets further")
    if device_peak_mib is not None:
        words.append(f"peak memory of the device {device_peak_mib} MiB")
    return "; ".join(words)


def told_seeds(count: int) -> str:
    """A number of seeds in words."""
    return "one seed" if count == 1 else f"{count} seeds"


def _repeated(name: str, found: Found) -> dict[str, Found]:
    """What was made twice with the same seeds, by its name."""
    cells = {name: found}
    if "seeds" in found:
        cells = {f"{name}, {told_seeds(int(count))}": cell for count, cell in found["seeds"].items()}
    return {each: cell for each, cell in cells.items() if "same_bytes" in cell}


def _of_training(name: str, found: Found) -> Iterator[list[str]]:
    if not found["seeds"]:
        yield _row(name, (), _ended(found))
    for count, cell in found["seeds"].items():
        figures = _ended(found)
        if "steady_s" in cell:
            figures = "" if count == "1" else f"{cell['times_one_seed']:.2f} times one seed"
        seconds = [cell.get(key) for key in ("first_s", "first_compile_s", "steady_s")]
        yield _row(f"{name}, {told_seeds(int(count))}", seconds, figures)


def _of_generation(name: str, found: Found) -> Iterator[list[str]]:
    first, last = found.get("first", {}), _last_whole(found)
    steady = found["steady"] if "rows_per_s" in found.get("steady", {}) else {}
    planned = f"{last['rows_per_s']:,.0f} rows a second, plan included" if last else ""
    if "plan_s" not in first:
        planned = found.get("left_out") or _ended(found)
    yield _row(f"{name}, plan", [first.get("plan_s"), first.get("plan_compile_s"), steady.get("plan_s")], planned)
    if "plan_s" in first:
        seconds = [first.get("rows_s"), first.get("rows_compile_s"), steady.get("rows_s")]
        yield _row(f"{name}, rows", seconds, _drawn(found))
    if "rows_and_files_s" in found:
        rate = found["request"]["num_ratings"] / found["rows_and_files_s"]
        yield _row(f"{name}, rows and files", [None, None, found["rows_and_files_s"]], f"{rate:,.0f} rows a second")


def _drawn(found: Found) -> str:
    """How fast the rows of a dataset were drawn, and how many of them where the time was up before all were."""
    first, last = found["first"], _last_whole(found)
    if last:
        return f"{last['rows_per_s_after_plan']:,.0f} rows a second after plan"
    rate = f": {first['rows'] / first['rows_s']:,.0f} a second after plan" if first["rows"] else ""
    return f"{first['rows']:,} of {found['request']['num_ratings']:,} rows, {_ended(found)}{rate}"


def _last_whole(found: Found) -> Found:
    """The last pass in which the whole dataset was drawn; empty if none."""
    whole = [found[name] for name in PASSES if "rows_per_s" in found.get(name, {})]
    return whole[-1] if whole else {}


def _ended(found: Found) -> str:
    return "failed" if found.get("error") else "then its time was up"


def _row(name: str, seconds: Sequence[float | None], figures: str) -> list[str]:
    return [name, *("" if each is None else f"{each:.2f}" for each in seconds or [None] * 3), figures]
