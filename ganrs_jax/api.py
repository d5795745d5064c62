"""The front door: what `import ganrs_jax as gj` offers, from ratings to a model, datasets and their evaluation.

`ganrs_jax/__init__.py` imports it on first use.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganrs_jax.checkpoint import load_generator, save_generator
from ganrs_jax.data import sources
from ganrs_jax.data.dataset import Dataset
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.data.sources import ReadOptions
from ganrs_jax.errors import InputError
from ganrs_jax.export import write_dataset, write_format
from ganrs_jax.fidelity.fidelity import compare
from ganrs_jax.fidelity.metrics import Fidelity
from ganrs_jax.recipes import Config, Model, get_recipe
from ganrs_jax.recommenders import RECOMMENDERS, get_recommender
from ganrs_jax.recommenders import evaluate as recommenders
from ganrs_jax.recommenders.evaluate import Evaluation, at_length
from ganrs_jax.recommenders.hyperparameters import default_threshold, published_config
from ganrs_jax.report.fidelity import fidelity_table, fidelity_words
from ganrs_jax.report.page import Reported, write_page
from ganrs_jax.statistics.summary import describe
from ganrs_jax.training.loop import Report, silent

if TYPE_CHECKING:
    import pandas


def load_ratings(source: "str | Path | pandas.DataFrame", **options: Any) -> Ratings:
    """Ratings of a named source, a file, a folder or a data frame.

    Args:
      source: a name, such as "ml-100k" or "planted" (a small seeded world); a path; or a data frame.
      options: fields of `data.sources.ReadOptions`, such as `user_column`, `scale` ("1:5:1") or `max_users`.

    Raises:
      InputError: whatever is wrong with the options or the input, in one line.

    >>> import ganrs_jax as gj
    >>> gj.load_ratings("planted", planted_users=80, planted_items=60, planted_ratings=2000)
    Ratings(planted: 80 users, 60 items, 2,000 ratings, 1 to 5 in steps of 1)
    """
    known = {field.name for field in dataclasses.fields(ReadOptions)}
    if unknown := set(options) - known:
        raise InputError(f"`{min(unknown)}` is no option of reading; accepted: {', '.join(sorted(known))}")
    return sources.load_ratings(source, ReadOptions(**options))


def from_pandas(
    frame: "pandas.DataFrame",
    user_column: str = "",
    item_column: str = "",
    rating_column: str = "",
    **options: Any,
) -> Ratings:
    """Ratings of a data frame, a row per rating; columns by their usual names, or as named here.

    Other options as for `load_ratings`.

    Raises:
      InputError: a missing column, or one of an unsuitable type.

    >>> import ganrs_jax as gj
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"who": ["ann", "ann", "bob"], "what": ["x", "y", "x"], "stars": [5, 3, 4]})
    >>> gj.from_pandas(frame, "who", "what", "stars", scale="1:5:1")
    Ratings(DataFrame: 2 users, 2 items, 3 ratings, 1 to 5 in steps of 1)
    """
    columns = {"user_column": user_column, "item_column": item_column, "rating_column": rating_column}
    return load_ratings(frame, **columns, **options)


def train(
    ratings: "Ratings | str | Path | pandas.DataFrame",
    recipe: str = "profile",
    *,
    seed: int = 0,
    config: Config | None = None,
    report: Report = silent,
) -> Model:
    """A trained model of a recipe.

    Args:
      ratings: or what `load_ratings` takes.
      recipe: profile, ganrs, wganrs or cganrs.
      config: the recipe's settings, such as `gj.ProfileConfig(gan_steps=500)`; None = its defaults.
      report: called with progress: (stage, steps done, steps in all, metrics).

    Raises:
      InputError: an unknown recipe, invalid settings or another recipe's, ratings too few to learn from.

    >>> import ganrs_jax as gj
    >>> ratings = gj.load_ratings("planted", planted_users=80, planted_items=60, planted_ratings=2000)
    >>> model = gj.train(ratings, "ganrs", config=gj.GanrsConfig(embedding_epochs=1, gan_steps=50))
    >>> model.recipe
    'ganrs'
    """
    chosen = get_recipe(recipe)
    if config is not None and type(config) is not chosen.config:
        raise InputError(
            f"`config` is a {type(config).__name__}; accepted for recipe {recipe}: a {chosen.config.__name__}"
        )
    if not isinstance(ratings, Ratings):
        ratings = load_ratings(ratings)
    return chosen.fit([seed], ratings, [config or chosen.config()], report)[0]


def generate(model: Model, *, seed: int = 0, report: Report = silent, **request: object) -> Dataset:
    """A synthetic dataset; the same seed gives the same bytes.

    Args:
      request: fields of what the model's recipe can be asked for; those left out default to the source's. Recipe
        profile: `num_users`, `num_items`, `num_ratings`, `sigma`, `activity`, `popularity`, `rating_histogram`,
        `cold_users`, `cold_user_ratings`, `cold_items`, `cold_item_ratings`, and `item_ids="source"` for the source's
        own item ids in tables (`profile.settings.RatingsRequest`). The published
        ones: `num_users`, `num_items`, `num_samples`, `sigma` (`published.settings.RawSamplesRequest`), and
        `group_shares` of cganrs.

    Raises:
      InputError: an unknown field, or a request that no dataset can meet, with the nearest one that can be met.

    >>> import ganrs_jax as gj
    >>> ratings = gj.load_ratings("planted", planted_users=80, planted_items=60, planted_ratings=2000)
    >>> model = gj.train(ratings, "ganrs", config=gj.GanrsConfig(embedding_epochs=1, gan_steps=50))
    >>> dataset = gj.generate(model, num_users=40, num_items=30, num_samples=1000, seed=1)
    >>> list(dataset.to_pandas().columns)
    ['user_id', 'item_id', 'rating']
    """
    recipe = get_recipe(model.recipe)
    known = [field.name for field in dataclasses.fields(recipe.request) if field.name != "seed"]
    if unknown := [name for name in request if name not in known]:
        raise InputError(f"`{unknown[0]}`: recipe {model.recipe} does not take it; accepted: {', '.join(known)}")
    return recipe.generate(model, recipe.request(**request, seed=seed), report)  # type: ignore[arg-type]


def write(dataset: Dataset, path: str | Path, format: str = "") -> None:
    """Writes a dataset, whole or not at all; the same dataset gives the same bytes.

    Args:
      path: a file, or with `format` a folder.
      format: "" = by the suffix of the path, parquet or csv; or the layout that a toolkit or a release has: parquet,
        csv, movielens_100k, movielens_1m, movielens_25m, recbole, lenskit, surprise, huggingface.

    Raises:
      InputError: an unknown suffix or format, ids that a format cannot hold, a place that cannot be written.

    >>> import ganrs_jax as gj
    >>> gj.write(dataset, "synthetic.parquet")  # doctest: +SKIP
    >>> gj.write(dataset, "recbole_data", format="recbole")  # doctest: +SKIP
    """
    if format:
        write_format(path, dataset, format)
    else:
        write_dataset(path, dataset)


def save(model: Model, path: str | Path, *, overwrite: bool = False) -> None:
    """Writes a model as a folder that appears whole or not at all; `load` reads it.

    Raises:
      InputError: if the folder exists (unless `overwrite`) or cannot be written.

    >>> import ganrs_jax as gj
    >>> gj.save(model, "ml100k_model")  # doctest: +SKIP
    """
    save_generator(path, model, overwrite=overwrite)


def load(path: str | Path) -> Model:
    """A model that `save` or `train_generator` wrote; needs nothing but the folder.

    Raises:
      InputError: if it is absent, not a model, of another format version, cut short or altered.

    >>> import ganrs_jax as gj
    >>> model = gj.load("runs/ml100k/generator")  # doctest: +SKIP
    """
    return load_generator(path)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A synthetic dataset beside the real one: the metrics, as a table and in words."""

    source: str  # the real dataset's name
    metrics: Fidelity

    def __str__(self) -> str:
        results = {"synthetic": self.metrics}
        return "\n".join([fidelity_table(results, self.source), *fidelity_words(results)])

    def __repr__(self) -> str:
        return f"Comparison({self.source}, {len(self.metrics.metrics)} metrics; print it for the table)"


