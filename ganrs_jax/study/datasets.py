"""The datasets of the study: real ones, and synthetic ones of a recipe, each made once and kept."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet

from ganrs_jax.checkpoint import load_generator, save_generator
from ganrs_jax.data.dataset import Dataset
from ganrs_jax.data.ratings import Ratings, digest
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from ganrs_jax.export import write_dataset
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.published.settings import RawSamplesRequest
from ganrs_jax.recipes import Model, get_recipe
from ganrs_jax.training.loop import Report, silent

REAL = "real"
_TRIALS = 12  # of raw samples, for a published recipe to keep as many rows as the source has
_FIRST_GROWTH = 0.5  # power of the samples that the rows grow with, before two trials tell it
_SLOWER, _LEAST_GROWTH = 0.85, 0.05  # of it, from trial to trial; at least
_MOST_MORE = 8.0  # times the samples of the trial before


@dataclasses.dataclass(frozen=True)
class StudyDataset:
    """A dataset of the study; zeros are the source's own numbers.

    Attributes:
      kind: "real" or a recipe.
      rows: wanted exactly; a published recipe draws more raw samples until it keeps as many, and some are left out.
      num_samples: raw samples, of published recipes, whatever they keep of them.
      draws: datasets of one generator, of other seeds.
    """

    source: str
    kind: str
    num_users: int = 0
    num_items: int = 0
    rows: int = 0
    num_samples: int = 0
    sigma: float = 0.0
    draws: int = 1

    @property
    def name(self) -> str:
        """Its name on disk."""
        given = zip(("u", "i", "rows", "samples", "sigma"), dataclasses.astuple(self)[2:-1], strict=True)
        sizes = [f"{letter}{value}" for letter, value in given if value]
        return "-".join([self.source, self.kind, *sizes, *([f"draws{self.draws}"] if self.draws > 1 else [])])


class Store:
    """Generators and datasets of a folder, made where they are missing, by one seed."""

    def __init__(self, folder: Path, seed: int, options: ReadOptions, progress: Report = silent) -> None:
        self._folder, self._seed, self._options, self.progress = folder, seed, options, progress
        self._real: dict[str, Ratings] = {}
        self._generators: dict[tuple[str, str], Model] = {}

    def real(self, source: str) -> Ratings:
        """The source's ratings.

        Raises:
          InputError: if it cannot be had.
        """
        if source not in self._real:
            self._real[source] = load_ratings(source, self._options)
        return self._real[source]

    def ratings(self, dataset: StudyDataset) -> list[Ratings]:
        """Its draws that are of the first one's size: published recipes do not fill every user and item.

        Synthetic ones are from files, which are written first where there are none.
        """
        if dataset.kind == REAL:
            return [self.real(dataset.source)]
        scale, found = self.real(dataset.source).scale, []
        for draw in range(dataset.draws):
            path = self._place(dataset, draw)
            if not path.exists():
                write_dataset(path, self._generated(dataset, draw))
            options = ReadOptions(scale=f"{scale.low:g}:{scale.high:g}:{scale.step:g}")
            found.append(load_ratings(str(path), options))
        sizes = [(each.num_users, each.num_items, each.num_ratings) for each in found]
        return [each for each, size in zip(found, sizes, strict=True) if size == sizes[0]]

    def _place(self, dataset: StudyDataset, draw: int) -> Path:
        one = dataclasses.replace(dataset, draws=1)
        return self._folder / "datasets" / f"{one.name}{f'-draw{draw}' if draw else ''}.parquet"

    def _generated(self, dataset: StudyDataset, draw: int) -> Dataset:
        generator = self.generator(dataset.source, dataset.kind)
        recipe, sizes, seed = get_recipe(dataset.kind), (dataset.num_users, dataset.num_items), self._seed + draw
        if dataset.kind == "profile":
            request = RatingsRequest(*sizes, dataset.rows or dataset.num_samples, dataset.sigma, seed)
            return recipe.generate(generator, request, self.progress)
        asked = RawSamplesRequest(*sizes, dataset.num_samples, dataset.sigma, seed)
        if dataset.num_samples:
            return recipe.generate(generator, asked, self.progress)
        rows = dataset.rows or generator.source.ratings
        samples = rows
        if draw:  # as many raw samples as the first draw needed
            metadata = json.loads(pyarrow.parquet.read_schema(self._place(dataset, 0)).metadata[b"ganrs_jax"])
            samples = int(metadata["request"]["num_samples"])
        return self._of_rows(generator, asked, rows, samples)

    def _of_rows(self, generator: Model, asked: RawSamplesRequest, rows: int, samples: int) -> Dataset:
        """A dataset of so many rows, or of as many as can be had, by a recipe that does not keep all it draws.

        Args:
          samples: raw samples to begin with.
        """
        best: Dataset | None = None
        growth, before = _FIRST_GROWTH, (samples, 0)
        for _ in range(_TRIALS):
            request = dataclasses.replace(asked, num_samples=samples)
            dataset = get_recipe(generator.recipe).generate(generator, request, self.progress)
            if len(dataset.rating) >= rows:
                kept = np.sort(np.random.default_rng(self._seed).permutation(len(dataset.rating))[:rows])
                columns = {name: getattr(dataset, name)[kept] for name in ("user", "item", "rating")}
                facts: dict[str, object] = {**dataset.metadata, "rows": rows, "thinned_from": len(dataset.rating)}
                return dataclasses.replace(dataset, **columns, metadata=facts)
            if best is not None and len(dataset.rating) <= len(best.rating):
                break  # more samples only make more pairs conflict
            best, kept_now = dataset, len(dataset.rating)
            if before[1]:  # of ever fewer samples that are more, ever fewer are kept
                growth = _SLOWER * np.log(kept_now / before[1]) / np.log(samples / before[0])
            before = samples, kept_now
            samples = int(samples * min(_MOST_MORE, 1.05 * (rows / kept_now) ** (1 / max(growth, _LEAST_GROWTH))))
        assert best is not None
        return best

    def generator(self, source: str, kind: str, **changes: Any) -> Model:
        """A recipe's model of a source, trained and kept where there is none.

        Args:
          changes: of the recipe's settings, after which the folder is called.

        Raises:
          InputError: if the one in the folder is of other ratings or of another seed.
        """
        name = "-".join([kind, *(f"{value}".replace(",", "_") for value in changes.values())])
        if (source, name) not in self._generators:
            place = self._folder / "generators" / f"{source}-{name}"
            if not place.exists():
                recipe = get_recipe(kind)
                config = recipe.config(**changes)
                save_generator(place, recipe.fit([self._seed], self.real(source), [config], self.progress)[0])
            found = load_generator(place)
            if (found.source.digest, found.training.get("seed")) != (digest(self.real(source)), self._seed):
                raise InputError(
                    f"{place}: of other ratings than `sources={source}` has, or of another seed than "
                    f"`data_seed={self._seed}`; accepted: another `workdir`, or the folder deleted"
                )
            self._generators[source, name] = found
        return self._generators[source, name]
