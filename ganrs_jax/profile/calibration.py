"""Structure and predictability prescribed to the generators of all lanes, some at once where cores share them."""

import threading
from collections.abc import Mapping, Sequence

import jax
from threadpoolctl import threadpool_limits

from ganrs_jax.data.dataset import Generator
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.predictability import prescribe_predictability
from ganrs_jax.profile.structure import PRESCRIBED, own_size, prescribe_structure
from ganrs_jax.training.checkpointer import Kept
from ganrs_jax.training.lanes import side_by_side
from ganrs_jax.training.loop import Report


def prescribe(generators: Sequence[Generator], ratings: Ratings, report: Report, kept: Kept) -> list[Generator]:
    """The generators, a lane each, with what learning leaves off, found by comparing datasets with the source.

    What is done is kept lane by lane.
    """
    threads = 0 if jax.process_count() == 1 else 1  # several processes must go through what is kept in the same order
    stopped = threading.Event()
    told = [report] if len(generators) == 1 else _reports(generators, report, stopped)
    lanes = range(len(generators))
    with threadpool_limits(limits=1):  # the process's: were it set by each thread, sums would depend on the others
        return side_by_side(
            lambda i: _lane(generators[i], ratings, told[i], kept, f"lane {i}"), lanes, threads, stopped.set
        )


def _lane(generator: Generator, ratings: Ratings, report: Report, kept: Kept, name: str) -> Generator:
    config = generator.config
    generator = kept.stage(
        f"{name}, structure",
        lambda: prescribe_structure(
            generator, ratings, config.structure_rounds, report, kept, f"{name}, rounds of structure"
        ),
        lambda held: generator._replace(
            arrays={**generator.arrays, **held["arrays"]}, training={**generator.training, **held["training"]}
        ),
        lambda found: {"arrays": {k: found.arrays[k] for k in PRESCRIBED}, "training": found.training},
    )
    size, compared = own_size(generator, ratings)
    rounds = f"{name}, rounds of predictability"
    return prescribe_predictability(
        generator, ratings, size, compared, config.predictability_rounds, report, kept, rounds
    )


class _StoppedError(Exception):
    """Another lane failed, or the run was interrupted."""


def _reports(generators: Sequence[Generator], report: Report, stopped: threading.Event) -> list[Report]:
    """A report for each lane, which together count the rounds of all; a lane ends after its round when stopped."""
    rounds = [(g.config.structure_rounds, g.config.predictability_rounds) for g in generators]
    finished, lock = [0] * len(generators), threading.Lock()

    def of_lane(lane: int) -> Report:
        def told(stage: str, done: int, total: int, metrics: Mapping[str, Sequence[float]]) -> None:
            if stopped.is_set():
                raise _StoppedError
            with lock:
                finished[lane] = done if stage == "structure" else rounds[lane][0] + done
                place = {"lane": [lane], f"{stage}_round": [done]}
                report("structure and predictability", sum(finished), sum(map(sum, rounds)), {**place, **metrics})

        return told

    return [of_lane(lane) for lane in range(len(generators))]
