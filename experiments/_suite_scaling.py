"""Benchmark of sizes: seconds by rows, by items, by users and by seeds trained at once."""

import dataclasses
import time
from pathlib import Path
from typing import Any

from experiments._suite_profile import (
    generator_given,
    profile_config,
    rooflines_of_generation,
    sizes_asked,
    written,
)
from ganrs_jax.cli.flags import numbers, read_source
from ganrs_jax.cli.rooflines import roofline_line
from ganrs_jax.cli.runner import FLAGS, Progress
from ganrs_jax.cli.timing import compile_seconds, fresh_peak, recent_peak_mib
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.recipe import complete, fit
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.report.scaling import scaling_figure, scaling_table

_ONCE = 60.0  # seconds; what takes longer is not done again, as compiling is little of it
_FIGURE = "scaling.svg"
_BASE = RatingsRequest(num_users=20_000, num_items=4000, num_ratings=2_000_000)


def scaling(progress: Progress) -> dict[str, Any]:
    """Each size beside --num_users, --num_items and --num_ratings of one dataset; --lanes of seeds."""
    axes = {name: numbers(name, int) for name in ("rows", "items", "users")}
    lanes = numbers("lanes", int)
    generator = generator_given(progress)
    base = complete(generator, sizes_asked(_BASE))
    asked = [(axis, complete(generator, _sized(base, axis, n))) for axis, all_n in axes.items() for n in all_n]
    found = [_dataset(axis, request, generator, progress) for axis, request in asked]
    found += [_training(count, progress) for count in sorted({1, *lanes})]
    scaling_figure(Path(FLAGS.workdir) / _FIGURE, found)
    header, rows = scaling_table(found)
    rooflines = rooflines_of_generation(generator, base)
    say = f"{len(asked)} datasets, {Path(FLAGS.workdir) / _FIGURE}; {roofline_line(rooflines)}"
    return {"cells": found, "table": [header, *rows], "rooflines": rooflines, "say": say}


def _sized(base: RatingsRequest, axis: str, number: int) -> RatingsRequest:
    """With more items or users, each user rates as many; more rows are more users."""
    a_user = base.num_ratings / base.num_users
    if axis == "items":
        return dataclasses.replace(base, num_items=number)
    users = number if axis == "users" else max(1, round(number / a_user))
    rows = number if axis == "rows" else round(number * a_user)
    return dataclasses.replace(base, num_users=users, num_ratings=rows)


def _dataset(axis: str, asked: RatingsRequest, generator: ProfileModel, progress: Progress) -> dict[str, Any]:
    fresh_peak()
    before = compile_seconds()
    first = written(generator, asked, progress)
    compiling, long = compile_seconds() - before, sum(first.values()) > _ONCE
    steady = first if long else written(generator, dataclasses.replace(asked, seed=asked.seed + 1), progress)
    sizes = {"users": asked.num_users, "items": asked.num_items, "rows": asked.num_ratings}
    seconds = {"first_s": sum(first.values()), "plan_s": steady["plan"], "rows_s": steady["rows and files"]}
    return _cell(axis, 1, sizes, {**seconds, "compile_s": compiling}, asked.num_ratings / sum(steady.values()))


def _training(count: int, progress: Progress) -> dict[str, Any]:
    """Training of several seeds at once; a second time, when its programs are compiled, unless it takes long."""
    ratings, config, seconds, compiling = read_source(), profile_config(), [], []
    fresh_peak()
    for seed in (0, count):
        before = compile_seconds()
        begin = time.monotonic()
        fit(list(range(seed, seed + count)), ratings, [config] * count, progress)
        seconds.append(time.monotonic() - begin)
        compiling.append(compile_seconds() - before)
        if seconds[0] > _ONCE:
            break
    sizes = {"users": ratings.num_users, "items": ratings.num_items, "rows": ratings.num_ratings}
    times = {"first_s": seconds[0], "compile_s": compiling[0], "plan_s": None, "rows_s": seconds[-1]}
    return _cell("seeds", count, sizes, times, count * ratings.num_ratings / seconds[-1])


def _cell(axis: str, seeds: int, sizes: dict[str, int], seconds: dict[str, Any], rate: float) -> dict[str, Any]:
    peak = {"peak_memory_mib": recent_peak_mib()}
    return {"axis": axis, "seeds": seeds, **sizes, **seconds, "rows_per_s": rate, **peak}
