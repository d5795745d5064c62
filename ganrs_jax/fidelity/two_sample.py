"""Classifier two-sample test: can a classifier tell synthetic profiles from real ones?"""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from ganrs_jax.fidelity.samples import TooSmallError

_MOST = 5000  # profiles of each side
_FOLDS = 5
_NOISE = 0.1  # standard deviations, so that no lattice of values tells the sides apart


@threadpool_limits.wrap(limits=1)  # small trees gain nothing by threads, and lose much on a busy machine
def c2st_auc(real_nxD: np.ndarray, synthetic_nxD: np.ndarray, seed: int = 0) -> float:
    """Cross-validated area under the ROC curve of gradient-boosted trees: 0.5 cannot be told apart, 1 always can.

    Lopez-Paz and Oquab 2017 (arXiv 1610.06545), with noise of a tenth of the real spread on every feature.

    Raises:
      TooSmallError: if either side has fewer than 10 profiles.
    """
    count = min(len(real_nxD), len(synthetic_nxD), _MOST)
    if count < 2 * _FOLDS:
        raise TooSmallError(f"fewer than {2 * _FOLDS} profiles")
    rng = np.random.default_rng(seed)
    noise = _NOISE * real_nxD.std(0)
    sides = [side + noise * rng.normal(size=side.shape) for side in (real_nxD, synthetic_nxD)]
    x = np.concatenate([side[rng.permutation(len(side))[:count]] for side in sides])
    is_synthetic = np.repeat([0, 1], count)
    model = HistGradientBoostingClassifier(
        learning_rate=0.15, max_iter=100, max_leaf_nodes=15, max_bins=63, early_stopping=False, random_state=seed
    )
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    score = cross_val_predict(model, x, is_synthetic, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(is_synthetic, score))
