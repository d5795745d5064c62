"""The recommenders by name: six networks of the study, and eight references that are no networks."""

from ganrs_jax.errors import InputError
from ganrs_jax.recommenders import (
    biases,
    binary_regression,
    bpr,
    deepmf,
    ease,
    implicit_als,
    item_knn,
    ncf_classification,
    ncf_classification_improved,
    ncf_regression,
    popularity,
    pure_svd,
    user_knn,
    vdeepmf,
)
from ganrs_jax.recommenders.interface import Recommender

RECOMMENDERS: dict[str, Recommender] = {
    "deepmf": deepmf.RECOMMENDER,
    "vdeepmf": vdeepmf.RECOMMENDER,
    "ncf_regression": ncf_regression.RECOMMENDER,
    "ncf_classification": ncf_classification.RECOMMENDER,
    "ncf_classification_improved": ncf_classification_improved.RECOMMENDER,
    "binary_regression": binary_regression.RECOMMENDER,
    "popularity": popularity.RECOMMENDER,
    "biases": biases.RECOMMENDER,
    "item_knn": item_knn.RECOMMENDER,
    "user_knn": user_knn.RECOMMENDER,
    "pure_svd": pure_svd.RECOMMENDER,
    "ease": ease.RECOMMENDER,
    "implicit_als": implicit_als.RECOMMENDER,
    "bpr": bpr.RECOMMENDER,
}


def get_recommender(name: str) -> Recommender:
    """The recommender of that name.

    Raises:
      InputError: listing the names there are.
    """
    if name not in RECOMMENDERS:
        raise InputError(f"`models={name}`; accepted: {', '.join(RECOMMENDERS)}")
    return RECOMMENDERS[name]