def fidelity(real: Ratings, synthetic: Dataset | Ratings, *, local_structure: bool = True) -> Comparison:
    """How close a synthetic dataset is to the real one, beside what random halves of the real users are.

    Args:
      local_structure: whether to measure held-out signal, nearest neighbours and reference recommenders too, which
        takes longer than the rest: seconds for 1,000 items, minutes for 7,000.

    >>> import ganrs_jax as gj
    >>> ratings = gj.load_ratings("planted", planted_users=80, planted_items=60, planted_ratings=2000)
    >>> print(str(gj.fidelity(ratings, ratings)).splitlines()[0])  # doctest: +ELLIPSIS
    (best in brackets)...
    """
    return Comparison(real.name, compare(real, synthetic, local_structure=local_structure))


def report(path: str | Path, real: Ratings, synthetic: Dataset | Ratings, comparison: Comparison | None = None) -> Path:
    """Writes a page on a synthetic dataset that says whether it may be used, and why; returns its place.

    Args:
      path: of one HTML file, which needs nothing beside itself.
      comparison: what `fidelity` found; measured now where it is None.

    Raises:
      InputError: if the file cannot be written, or the ratings cannot be compared.

    >>> import ganrs_jax as gj
    >>> gj.report("report.html", ratings, dataset)  # doctest: +SKIP
    """
    found = comparison or fidelity(real, synthetic)
    metadata = synthetic.metadata if isinstance(synthetic, Dataset) else {}
    summaries = tuple(
        dataclasses.asdict(describe(each.user, each.item, each.rating, real.scale)) for each in (real, synthetic)
    )
    page = Reported(real.name, "synthetic", found.metrics, metadata, (summaries[0], summaries[1]))
    write_page(Path(path), page)
    return Path(path)


