"""Gaps between groups of users, real beside synthetic: a page in Markdown, a csv and figures."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ganrs_jax.files import whole_file
from ganrs_jax.recommenders.groups import OfGroups
from ganrs_jax.report.figures import save_figure
from ganrs_jax.report.markdown import markdown_table
from ganrs_jax.study.fairness import Gap

_WORDS = {
    "log activity": "log number of ratings",
    "mean rating": "mean rating",
    "f1, study": "F1, study",
    "ndcg, study": "NDCG, study",
    "f1, standard": "F1, standard",
    "ndcg, standard": "NDCG, standard (MAD of ranking)",
    "rating": "predicted rating (MAD of ratings)",
    "relevant": "held relevant (demographic parity)",
    "hit": "relevant ones held relevant (equal opportunity)",
}
_SIDES = ("real", "synthetic")


class Case(NamedTuple):
    """Groups of a column on a source and on a dataset of a recipe.

    Attributes:
      users, synthetic_users: of each group.
      auc, synthetic_auc: how well each is told by what its users rate.
    """

    source: str
    column: str
    recipe: str
    names: tuple[str, ...]
    gaps: tuple[Gap, ...]
    users: tuple[int, ...]
    synthetic_users: tuple[int, ...]
    auc: tuple[float, ...]
    synthetic_auc: tuple[float, ...]


class AtShare(NamedTuple):
    """What models show for two groups when the first has a share of so many users."""

    source: str
    column: str
    names: tuple[str, ...]
    share: float
    num_users: int
    real: Mapping[str, Mapping[str, OfGroups]]
    synthetic: Mapping[str, Mapping[str, OfGroups]]


def write_fairness(
    cases: Sequence[Case],
    at_shares: Sequence[AtShare],
    command: str,
    num_seeds: int,
    n: int,
    folders: Sequence[Path],
) -> None:
    """Writes fairness.md, fairness.csv, a figure a source and column and one a source, each whole or not at all."""
    columns = ["source", "column", "recipe", "of", "quantity", "group", "share", "real", "synthetic", "error", "kept"]
    table = pd.DataFrame([*_gap_rows(cases), *_share_rows(at_shares)], columns=columns)
    by_source: dict[str, list[AtShare]] = {}
    for each in at_shares:
        by_source.setdefault(each.source, []).append(each)
    for folder in folders:
        with whole_file(folder / "fairness.md") as partial:
            partial.write_text(fairness_page(cases, by_source, command, num_seeds, n))
        with whole_file(folder / "fairness.csv") as partial:
            table.to_csv(partial, index=False, float_format="%.6g")
        for case in cases:
            _figure(folder / f"fairness_{case.source}_{case.column}_{case.recipe}.png", case)
        for source, found in by_source.items():
            _share_figure(folder / f"fairness_{source}_shares.png", found, n)


def fairness_page(
    cases: Sequence[Case], by_source: Mapping[str, Sequence[AtShare]], command: str, num_seeds: int, n: int
) -> str:
    """The page; its first two sentences are the answer."""
    lines = ["# Are gaps between groups of users on synthetic ratings those of real ones?", "", *answer(cases), ""]
    lines += [f"Made by `{command}`; every gap is in the csv beside this page.", ""]
    lines += [
        "A gap is what the users of a group have more than all others, on average. It is significant where it is over",
        "1.96 standard errors, over users; it is kept where the synthetic one has its sign and differs by a third of",
        f"it at most. {num_seeds} seeds a model, N = {n}. AUC: of a naive Bayes classifier of the group from what",
        "users rate, on held-out users.",
    ]
    for case in cases:
        lines += ["", f"## {case.source}: {case.column}, {case.recipe}", "", _groups_table(case), "", _gap_table(case)]
    for source, found in by_source.items():
        lines += ["", f"## {source}: {found[0].column} in other shares", "", _share_table(found)]
    return "\n".join(lines) + "\n"


def answer(cases: Sequence[Case]) -> list[str]:
    """Two sentences: how many significant gaps are kept, and how well groups are told by what they rate."""
    kept = []
    for case in cases:
        significant = [gap for gap in case.gaps if gap.significant]
        signs, both = sum(gap.sign_kept for gap in significant), sum(gap.kept for gap in significant)
        kept.append(
            f"{both} of {len(significant)} ({signs} by sign alone; {case.source}, {case.column}, {case.recipe})"
        )
    furthest, case = max(
        ((abs(one - other), case) for case in cases for one, other in zip(case.auc, case.synthetic_auc, strict=True)),
        key=lambda x: x[0],
    )
    return [
        "Of the significant gaps between groups on real ratings, synthetic ones keep sign and size in "
        f"{'; '.join(kept)}.",
        f"What users rate tells their group as well as on real ratings, within {furthest:.3f} of AUC "
        f"(the most: {case.source}, {case.column}, {case.recipe}).",
    ]


def _groups_table(case: Case) -> str:
    rows = [
        [name, users, made, f"{one:.3f} / {other:.3f}"]
        for name, users, made, one, other in zip(
            case.names, case.users, case.synthetic_users, case.auc, case.synthetic_auc, strict=True
        )
    ]
    return markdown_table(["group", "users, real", "synthetic", "AUC, real / synthetic"], rows)


def _gap_table(case: Case) -> str:
    rows = []
    for quantity, words in _WORDS.items():
        own = [gap for gap in case.gaps if gap.quantity == quantity and gap.significant]
        if any(gap.quantity == quantity for gap in case.gaps):
            ratios = [gap.synthetic / gap.real for gap in own]
            row: list[object] = [words, len(own), sum(gap.sign_kept for gap in own), sum(gap.kept for gap in own)]
            rows.append([*row, float(np.median(ratios)) if ratios else None])
    return markdown_table(["gap", "significant", "sign kept", "kept", "synthetic over real, median"], rows)


def _share_table(found: Sequence[AtShare]) -> str:
    """NDCG of both groups, mean over models, at each share."""
    rows = []
    for each in found:
        row: list[object] = [f"{each.share:.0%}"]
        for number in range(2):
            row += [
                float(np.mean([_value(m, number) for m in _models(getattr(each, side)).values()])) for side in _SIDES
            ]
        rows.append(row)
    first, second = found[0].names
    header = [f"{name}, {side}" for name in (first, second) for side in _SIDES]
    title = f"NDCG (standard), mean over models, {found[0].num_users:,} users; share of {first}:"
    return f"{title}\n\n" + markdown_table([f"share of {first}", *header], rows)


def _models(values: Mapping[str, Mapping[str, OfGroups]]) -> dict[str, Mapping[str, OfGroups]]:
    return {of: quantities for of, quantities in values.items() if of != "data"}


def _value(quantities: Mapping[str, OfGroups], group: int, quantity: str = "ndcg, standard") -> float:
    return float(np.asarray(quantities[quantity]["mean"])[:, group].mean())


def _gap_rows(cases: Sequence[Case]) -> Iterator[list[object]]:
    for case in cases:
        for gap in case.gaps:
            place = [case.source, case.column, case.recipe, gap.of, gap.quantity, gap.group, None]
            yield [*place, gap.real, gap.synthetic, gap.error, gap.kept if gap.significant else None]


def _share_rows(at_shares: Sequence[AtShare]) -> Iterator[list[object]]:
    for each in at_shares:
        for model in _models(each.real):
            for quantity in each.real[model]:
                for group, name in enumerate(each.names):
                    values = [_value(getattr(each, side)[model], group, quantity) for side in _SIDES]
                    yield [each.source, each.column, "profile", model, quantity, name, each.share, *values, None, None]


def _figure(path: Path, case: Case) -> None:
    """Synthetic gaps against real ones, a panel a quantity."""
    from matplotlib.figure import Figure  # imported on use: half a second

    shown = [quantity for quantity in _WORDS if any(gap.quantity == quantity for gap in case.gaps)]
    figure = Figure(figsize=(13, 8), layout="constrained")
    grid = figure.subplots(3, 3).ravel()
    for axes, quantity in zip(grid, shown, strict=False):
        for significant, alpha in ((True, 0.9), (False, 0.3)):
            own = [gap for gap in case.gaps if gap.quantity == quantity and gap.significant == significant]
            axes.scatter([gap.real for gap in own], [gap.synthetic for gap in own], s=20, alpha=alpha, color="C0")
        low, high = min(*axes.get_xlim(), *axes.get_ylim(), 0), max(*axes.get_xlim(), *axes.get_ylim(), 0)
        ends = np.array([low, 0, high])
        axes.plot(ends, ends, color="0.4", linewidth=1)
        axes.fill_between(ends, ends * 2 / 3, ends * 4 / 3, color="0.5", alpha=0.15, linewidth=0)
        axes.set(title=_WORDS[quantity], xlabel="real gap", ylabel="synthetic gap")
        axes.grid(alpha=0.3)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    figure.suptitle(
        f"{case.source}, {case.column}, {case.recipe}: a point a model and group, pale where not significant; "
        "grey: within a third"
    )
    save_figure(figure, path)


def _share_figure(path: Path, found: Sequence[AtShare], n: int) -> None:
    """NDCG of each group against its share, a panel a group: a line a model, solid real, dashed synthetic."""
    from matplotlib.figure import Figure  # imported on use: half a second

    figure = Figure(figsize=(11, 5), layout="constrained")
    grid = figure.subplots(1, 2, sharey=True)
    for group, axes in enumerate(grid):
        x = [each.share if group == 0 else 1 - each.share for each in found]
        for number, model in enumerate(_models(found[0].real)):
            for side, style in zip(_SIDES, ("solid", "dashed"), strict=True):
                y = [_value(getattr(each, side)[model], group) for each in found]
                label = model if side == "real" else None
                axes.plot(x, y, color=f"C{number % 10}", linestyle=style, linewidth=1.2, label=label)
        axes.set(title=f"users of {found[0].names[group]}", xlabel="their share of the users", ylabel=f"NDCG@{n}")
        axes.grid(alpha=0.3)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=7, frameon=False)
    figure.suptitle(f"{found[0].source}: real solid, synthetic dashed")
    save_figure(figure, path)
