"""Fidelity: validity, marginals, structure, learnability, profiles and local structure, synthetic beside real."""

import functools
from collections.abc import Callable
from typing import NamedTuple, ParamSpec, TypeVar

import numpy as np

from ganrs_jax.data.ratings import Ratings, Scale
from ganrs_jax.fidelity import local_structure as local
from ganrs_jax.fidelity.marginals import ks_distance, marginals, validity
from ganrs_jax.fidelity.metrics import SAME_SIZE, Fidelity, Metric, pair
from ganrs_jax.fidelity.ndcg import ndcg
from ganrs_jax.fidelity.neighbours import density_coverage
from ganrs_jax.fidelity.profiles import Profiles, profiles
from ganrs_jax.fidelity.samples import Rated, Sample, TooSmallError, as_sample, halves, transposed
from ganrs_jax.fidelity.structure import learnability, lifts, popularity_rating_correlation, spectral, spectrum_error
from ganrs_jax.fidelity.two_sample import c2st_auc
from ganrs_jax.statistics.held_out_signal import HeldOutSignal
from ganrs_jax.statistics.learnability import Learnability
from ganrs_jax.statistics.rating_agreement import rating_agreement
from ganrs_jax.statistics.spectrum import Spectral

_SPLITS = 3  # random splits of the real users into halves; their mean is steady enough, and each costs a comparison
_ROW_SPLITS = 2  # of a dataset into rows to train on and to test with, for recommenders
_LEAST_GAIN = 1e-3  # of factors over biases in the real data, for a share of it to be meant
Given = ParamSpec("Given")
Measured = TypeVar("Measured")


class Side:
    """A dataset with what is computed of it once, on first use; each raises TooSmallError where it is not defined."""

    def __init__(self, name: str, sample: Sample, levels: np.ndarray, row_splits: int = _ROW_SPLITS) -> None:
        self.name, self.sample, self.levels, self.row_splits = name, sample, levels, row_splits

    @functools.cached_property
    def spectrum(self) -> Spectral:
        return self._of(spectral, self.sample)

    @functools.cached_property
    def lifts(self) -> np.ndarray:
        return self._of(lifts, self.sample)

    @functools.cached_property
    def popularity_rating(self) -> float:
        return self._of(popularity_rating_correlation, self.sample)

    @functools.cached_property
    def learnability(self) -> Learnability:
        return self._of(learnability, self.sample)

    @functools.cached_property
    def users(self) -> Profiles:
        return self._of(profiles, self.sample, self.spectrum, self.levels)

    @functools.cached_property
    def items(self) -> Profiles:
        return self._of(profiles, transposed(self.sample), self.spectrum.transposed(), self.levels)

    @functools.cached_property
    def bounded(self) -> Sample:
        return local.bounded(self.sample)

    @functools.cached_property
    def signal(self) -> HeldOutSignal:
        return self._of(local.signal, self.bounded)

    @functools.cached_property
    def nearest_cosines(self) -> tuple[float, float]:
        return self._of(local.nearest_cosines, self.bounded)

    @functools.cached_property
    def agreement(self) -> float:
        return rating_agreement(self.bounded.user, self.bounded.item, self.bounded.rating)

    @functools.cached_property
    def ndcg(self) -> np.ndarray:
        """[splits of the rows, recommenders]."""
        return np.stack([self._of(ndcg, self.bounded, seed) for seed in range(self.row_splits)])

    def _of(self, measure: Callable[Given, Measured], *arguments: Given.args, **named: Given.kwargs) -> Measured:
        try:
            return measure(*arguments, **named)
        except TooSmallError as error:
            raise TooSmallError(f"{self.name}: {error}") from error


class Reference(NamedTuple):
    """The real side of comparisons: measured once, however many synthetic datasets are compared with it.

    Attributes:
      real: the source.
      split_half: name of a metric -> its mean between halves of the real users.
      notes: split-half baselines that could not be measured.
      local_structure: whether that of synthetic datasets is measured too.
    """

    real: Side
    split_half: dict[str, float]
    notes: tuple[str, ...]
    local_structure: bool = True


