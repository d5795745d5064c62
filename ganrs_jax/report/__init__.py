"""Tables, figures and pages.

`ganrs_jax.report` is this package and, called, the front door's `report(path, real, synthetic)`: see `fidelity`.
"""

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganrs_jax.api import Comparison
    from ganrs_jax.data.dataset import Dataset
    from ganrs_jax.data.ratings import Ratings


class _Package(ModuleType):
    def __call__(
        self,
        path: str | Path,
        real: "Ratings",
        synthetic: "Dataset | Ratings",
        comparison: "Comparison | None" = None,
    ) -> Path:
        from ganrs_jax.api import report

        return report(path, real, synthetic, comparison)


sys.modules[__name__].__class__ = _Package
