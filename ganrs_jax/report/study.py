"""RESULTS.md: what the study found, claim by claim, in words, tables and figures."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganrs_jax.files import whole_file
from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.recommenders.evaluate import ERRORS, at_length
from ganrs_jax.recommenders.list_metrics import METRICS
from ganrs_jax.report.curves import length_figure, size_figure
from ganrs_jax.report.markdown import markdown_table, shown, spread
from ganrs_jax.report.paper_claims import best_models, with_size
from ganrs_jax.report.verdicts import same_behaviour, same_trends
from ganrs_jax.statistics.bootstrap import LEAST_REPEATS
from ganrs_jax.study.claims import COMPARED, Results

REAL = "real"
_FACTS = ("datasets", "rows", "users", "items")
AXES = {"users": "users", "samples": "raw samples, or rows", "sigma": "sigma of the noise"}


@dataclasses.dataclass
class Study:
    """What a study has found so far.

    Attributes:
      command: that makes it again.
      margin: of equivalence.
      num_seeds: repeats of each model.
      parts: part -> source -> kind of dataset ("real" or a recipe) -> place in the sweep -> model -> results.
      datasets: a line each: part, source, kind, place, datasets, rows, users, items.
      left_out: names of datasets that were asked for and not measured.
    """

    command: str
    margin: float
    num_seeds: int
    parts: dict[str, dict[str, dict[str, dict[Any, Results]]]] = dataclasses.field(default_factory=dict)
    datasets: list[tuple[Any, ...]] = dataclasses.field(default_factory=list)
    left_out: list[str] = dataclasses.field(default_factory=list)

    def add(self, part: str, source: str, kind: str, size: Any, results: Results, facts: Mapping[str, Any]) -> None:
        """Adds what models show on a kind of dataset; facts: how many there are, their rows, users and items."""
        self.parts.setdefault(part, {}).setdefault(source, {}).setdefault(kind, {})[size] = results
        self.datasets.append((part, source, kind, size or "", *(facts.get(k) for k in _FACTS)))

    def equal(self) -> dict[str, dict[str, Results]]:
        """Source -> kind -> results, of the datasets of one size."""
        found = self.parts.get("equal", {})
        return {source: {kind: at[0] for kind, at in kinds.items()} for source, kinds in found.items()}


def write_study(study: Study, folder: Path, copy: Path | None) -> None:
    """Writes FOLDER/RESULTS.md and FOLDER/figures, and the text again where a copy is wanted."""
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    text = "\n".join(_lines(study, _figures(study, folder)))
    for path in (folder / "RESULTS.md", *([copy] if copy else [])):
        with whole_file(path) as partial:
            partial.write_text(text + "\n")


def _lines(study: Study, figures: Sequence[str]) -> Iterator[str]:
    yield "# Results: do recommenders behave on synthetic ratings as on real ones?\n"
    yield f"Made by `{study.command}`.\n"
    yield f"{study.num_seeds} seeds a model: each draws a split of the rows (80/20), a start and an order of batches."
    yield "Synthetic datasets of a kind are draws of one generator; of several, the seeds take them in turn."
    yield "Draws of another size than the first (the published recipes do not fill every user and item) are left out;"
    yield "`All datasets` says how many there are."
    yield "`study` and `standard` are two conventions of what a list is; see `ganrs_jax/evaluation/conventions.py`."
    if study.left_out:
        yield f"\nAsked for, but not measured yet: {', '.join(study.left_out)}."
    if study.num_seeds < LEAST_REPEATS:
        yield f"\nFewer than {LEAST_REPEATS} seeds: no tests are made, and no verdict given.\n"
        yield from _everything(study, figures)
        return
    equal = study.equal()
    pairs = {s: kinds for s, kinds in equal.items() if REAL in kinds and len(kinds) > 1}
    if pairs:
        yield "\n## (a) Do models show the same trends on real and synthetic data?\n"
        yield from same_trends(pairs)
        yield "\n## The test that is missing in the paper: different, or equivalent?\n"
        yield from same_behaviour(pairs, study.margin)
    if equal:
        yield "\n## (b) Are NCF regression and improved NCF classification the best?\n"
        yield from best_models(equal)
    swept = {part: sources for part, sources in study.parts.items() if part in AXES}
    if swept:
        yield "\n## (c) Does precision rise and recall fall with size?\n"
        yield from with_size(swept)
    yield from _everything(study, figures)


def _everything(study: Study, figures: Sequence[str]) -> Iterator[str]:
    yield "\n## All datasets\n"
    yield markdown_table(["part", "source", "kind", "place in the sweep", *_FACTS], study.datasets)
    if figures:
        yield "\nFigures, in the study's folder: " + ", ".join(f"`{name}`" for name in figures) + "."
    for part, sources in study.parts.items():
        for source, kinds in sources.items():
            for kind, by_size in kinds.items():
                if part in AXES:
                    yield f"\n## {source}, {kind}: by {AXES[part]}\n"
                    yield _by_size(by_size)
                    continue
                for size, results in by_size.items():
                    yield f"\n## {source}, {kind}{f', {size}' if size else ''}: every model\n"
                    yield from _models(results)


def _by_size(by_size: Mapping[Any, Results]) -> str:
    at = _any_of(by_size)["at"]
    columns = [(c, m) for c in CONVENTIONS for m in COMPARED]
    rows = [
        [name, size, *(spread(at_length(results[name], c, m, at)) for c, m in columns)]
        for name in next(iter(by_size.values()))
        for size, results in by_size.items()
    ]
    return markdown_table([f"model, N = {at}", "size", *(f"{c} {m}" for c, m in columns)], rows)


def _models(results: Results) -> Iterator[str]:
    at = next(iter(results.values()))["at"]
    yield f"Means over seeds ± standard deviation, N = {at}; mae and rmse in stars.\n"
    columns = [(c, m) for c in CONVENTIONS for m in METRICS if m in ("precision", "recall", "f1", "ndcg")]
    rows = [
        [name, *(spread(at_length(r, c, m, at)) for c, m in columns), *(spread(r[error]) for error in ERRORS)]
        for name, r in results.items()
    ]
    yield markdown_table(["model", *(f"{c} {m}" for c, m in columns), *ERRORS], rows)
    yield "\nBeyond accuracy, and intervals (95 %, bootstrap) of F1 under `study` and NDCG under `standard`:\n"
    names = list(next(iter(results.values()))["beyond_accuracy"])
    rows = [
        [
            name,
            *(spread(r["beyond_accuracy"][figure]) for figure in names),
            _interval(r["intervals"]["study"]["f1"]),
            _interval(r["intervals"]["standard"]["ndcg"]),
        ]
        for name, r in results.items()
    ]
    yield markdown_table(["model", *(n.replace("_", " ") for n in names), "F1", "NDCG"], rows)


def _interval(values: Sequence[float]) -> str:
    return f"{shown(values[1])} to {shown(values[2])}"


def _figures(study: Study, folder: Path) -> list[str]:
    """Saves the figures; their names."""
    made = []
    for source, kinds in study.equal().items():
        for convention in CONVENTIONS:
            made.append(f"figures/{source}_{convention}.png")
            length_figure(folder / made[-1], kinds, convention)
    for part, sources in study.parts.items():
        for source, swept in sources.items() if part in AXES else ():
            if min(len(sizes) for sizes in swept.values()) < 2:
                continue
            for convention in CONVENTIONS:
                made.append(f"figures/{source}_{part}_{convention}.png")
                n = _any_of(next(iter(swept.values())))["at"]
                size_figure(folder / made[-1], swept, convention, AXES[part], n)
    return made


def _any_of(by_size: Mapping[Any, Results]) -> Mapping[str, Any]:
    """The results of any model: all have the same lengths of list."""
    return next(iter(next(iter(by_size.values())).values()))