def reference(real: Rated, scale: Scale, splits: int = _SPLITS, *, local_structure: bool = True) -> Reference:
    """The real side, with the split-half baseline: its metrics between random halves of its users.

    A half has half the users, and so less signal, nearest neighbours that are less near, and recommenders that have
    learnt from less: its values are not those of the whole. The baseline compares like with like, one half with the
    other, and is their difference alone: what chance does between datasets of half the size, somewhat more than between
    datasets of the whole one. Recommenders are trained on one split of the users, and one of the rows of each half: a
    difference that is small there may be so by luck, which is why failure checks have limits of their own beside it.

    Args:
      real: the source's ratings.
      scale: the ratings it allows.
      splits: random splits into halves, whose mean is the split-half baseline; 0 measures none.
      local_structure: whether to measure that of all datasets, which takes longer than all the rest.

    Raises:
      InputError: on no rows, or ratings that are not finite.
    """
    side = Side("real", as_sample(real), scale.levels)
    notes: list[str] = []
    found: list[dict[str, Metric]] = []
    for seed in range(splits):
        try:
            first, second = (Side("half of the real", half, scale.levels, 1) for half in halves(side.sample, seed))
        except TooSmallError:
            break
        groups = {**_BETWEEN_HALVES, **(_LOCAL if local_structure else {})}
        if local_structure and seed == 0:
            groups |= _RECOMMENDERS
        found.append(_compared(first, second, groups, notes))
    names = dict.fromkeys(name for metrics in found for name in metrics)
    split_half = {}
    for name in names:  # the distance, or the value of a metric that is a distance by itself
        gaps = [f[name].distance if f[name].distance is not None else f[name].synthetic for f in found if name in f]
        split_half[name] = float(np.mean([gap or 0.0 for gap in gaps]))
    return Reference(side, split_half, tuple(dict.fromkeys(notes)), local_structure)


def compare(
    real: Reference | Ratings, synthetic: Rated, name: str = "synthetic", *, local_structure: bool = True
) -> Fidelity:
    """Every metric of a synthetic dataset, beside the real one's and the split-half baseline.

    rows, users, items, repeated_pairs, off_scale_ratings: see `marginals.validity`. mean_rating, std_rating, rating_tv,
    gini_*, ks_*: `marginals.marginals`. spectrum_relative_error, popularity_rating_corr, co_rating_lift (its median and
    KS distance): `structure`. mean_rmse, bias_ratio, mf_ratio, bias_peak, and mf_gain_kept, the share of the real
    step from bias_ratio to mf_ratio: `learnability`. c2st_*_auc: `two_sample`. *_density, *_coverage: `neighbours`.

    Local structure, of at most 10,000 users and 8,192 items. signal_2_10, signal_11_30, signal_31_100: held-out signal
    of singular vectors by rank, `statistics.held_out_signal`. neighbours_items, neighbours_users: median of the mean
    cosine to the ten nearest, `statistics.neighbourhoods`. rating_agreement: of ratings of neighbouring items,
    `statistics.rating_agreement`. ndcg_popularity, ndcg_pure_svd_10, ndcg_pure_svd_64, ndcg_item_knn, ndcg_ease:
    NDCG@10 of reference recommenders, means over two splits of the rows, `ndcg`. tau: Kendall's tau of their order; its
    `synthetic` is between real and synthetic data, its `real` between two splits of the real rows and its `split_half`
    between halves. The `split_half` of all the others is the absolute difference of
    two halves; these have half the users, and so other values than the whole: see `reference`.

    What a dataset is too small for is left out, and a note says so.

    Args:
      real: the source; its `reference`, where several datasets are compared with it.
      synthetic: any dataset with columns of users, items and ratings.
      name: what notes and messages call the synthetic dataset.
      local_structure: whether to measure it, where `real` is no reference; a reference has been asked already.

    Raises:
      InputError: on no rows, or ratings that are not finite.
    """
    known = real if isinstance(real, Reference) else reference(real, real.scale, local_structure=local_structure)
    side, notes = Side(name, as_sample(synthetic, name), known.real.levels), list(known.notes)
    metrics = validity(known.real.sample, side.sample, side.levels, synthetic)
    metrics |= _compared(known.real, side, _GROUPS, notes)
    if known.local_structure:
        metrics |= _compared(known.real, side, _LOCAL | _RECOMMENDERS, notes)
        if known.real.bounded is not known.real.sample or side.bounded is not side.sample:
            users, items = local.MOST_USERS, local.MOST_ITEMS
            notes.append(f"local structure is that of at most {users:,} users and {items:,} items")
    a, b = known.real.sample, side.sample
    sizes = ((a.num_users, b.num_users), (a.num_items, b.num_items), (len(a.rating), len(b.rating)))
    if not all(1 / SAME_SIZE <= x / y <= SAME_SIZE for x, y in sizes):
        notes.append(
            "sizes differ: counts are compared relative to their means, and singular values, c2st, density, "
            "coverage and local structure are to be read with care"
        )
    metrics = {name: metric._replace(split_half=known.split_half.get(name)) for name, metric in metrics.items()}
    return Fidelity(metrics, tuple(notes))


