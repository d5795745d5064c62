"""The baselines by name: six networks of the study, and two references that are no networks."""

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders import (
    biases,
    binary_regression,
    deepmf,
    ncf_classification,
    ncf_classification_improved,
    ncf_regression,
    popularity,
    vdeepmf,
)
from ganrs_jax.recommenders.interface import Baseline

BASELINES: dict[str, Baseline] = {
    "deepmf": deepmf.BASELINE,
    "vdeepmf": vdeepmf.BASELINE,
    "ncf_regression": ncf_regression.BASELINE,
    "ncf_classification": ncf_classification.BASELINE,
    "ncf_classification_improved": ncf_classification_improved.BASELINE,
    "binary_regression": binary_regression.BASELINE,
    "popularity": popularity.BASELINE,
    "biases": biases.BASELINE,
}


def get_baseline(name: str) -> Baseline:
    """The baseline of that name.

    Raises:
      InputError: listing the names there are.
    """
    if name not in BASELINES:
        raise InputError(f"`models={name}`; accepted: {', '.join(BASELINES)}")
    return BASELINES[name]
