"""How far recommenders fall from warm to cold, on real ratings and on synthetic ones."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.recommenders.parts import OfPart

METRICS = ("f1", "ndcg")
WANTED = 0.05  # between a fall on synthetic ratings and the real one
Falls = Mapping[str, tuple[OfPart, OfPart]]  # model -> what it shows where warm, and where cold


class Fall(NamedTuple):
    """Of one model, convention and metric: values where warm and where cold, real and synthetic, means over seeds."""

    model: str
    convention: str
    metric: str
    real: tuple[float, float]
    synthetic: tuple[float, float]

    @property
    def difference(self) -> float:
        """The synthetic fall less the real one."""
        return (self.synthetic[0] - self.synthetic[1]) - (self.real[0] - self.real[1])

    @property
    def kept(self) -> bool:
        """Whether the fall has the sign of the real one and lies within .05 of it."""
        falls = [warm - cold for warm, cold in (self.real, self.synthetic)]
        return np.sign(falls[0]) == np.sign(falls[1]) and abs(self.difference) <= WANTED


def falls(real: Falls, synthetic: Falls, cutoffs: Sequence[int], n: int) -> Iterator[Fall]:
    """Every model's, under each convention, at N = n."""
    at = list(cutoffs).index(n)
    for model in real:
        for convention in CONVENTIONS:
            for metric in METRICS:
                sides = [
                    tuple(float(np.mean(np.asarray(part[convention][metric])[:, at])) for part in side[model])
                    for side in (real, synthetic)
                ]
                yield Fall(model, convention, metric, *sides)  # type: ignore[arg-type]