def _compared(
    real: Side, synthetic: Side, groups: dict[str, Callable[[Side, Side], dict[str, Metric]]], notes: list[str]
) -> dict[str, Metric]:
    """The metrics of all groups that are defined on both sides; a note for each of the others."""
    metrics: dict[str, Metric] = {}
    for name, group in groups.items():
        try:
            metrics |= group(real, synthetic)
        except TooSmallError as error:
            notes.append(f"{name} left out: {error}")
    return metrics


def _learnability(real: Side, synthetic: Side) -> dict[str, Metric]:
    a, b = real.learnability, synthetic.learnability
    metrics = {name: pair(x, y) for name, x, y in zip(a._fields, a, b, strict=True)}
    gain = a.bias_ratio - a.mf_ratio
    if gain > _LEAST_GAIN:
        metrics["mf_gain_kept"] = Metric(1.0, (b.bias_ratio - b.mf_ratio) / gain)
    return metrics


def _profiles(kind: str, real: Profiles, synthetic: Profiles) -> dict[str, Metric]:
    a, b = real.features_nxD, synthetic.features_nxD
    near = density_coverage(a, b)
    return {
        f"c2st_{kind}_auc": Metric(synthetic=c2st_auc(a, b)),
        f"{kind}_density": Metric(synthetic=near.density),
        f"{kind}_coverage": Metric(synthetic=near.coverage),
    }


_BETWEEN_HALVES: dict[str, Callable[[Side, Side], dict[str, Metric]]] = {
    "marginals": lambda real, synthetic: marginals(real.sample, synthetic.sample, real.levels),
    "spectrum": lambda real, synthetic: {
        "spectrum_relative_error": Metric(distance=spectrum_error(real.spectrum, synthetic.spectrum))
    },
    "items rated together": lambda real, synthetic: {
        "co_rating_lift": Metric(
            float(np.median(real.lifts)), float(np.median(synthetic.lifts)), ks_distance(real.lifts, synthetic.lifts)
        )
    },
    "popularity against rating": lambda real, synthetic: {
        "popularity_rating_corr": pair(real.popularity_rating, synthetic.popularity_rating)
    },
    "user profiles": lambda real, synthetic: _profiles("user", real.users, synthetic.users),
    "item profiles": lambda real, synthetic: _profiles("item", real.items, synthetic.items),
}
_LOCAL: dict[str, Callable[[Side, Side], dict[str, Metric]]] = {
    "held-out signal": lambda real, synthetic: local.signal_metrics(real.signal, synthetic.signal),
    "neighbourhoods": lambda real, synthetic: {
        f"neighbours_{kind}": pair(a, b)
        for kind, a, b in zip(("items", "users"), real.nearest_cosines, synthetic.nearest_cosines, strict=True)
    },
    "ratings of neighbours": lambda real, synthetic: {"rating_agreement": pair(real.agreement, synthetic.agreement)},
}
_RECOMMENDERS: dict[str, Callable[[Side, Side], dict[str, Metric]]] = {
    "recommenders": lambda real, synthetic: local.recommender_metrics(real.ndcg, synthetic.ndcg)
}
_GROUPS = {**_BETWEEN_HALVES, "learnability": _learnability}
