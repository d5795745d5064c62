"""A figure of a source beside synthetic datasets: three marginals, and three facts of the structure under them."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ganrs_jax.data.ratings import Scale
from ganrs_jax.fidelity.fidelity import Side
from ganrs_jax.fidelity.samples import Rated, TooSmallError, as_sample
from ganrs_jax.report.figures import save_figure
from ganrs_jax.statistics.summary import histogram

_SLICES = 20  # of items by popularity: a few percent of them in each, so that a mean is of many ratings


def comparison_figure(path: Path, datasets: Mapping[str, Rated], scale: Scale) -> None:
    """Saves a figure of datasets beside one another: three marginals, and three facts of the structure under them.

    Args:
      path: a .png or .svg file.
      datasets: by name; what one is too small for is left out.
      scale: the values that ratings may take.
    """
    from matplotlib.figure import Figure  # imported on use: half a second

    figure = Figure(figsize=(11, 6.4), layout="constrained")
    (shares, users, items), (values, popularity, errors) = figure.subplots(2, 3)
    width = 0.8 / len(datasets)
    for number, (name, rated) in enumerate(datasets.items()):
        side = Side(name, as_sample(rated, name), scale.levels)
        user, item, rating, *_ = side.sample
        offset = (number - (len(datasets) - 1) / 2) * width
        shares.bar(np.arange(len(scale.levels)) + offset, histogram(rating, scale), width, label=name)
        for axes, counts in ((users, np.bincount(user)), (items, np.bincount(item))):
            ranked = np.sort(counts)[::-1]
            axes.plot((np.arange(len(ranked)) + 1) / len(ranked), np.maximum(ranked, 0.5) / ranked.mean())
        # Items from the rarest to the most popular, in slices of as many.
        counts = np.bincount(item)
        slices = np.array_split(np.argsort(counts, kind="stable"), min(_SLICES, len(counts)))
        total = np.bincount(item, rating)
        means = [total[mine].sum() / counts[mine].sum() for mine in slices]
        popularity.plot((np.arange(len(slices)) + 0.5) / len(slices), means, "o-", markersize=3)
        with contextlib.suppress(TooSmallError):
            values.plot(np.arange(2, len(side.spectrum.values) + 1), side.spectrum.values[1:], "o-", markersize=3)
        with contextlib.suppress(TooSmallError):
            held_out = side.learnability.bias_ratio, side.learnability.mf_ratio
            errors.bar(np.arange(2) + offset, held_out, width)
    shares.set(
        title="Rating histogram", xlabel="rating", ylabel="share of ratings", xticks=np.arange(len(scale.levels))
    )
    shares.set_xticklabels([f"{level:g}" for level in scale.levels])
    shares.legend(frameon=False)
    users.set(title="Ratings per user", xlabel="share of users, most active first", ylabel="times the mean")
    items.set(title="Ratings per item", xlabel="share of items, most popular first", ylabel="times the mean")
    values.set(title="Who rates what", xlabel="singular value", ylabel="of the normalised 0/1 matrix")
    popularity.set(title="Mean rating by popularity", xlabel="share of items, rarest first", ylabel="mean rating")
    errors.set(title="Held-out error", ylabel="RMSE over that of the mean", ylim=(0.5, 1.05))
    errors.set_xticks([0, 1], ["biases", "biases and 10 factors"])
    for axes in (users, items):
        axes.set(yscale="log", xlim=(0, 1))
    for axes in (users, items, values, popularity):
        axes.grid(alpha=0.3)
    save_figure(figure, path)
