"""A figure of a comparison, and all of them."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """A number of the real dataset, the same of the synthetic one, and how far apart they are.

    Attributes:
      real, synthetic: None where the figure is a distance alone.
      distance: None where the figure has none of its own.
      floor: what real data have against real data: the mean `distance` (or, where there is none, `synthetic`) of
        random halves of the real users, as real and synthetic; None where it was not measured.
    """

    real: float | None = None
    synthetic: float | None = None
    distance: float | None = None
    floor: float | None = None


@dataclasses.dataclass(frozen=True)
class Fidelity:
    """How far a synthetic dataset is from its source.

    Attributes:
      figures: by name, in the order of a table.
      notes: what was left out or is to be read with care, a sentence each.
    """

    figures: Mapping[str, Figure]
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """{"figures": {name: {"real", "synthetic", "distance", "floor"}}, "notes": [...]}."""
        figures = {name: figure._asdict() for name, figure in self.figures.items()}
        return {"figures": figures, "notes": list(self.notes)}


def pair(real: float, synthetic: float) -> Figure:
    """Two values and their absolute difference."""
    return Figure(float(real), float(synthetic), abs(float(real) - float(synthetic)))
