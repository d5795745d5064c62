"""Benchmark of an accelerator: training, generation, memory and repetition, within a few minutes whatever the device.

--sources are trained on, one seed and --lanes of them; datasets of --sizes are generated. The last of the default
sizes is a tenth, in users, items and rows each, of the dataset that MLPerf's recommendation task had: MovieLens 20M
expanded to 2.2 million users, 856,000 items and 1.2 billion rows (Belletti et al. 2019, arXiv 1901.08910 and
1905.09874). Each part has half of the time that is left, the last one all of it, and is left when its time is up:
then of a dataset as many blocks of users are told as were drawn. A block depends on the plan and its own number alone,
so they are what they would be in the whole dataset. What a device has been given by then it completes: on an
accelerator that should be seconds (none was at hand), on a CPU at full size it is minutes, beyond --minutes.
"""

import dataclasses
import functools
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import numpy as np

from experiments._suite_profile import generator_given, profile_config, rooflines_of_generation, written
from ganrs_jax.cli.flags import dataset_sizes, numbers, read_source
from ganrs_jax.cli.rooflines import Watch
from ganrs_jax.cli.runner import FLAGS, Progress, say
from ganrs_jax.cli.time_limit import move_on_after
from ganrs_jax.cli.timing import compile_seconds, device_peak_mib, fresh_peak, machine, recent_peak_mib
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.errors import InputError
from ganrs_jax.export.ahead import in_order
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.recipe import blocks, check_request, complete, fit
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.report.accelerator import PASSES, Found, accelerator_line, accelerator_table, told_seeds
from ganrs_jax.training.loop import TrainingDivergedError, watching
from ganrs_jax.trees import as_tree

_AIM = 30_000_000  # rows a second of the first dataset, after its plan
_FOR_PARTS = 11 / 12  # of the time; the rest is for the device's own speed, and the shares of it


def accelerator(progress: Progress) -> Found:
    """Training by source, generation by size, as much of it as --minutes allow; shares of the device's own speed."""
    begin, total = time.monotonic(), 60 * FLAGS.minutes
    if not total > 0:
        raise InputError(f"--minutes={FLAGS.minutes:g}; accepted: a number over 0")
    lanes, config = numbers("lanes", int), profile_config()
    requests = {text: RatingsRequest(*sizes) for text, sizes in dataset_sizes().items()}
    sources = {name: read_source(name) for name in FLAGS.sources}
    if not sources:
        raise InputError("--sources is empty; accepted: one source at least")
    for request in requests.values():
        check_request(next(iter(sources.values())), config, request)
    if jax.default_backend() == "cpu":
        say("no GPU or TPU was found, so these are figures of a CPU; --preset=small is made for one")

    # The parts, by turns: a source to train on, a dataset to generate with the first generator there is.
    generators = [generator_given(progress)] if FLAGS.generator else []
    watches = {count: Watch() for count in (1, *lanes)}  # of the first source
    parts: list[tuple[str, Found, Callable[[Found], None]]] = []
    for number in range(max(len(sources), len(requests))):
        for name, ratings in list(sources.items())[number : number + 1]:
            seen = watches if number == 0 else {}
            trained = functools.partial(_training, ratings, config, lanes, seen, generators, progress)
            parts.append((f"training {name}", {**_sizes(ratings), "seeds": {}}, trained))
        for text, request in list(requests.items())[number : number + 1]:
            generated = functools.partial(_generation, request, number == 0, generators, progress)
            parts.append((f"generation {text}", {}, generated))
    for number, (name, found, part) in enumerate(parts):
        left = total * _FOR_PARTS - (time.monotonic() - begin)
        _within(left if number == len(parts) - 1 else left / 2, name, found, part)

    # What the device can do at most, after its peak memory was looked at, as measuring takes memory too.
    limits = machine()
    rooflines: Found = {}
    with move_on_after(total - (time.monotonic() - begin)):
        for model in generators[:1]:
            rooflines |= rooflines_of_generation(model, complete(model, next(iter(requests.values()))))
        for count, watch in watches.items():
            of_steps = watch.rooflines(limits)
            rooflines |= {f"{name}, {told_seeds(count)}": shown for name, shown in of_steps.items()}
    rooflines = {name: {**shown, **_shares(shown, limits)} for name, shown in rooflines.items()}
    results = {name: found for name, found, _ in parts}
    peak = results[parts[-1][0]]["device_peak_mib"]  # of all so far
    return {
        "seconds": time.monotonic() - begin,
        "parts": results,
        "aim_rows_per_s": _AIM,
        "device_peak_memory_mib": peak,
        "rooflines": rooflines,
        "table": accelerator_table(results, rooflines),
        "say": accelerator_line(results, _AIM, peak),
    }


