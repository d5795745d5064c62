"""A metric of a real and a synthetic dataset, and all metrics of a comparison."""

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

SAME_SIZE = 1.1  # ratio of sizes up to which metrics that depend on it are read as they are


class Metric(NamedTuple):
    """A number of the real dataset, the same of the synthetic one, and how far apart they are.

    Attributes:
      real, synthetic: None where the metric is a distance alone.
      distance: None where the metric has none of its own.
      split_half: the split-half baseline, what real data show against real data: the mean `distance` (or, where there
        is none, `synthetic`) of random halves of the real users, as real and synthetic; None where it was not measured.
    """

    real: float | None = None
    synthetic: float | None = None
    distance: float | None = None
    split_half: float | None = None


@dataclasses.dataclass(frozen=True)
class Fidelity:
    """How far a synthetic dataset is from its source.

    Attributes:
      metrics: by name, in the order of a table.
      notes: what was left out or is to be read with care, a sentence each.
    """

    metrics: Mapping[str, Metric]
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """{"metrics": {name: {"real", "synthetic", "distance", "split_half"}}, "notes": [...]}."""
        metrics = {name: metric._asdict() for name, metric in self.metrics.items()}
        return {"metrics": metrics, "notes": list(self.notes)}


def pair(real: float, synthetic: float) -> Metric:
    """Two values and their absolute difference."""
    return Metric(float(real), float(synthetic), abs(float(real) - float(synthetic)))
