"""The paper's claims of models and of sizes, each in a table and in words: what holds, and what does not."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.report.markdown import markdown_table, shown
from ganrs_jax.statistics.bootstrap import Interval
from ganrs_jax.study.claims import (
    COMPARED,
    Results,
    lead,
    lengths_of,
    networks,
    ranking_of,
    size_change,
    size_trends,
)

_LEAST_SIZES = 3  # of a sweep: two points always rise or fall
_CLAIMED_BEST = {"ncf_regression", "ncf_classification_improved"}


def best_models(equal: Mapping[str, Mapping[str, Results]]) -> Iterator[str]:
    """Claim (b)."""
    longest = lengths_of(next(iter(next(iter(equal.values())).values())))[-1]
    yield f"Networks by F1 at N = {longest}, the best first. Lead: the worse of the two less the best of the others,"
    yield "with a 95 % bootstrap interval over seeds: splits and starts on these very datasets. The claim wants it"
    yield "over 0.\n"
    rows: list[list[Any]] = []
    held: list[Interval] = []
    for source, kinds in equal.items():
        for kind, results in kinds.items():
            if len(networks(results)) < 3:
                continue
            for convention in CONVENTIONS:
                order = ranking_of(results, convention, "f1", lengths_of(results)[-1])
                ahead = _lead(results, convention)
                rows.append([source, kind, convention, ", ".join(order), ahead and _between(ahead)])
                if ahead:
                    held.append(ahead)
    if not rows:
        yield "Too few networks were trained to say."
        return
    yield markdown_table(["source", "dataset", "convention", "order", "lead"], rows)
    if not held:
        yield "\nThe two, or all others, were not trained: nothing to say of the claim."
        return
    best = [ahead.value > 0 for ahead in held]
    sure = [ahead.low > 0 for ahead in held]
    verdict = "the claim holds" if all(sure) else "as a general claim it FAILS here"
    yield f"\nThe two are the best two in {sum(best)} of {len(best)} rows, {sum(sure)} of them beyond chance:"
    yield f"{verdict}."


def _lead(results: Results, convention: str) -> Interval | None:
    """None where the two, or all others, were not trained."""
    names = set(networks(results))
    if not names > _CLAIMED_BEST:
        return None
    return lead(results, _CLAIMED_BEST, convention, lengths_of(results)[-1])


def with_size(swept: Mapping[str, Mapping[str, Mapping[str, Mapping[Any, Results]]]]) -> Iterator[str]:
    """Claim (c)."""
    yield "Spearman's correlation of each network's mean with the size, the median over networks; in brackets how many"
    yield "networks go up and down. Change: the mean over networks at the largest size less that at the smallest, with"
    yield "a 95 % bootstrap interval over seeds (each size is one dataset). The claim wants precision up and recall"
    yield "down, both beyond chance.\n"
    rows, claims = [], {}
    for part, sources in swept.items():
        for source, kinds in sources.items():
            for kind, by_size in kinds.items():
                if len(by_size) < 2 or not networks(next(iter(by_size.values()))):
                    continue
                for convention in CONVENTIONS:
                    n = lengths_of(next(iter(by_size.values())))[-1]
                    moved = {m: list(size_trends(by_size, convention, m, n).values()) for m in COMPARED}
                    change = {m: size_change(by_size, convention, m, n) for m in COMPARED}
                    shown_moves = [x for m in COMPARED for x in (_moves(moved[m]), _between(change[m]))]
                    rows.append([part, source, kind, convention, *shown_moves])
                    holds = _median(moved["precision"]) > 0 > _median(moved["recall"])
                    holds = holds and change["precision"].low > 0 > change["recall"].high
                    told = f"the claim {'holds' if holds else 'FAILS'}"
                    few = f"{len(by_size)} sizes are too few to judge the claim"
                    claims[part, source, kind, convention] = told if len(by_size) >= _LEAST_SIZES else few
    if not rows:
        yield "Too few networks or sizes to say."
        return
    header = [name for m in COMPARED for name in (m, f"{m}, change")]
    yield markdown_table(["sweep", "source", "dataset", "convention", *header], rows)
    yield ""
    for (part, source, kind, convention), told in claims.items():
        if part != "sigma":
            yield f"- {part}, {source}, {kind}, {convention}: {told}."


def _between(found: Interval) -> str:
    return f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def _moves(values: list[float | None]) -> str:
    up, down = (sum(v is not None and sign * v > 0 for v in values) for sign in (1, -1))
    return f"{shown(_median(values))} ({up} up, {down} down)"


def _median(values: list[float | None]) -> float:
    return float(np.median([value or 0.0 for value in values]))