def _within(seconds: float, name: str, found: Found, part: Callable[[Found], None]) -> None:
    """Does a part, at most for so long; what it finds, and what ended it, is in `found`."""
    begin, error = time.monotonic(), ""
    fresh_peak()
    with move_on_after(seconds) as limit:
        try:
            part(found)
        except (MemoryError, jax.errors.JaxRuntimeError, TrainingDivergedError) as failure:  # the other parts go on
            error = " ".join(str(failure).split())[:200]
    if error:
        say(f"{name}: {error}")
    found |= {"time_is_up": limit.reached, "error": error, "seconds": time.monotonic() - begin}
    found |= {"peak_memory_mib": recent_peak_mib(), "device_peak_mib": device_peak_mib()}


def _training(
    ratings: Ratings,
    config: Any,
    lanes: list[int],
    watches: Mapping[int, Watch],
    generators: list[ProfileModel],
    progress: Progress,
    found: Found,
) -> None:
    """Seconds of one seed and of several, each twice, and digests of the generators; the first is kept if none is."""
    by_seeds = found["seeds"]
    for count in (1, *lanes):
        cell = by_seeds.setdefault(str(count), {})
        for number, name in enumerate(PASSES):
            before, begin = compile_seconds(), time.monotonic()
            with watching(watches[count] if number and count in watches else Watch()):
                trained = fit(list(range(count)), ratings, [config] * count, progress)
            cell[f"{name}_s"] = time.monotonic() - begin
            cell[f"{name}_compile_s"] = compile_seconds() - before
            cell[f"{name}_sha256"] = _digest(leaf for model in trained for leaf in jax.tree.leaves(as_tree(model)))
            if not generators:
                generators.append(trained[0])
        cell["same_bytes"] = cell["first_sha256"] == cell["steady_sha256"]
        cell["times_one_seed"] = cell["steady_s"] / by_seeds["1"]["steady_s"]


def _generation(
    request: RatingsRequest, as_files: bool, generators: list[ProfileModel], progress: Progress, found: Found
) -> None:
    """A dataset drawn into memory, twice with the same seed, and its digests; then, if so asked, written as a file."""
    if not generators:
        found["left_out"] = "no generator was trained in time; give one by --generator"
        return
    asked = complete(generators[0], request)
    found["request"] = dataclasses.asdict(asked)
    for name in PASSES:
        _drawn(generators[0], asked, progress, found.setdefault(name, {}))
    found["same_bytes"] = found["first"]["sha256"] == found["steady"]["sha256"]
    if as_files:
        found["rows_and_files_s"] = written(generators[0], asked, progress)["rows and files"]


def _drawn(model: ProfileModel, asked: RatingsRequest, progress: Progress, found: Found) -> None:
    """Seconds of the plan and of the rows so far, kept up block by block; then the digest of all rows."""
    before, begin = compile_seconds(), time.monotonic()
    made = blocks(model, asked, progress)
    planned = time.monotonic()
    found |= {"plan_s": planned - begin, "plan_compile_s": compile_seconds() - before}
    found |= {"num_blocks": made.num_blocks, "blocks": 0, "rows": 0, "rows_s": 0.0}
    before, held = compile_seconds(), []
    for rows in in_order(made.rows, range(made.num_blocks)):
        held.append(rows)
        found |= {
            "blocks": found["blocks"] + 1,
            "rows": found["rows"] + len(rows.user),
            "rows_s": time.monotonic() - planned,
            "rows_compile_s": compile_seconds() - before,
        }
        progress("rows", found["blocks"], made.num_blocks, {})
    found["rows_per_s_after_plan"] = found["rows"] / found["rows_s"]
    found["rows_per_s"] = found["rows"] / (found["plan_s"] + found["rows_s"])
    found["sha256"] = _digest(column for rows in held for column in rows)


def _digest(arrays: Iterable[Any]) -> str:
    whole = hashlib.sha256()
    for each in arrays:
        whole.update(np.asarray(each).tobytes())
    return whole.hexdigest()


def _shares(shown: Mapping[str, float], limits: Mapping[str, float]) -> dict[str, float]:
    """Of the speed of a matrix product that a program's operations reach, and of that of a copy that its bytes do."""
    operations, copied = shown["flops"] / shown["seconds"], shown["bytes"] / shown["seconds"]
    return {"share_of_matmul": operations / limits["matmul_flops"], "share_of_copy": copied / limits["copy_bytes"]}


def _sizes(ratings: Ratings) -> Found:
    return {"users": ratings.num_users, "items": ratings.num_items, "rows": ratings.num_ratings}
