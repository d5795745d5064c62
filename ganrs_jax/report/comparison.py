"""Text tables, what was asked beside what was made, and a figure of source beside synthetic."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.files import whole_file
from ganrs_jax.statistics.summary import Summary


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of aligned columns, the first to the left and the others to the right."""
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, ["-" * w for w in widths], *rows]:
        cells = [str(row[0]).ljust(widths[0]), *(str(c).rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def outcome(dataset: Dataset, place: str) -> str:
    """What was asked and what came out, in a line; a line for each warning follows."""
    facts, asked = dataset.metadata, dataset.metadata["request"]
    wanted, unit = (asked["num_samples"], "samples") if "num_samples" in asked else (asked["num_ratings"], "ratings")
    sizes = f"{asked['num_users']:,} users, {asked['num_items']:,} items, {wanted:,} {unit}"
    made = f"written {facts['users']:,} users, {facts['items']:,} items, {facts['rows']:,} ratings"
    if "dropped_identical" in facts:
        dropped = (
            f"dropped {wanted - facts['rows']:,}: {facts['dropped_identical']:,} identical, "
            f"{facts['dropped_conflicting']:,} of pairs with three or more ratings, "
            f"{facts['dropped_second_ratings']:,} second ratings of a pair"
        )
        line = f"{made} ({100 * facts['rows'] / wanted:.0f} %) to {place}; {dropped}"
    else:
        line = f"{made} to {place}{', exactly as asked' if made.endswith(sizes) else ''}"
    return "\n".join([f"asked {sizes}; {line}", *(f"WARNING {text}" for text in facts.get("warnings", ()))])


def comparison_figure(path: Path, datasets: Mapping[str, tuple[np.ndarray, np.ndarray, Summary]]) -> None:
    """Saves a figure of rating shares and of ratings per user and per item, by rank.

    Args:
      path: a .png or .svg file.
      datasets: name -> (ratings of each user [U], ratings of each item [I], `summary.describe`).
    """
    from matplotlib import rc_context  # imported on use: half a second
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.4), layout="constrained")
    shares, users, items = figure.subplots(1, 3)
    width = 0.8 / len(datasets)
    for number, (name, (per_user, per_item, summary)) in enumerate(datasets.items()):
        places = np.arange(len(summary.rating_levels)) + (number - (len(datasets) - 1) / 2) * width
        shares.bar(places, summary.rating_histogram, width, label=name)
        for axes, counts in ((users, per_user), (items, per_item)):
            ranked = np.sort(counts)[::-1]
            axes.plot((np.arange(len(ranked)) + 1) / len(ranked), np.maximum(ranked, 0.5) / ranked.mean(), label=name)
    levels = next(iter(datasets.values()))[2].rating_levels
    shares.set(title="Rating histogram", xlabel="rating", ylabel="share of ratings", xticks=np.arange(len(levels)))
    shares.set_xticklabels([f"{level:g}" for level in levels])
    users.set(title="Ratings per user", xlabel="share of users, most active first", ylabel="times the mean")
    items.set(title="Ratings per item", xlabel="share of items, most popular first", ylabel="times the mean")
    for axes in (users, items):
        axes.set(yscale="log", xlim=(0, 1))
        axes.grid(alpha=0.3)
    shares.legend(frameon=False)
    unstamped = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    with whole_file(path) as partial, rc_context({"svg.hashsalt": "ganrs_jax"}):  # the same bytes again
        figure.savefig(partial, format=path.suffix[1:], dpi=150, metadata=unstamped)
