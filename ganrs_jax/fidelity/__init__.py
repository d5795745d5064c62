"""How close a synthetic dataset is to its source, and what it reveals about its users.

`ganrs_jax.fidelity` is this package and, called, the front door's `fidelity(real, synthetic)`: Python binds a package's
name in its parent when anything of it is imported, whatever the parent says.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganrs_jax.api import Comparison
    from ganrs_jax.data.dataset import Dataset
    from ganrs_jax.data.ratings import Ratings


class _Package(ModuleType):
    def __call__(
        self, real: "Ratings", synthetic: "Dataset | Ratings", *, local_structure: bool = True
    ) -> "Comparison":
        from ganrs_jax.api import fidelity

        return fidelity(real, synthetic, local_structure=local_structure)


sys.modules[__name__].__class__ = _Package