def evaluate(
    ratings: "Ratings | Dataset",
    models: Sequence[str] = tuple(RECOMMENDERS),
    *,
    num_seeds: int = 1,
    cutoffs: Sequence[int] = (5, 10),
    epochs: int = 0,
    report: Report = silent,
) -> "pandas.DataFrame":
    """Recommenders trained on 80 % of the ratings and measured on the rest, a row per model, convention and cutoff.

    Args:
      models: names of `recommenders.RECOMMENDERS`.
      num_seeds: repeats of each, every one with a split and a start of its own; metrics are their means.
      epochs: of training; 0 = as published.

    Raises:
      InputError: an unknown model, or ratings too few to split.

    >>> import ganrs_jax as gj
    >>> ratings = gj.load_ratings("planted", planted_users=80, planted_items=60, planted_ratings=2000)
    >>> table = gj.evaluate(ratings, ["popularity"], cutoffs=[5])
    >>> list(table.columns)[:4]
    ['model', 'convention', 'n', 'precision']
    """
    import pandas

    if isinstance(ratings, Dataset):
        ratings = sources.load_ratings(ratings.to_pandas(), ReadOptions(scale=_scale_text(ratings)))
    threshold, rows = default_threshold(ratings.scale), []
    for name in models:
        found = recommenders.evaluate(
            name,
            ratings,
            seeds=range(num_seeds),
            config=published_config(get_recommender(name).config, ratings.name, epochs),
            threshold=threshold,
            cutoffs=sorted(cutoffs),
            report=report,
        )
        rows += _rows(found)
    return pandas.DataFrame(rows)


def _rows(found: Evaluation) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for convention, metrics in found["metrics"].items():
        for n in found["cutoffs"]:
            means = {name: sum(at_length(found, convention, name, n)) / len(found["seeds"]) for name in metrics}
            rows.append({"model": found["model"], "convention": convention, "n": n, **means})
    return rows


def _scale_text(dataset: Dataset) -> str:
    scale = dataset.scale
    return f"{scale.low:g}:{scale.high:g}:{scale.step:g}"
