"""Do models behave on synthetic data as on real data? In tables and in words: what holds, and what does not."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.recommenders.evaluate import at_length
from ganrs_jax.report.markdown import markdown_table
from ganrs_jax.study.claims import (
    COMPARED,
    ORDERED,
    Results,
    differences,
    equivalences,
    lengths_of,
    networks,
    orders,
    trends,
)
from ganrs_jax.study.model_order import ModelOrder

Pairs = Mapping[str, Mapping[str, Results]]  # source -> kind, "real" among them -> results
_ALIKE = 0.9  # correlation of curves that are called the same trend
_WANTED_TAU = 0.8
_ALPHA = 0.05


def same_trends(pairs: Pairs) -> Iterator[str]:
    """Claim (a): curves against N, and the order of the models."""
    longest = lengths_of(next(iter(pairs.values()))["real"])[-1]
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
    measured_at = " and ".join(map(str, lengths_of(next(iter(pairs.values()))["real"])))
    yield f"Precision, recall and F1 at N = {measured_at} of each network. Equivalent: two one-sided"
    yield f"tests at {_ALPHA:g} with a margin of {margin:g}, fixed before the study. Different: Welch's t, Holm's"
    yield "correction over all of a row's comparisons. Both may be true: a real difference that does not matter."
    yield "Repeats are splits and starts on these very datasets, so both speak of them, not of all data like them."
    yield "`real`: the range of the networks' real values; where it lies within the margin, equivalence says little.\n"
    header = ["source", "recipe", "convention", "real", "networks equivalent", "comparisons equivalent", "different"]
    rows, odd = [], []
    for source, kind, real, synthetic in _each(pairs):
        lengths = lengths_of(real)
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


def _each(pairs: Pairs) -> Iterator[tuple[str, str, Results, Results]]:
    for source, kinds in pairs.items():
        for kind, results in kinds.items():
            if kind != "real" and networks(results):
                yield source, kind, kinds["real"], results


def _orders(real: Results, synthetic: Results) -> dict[tuple[str, str], ModelOrder | None]:
    if len(networks(real)) < 3:
        return {(c, m): None for c in CONVENTIONS for m in ORDERED}
    return {**orders(real, synthetic, lengths_of(real)[-1])}


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
