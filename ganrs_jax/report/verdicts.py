"""The claims of the study, each in a table and in words: what holds, and what does not."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ganrs_jax.evaluation.claims import (
    COMPARED,
    ORDERED,
    Results,
    differences,
    equivalences,
    networks,
    orders,
    ranking_of,
    size_trends,
    trends,
)
from ganrs_jax.evaluation.conventions import CONVENTIONS
from ganrs_jax.evaluation.model_order import ModelOrder
from ganrs_jax.evaluation.recommenders import at_length
from ganrs_jax.report.markdown import markdown_table, shown

Pairs = Mapping[str, Mapping[str, Results]]  # source -> kind, "real" among them -> results
_LENGTHS = (5, 10)
_ALIKE = 0.9  # correlation of curves that are called the same trend
_LEAST_SIZES = 3  # of a sweep: two points always rise or fall
_WANTED_TAU = 0.8
_CLAIMED_BEST = {"ncf_regression", "ncf_classification_improved"}
_ALPHA = 0.05


def same_trends(pairs: Pairs) -> Iterator[str]:
    """Claim (a): curves against N, and the order of the models."""
    longest = _lengths(next(iter(pairs.values()))["real"])[-1]
    yield f"Curves of precision, recall and F1 against N, of each network: how many correlate over {_ALIKE:g} between"
    yield "real and synthetic, and their mean gap; curves that rise steadily all correlate, so the gap says more."
    yield f"Kendall's tau of the networks' order at N = {longest}, with a 95 % bootstrap interval over seeds (1 the"
    yield "same order, -1 the reverse). `real again`: what other seeds on the same real data would have to expect,"
    yield "the mean over resamples; chance orders models that are level.\n"
    header = ["source", "recipe", *(f"{c} curves alike" for c in CONVENTIONS), *(f"{c} gap" for c in CONVENTIONS)]
    header += [f"tau {c} {m}" for c in CONVENTIONS for m in ORDERED]
    rows, least = [_again(source, kinds["real"]) for source, kinds in pairs.items()], {}
    for source, kind, real, synthetic in _each(pairs):
        found = [trends(real, synthetic, c) for c in CONVENTIONS]
        alike = [_alike([t.correlation for t in f.values()]) for f in found]
        gaps = [float(np.mean([t.gap for t in f.values()])) for f in found]
        taus = _orders(real, synthetic)
        rows.append([source, kind, *alike, *gaps, *(_tau(taus[c, m]) for c in CONVENTIONS for m in ORDERED)])
        least[source, kind] = min((t.tau or 0.0 for t in taus.values() if t), default=None)
    yield markdown_table(header, rows)
    yield ""
    for (source, kind), tau in least.items():
        if tau is None:
            yield f"- {source}, {kind}: too few networks to compare orders."
        else:
            verdict = "the order of the models holds" if tau >= _WANTED_TAU else "the order of the models is NOT kept"
            yield f"- {source}, {kind}: {verdict} (least tau {tau:.2f}, wanted {_WANTED_TAU:g})."


def _alike(correlations: list[float | None]) -> str:
    """How many are over 0.9; nothing where lists of fewer than three lengths make no curve."""
    if all(c is None for c in correlations):
        return ""
    return f"{sum((c or 0) > _ALIKE for c in correlations)} of {len(correlations)}"


def _again(source: str, real: Results) -> list[Any]:
    taus = _orders(real, real)
    shown_taus = [_tau(o and o._replace(tau=o.middle)) for o in taus.values()]
    return [source, "real again", *[""] * (2 * len(CONVENTIONS)), *shown_taus]


def same_behaviour(pairs: Pairs, margin: float) -> Iterator[str]:
    """Equivalence within the margin, and whether differences are significant."""
    measured_at = " and ".join(map(str, _lengths(next(iter(pairs.values()))["real"])))
    yield f"Precision, recall and F1 at N = {measured_at} of each network. Equivalent: two one-sided"
    yield f"tests at {_ALPHA:g} with a margin of {margin:g}, fixed before the study. Different: Welch's t, Holm's"
    yield "correction over all of a row's comparisons. Both may be true: a real difference that does not matter."
    yield "Repeats are splits and starts on these very datasets, so both speak of them, not of all data like them."
    yield "`real`: the range of the networks' real values; where it lies within the margin, equivalence says little.\n"
    header = ["source", "recipe", "convention", "real", "networks equivalent", "comparisons equivalent", "different"]
    rows, odd = [], []
    for source, kind, real, synthetic in _each(pairs):
        lengths = _lengths(real)
        for convention in CONVENTIONS:
            tests = equivalences(real, synthetic, convention, lengths, margin, _ALPHA)
            every = [t for of_model in tests.values() for t in of_model.values()]
            whole = [model for model, of_model in tests.items() if all(t.equivalent for t in of_model.values())]
            different = sum(t.p_holm < _ALPHA for t in differences(real, synthetic, convention, lengths).values())
            largest = max(every, key=lambda t: abs(t.difference))
            rows.append(
                [
                    *(source, kind, convention, _range(real, convention, lengths), f"{len(whole)} of {len(tests)}"),
                    f"{sum(t.equivalent for t in every)} of {len(every)}",
                    f"{different} of {len(every)}",
                    largest.difference,
                ]
            )
            odd += [
                [source, kind, convention, model, *(_difference(of_model, metric) for metric in COMPARED)]
                for model, of_model in tests.items()
            ]
    yield markdown_table([*header, "largest difference"], rows)
    yield "\nSynthetic less real, at the N where they are furthest apart; * where not equivalent within the margin:\n"
    yield markdown_table(["source", "recipe", "convention", "model", *COMPARED], odd)


def best_models(equal: Pairs) -> Iterator[str]:
    """Claim (b)."""
    longest = _lengths(next(iter(next(iter(equal.values())).values())))[-1]
    yield f"Networks by F1 at N = {longest}, the best first.\n"
    rows, held = [], []
    for source, kinds in equal.items():
        for kind, results in kinds.items():
            if len(networks(results)) < 3:
                continue
            for convention in CONVENTIONS:
                order = ranking_of(results, convention, "f1", _lengths(results)[-1])
                rows.append([source, kind, convention, ", ".join(order)])
                held.append(set(order[:2]) == _CLAIMED_BEST)
    if not rows:
        yield "Too few networks were trained to say."
        return
    yield markdown_table(["source", "dataset", "convention", "order"], rows)
    verdict = "the claim holds" if all(held) else "as a general claim it FAILS here"
    yield f"\nThe two are the best two in {sum(held)} of {len(held)} rows: {verdict}."


def with_size(swept: Mapping[str, Mapping[str, Mapping[str, Mapping[Any, Results]]]]) -> Iterator[str]:
    """Claim (c)."""
    yield "Spearman's correlation of each network's mean with the size, the median over networks; in brackets how many"
    yield "networks go up and down.\n"
    rows, claims = [], {}
    for part, sources in swept.items():
        for source, kinds in sources.items():
            for kind, by_size in kinds.items():
                if len(by_size) < 2 or not networks(next(iter(by_size.values()))):
                    continue
                for convention in CONVENTIONS:
                    n = _lengths(next(iter(by_size.values())))[-1]
                    moved = {m: list(size_trends(by_size, convention, m, n).values()) for m in COMPARED}
                    rows.append([part, source, kind, convention, *(_moves(moved[m]) for m in COMPARED)])
                    holds = _median(moved["precision"]) > 0 > _median(moved["recall"])
                    told = f"the claim {'holds' if holds else 'FAILS'}"
                    few = f"{len(by_size)} sizes are too few to judge the claim"
                    claims[part, source, kind, convention] = told if len(by_size) >= _LEAST_SIZES else few
    if not rows:
        yield "Too few networks or sizes to say."
        return
    yield markdown_table(["sweep", "source", "dataset", "convention", *COMPARED], rows)
    yield ""
    for (part, source, kind, convention), told in claims.items():
        if part != "sigma":
            yield f"- {part}, {source}, {kind}, {convention}: {told}."


def _each(pairs: Pairs) -> Iterator[tuple[str, str, Results, Results]]:
    for source, kinds in pairs.items():
        for kind, results in kinds.items():
            if kind != "real" and networks(results):
                yield source, kind, kinds["real"], results


def _orders(real: Results, synthetic: Results) -> dict[tuple[str, str], ModelOrder | None]:
    if len(networks(real)) < 3:
        return {(c, m): None for c in CONVENTIONS for m in ORDERED}
    return {**orders(real, synthetic, _lengths(real)[-1])}


def _lengths(results: Results) -> tuple[int, ...]:
    """5 and 10, or what there is of them; else the one length at which intervals are."""
    one = next(iter(results.values()))
    return tuple(n for n in _LENGTHS if n in one["cutoffs"]) or (one["at"],)


def _range(real: Results, convention: str, lengths: tuple[int, ...]) -> str:
    """Of precision, recall and F1 of the networks on real data."""
    every = [at_length(r, convention, m, n) for r in networks(real).values() for m in COMPARED for n in lengths]
    means = [float(np.mean(values)) for values in every]
    return f"{min(means):.3f} to {max(means):.3f}"


def _tau(order: ModelOrder | None) -> str:
    if order is None or order.tau is None:
        return ""
    return f"{order.tau:.2f}" + ("" if order.low is None else f" ({order.low:.2f} to {order.high:.2f})")


def _difference(tests: Mapping[tuple[str, int], Any], metric: str) -> str:
    mine = [test for (name, _), test in tests.items() if name == metric]
    furthest = max(mine, key=lambda test: abs(test.difference))
    return f"{furthest.difference:+.3f}" + ("" if all(test.equivalent for test in mine) else " *")


def _moves(values: list[float | None]) -> str:
    up, down = (sum(v is not None and sign * v > 0 for v in values) for sign in (1, -1))
    return f"{shown(_median(values))} ({up} up, {down} down)"


def _median(values: list[float | None]) -> float:
    return float(np.median([value or 0.0 for value in values]))
