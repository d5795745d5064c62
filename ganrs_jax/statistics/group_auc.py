"""How well groups of users are told by what their users rate."""

import numpy as np
import scipy.sparse as sp
from scipy.stats import rankdata

_PSEUDO_RATINGS = 3.0  # of each item, in the shares of all users: what few ratings say is little

_SEED = 17  # of the halves: no other that users may have been numbered with


def group_auc(user: np.ndarray, item: np.ndarray, member_UxS: np.ndarray) -> np.ndarray:
    """The area under the ROC curve of a naive Bayes classifier of each group, against all other users, [S].

    The log odds of items are learned on one half of the users and judged on the other, and the other way round. A half
    in which a group has no user, or all, says nothing: 0.5.

    Args:
      user, item: pairs [N].
      member_UxS: whether a user is of a group; one of no group counts nowhere.
    """
    known = np.flatnonzero(member_UxS.any(1))
    shape = len(member_UxS), int(item.max()) + 1
    rated = sp.csr_array((np.ones(len(user), np.float32), (user, item)), shape)[known]
    member = member_UxS[known].astype(np.float32)
    first = np.random.default_rng(_SEED).permutation(len(known)) % 2 == 0
    found = np.full((2, member.shape[1]), 0.5)
    for number, (learned, judged) in enumerate(((first, ~first), (~first, first))):
        score = rated[judged] @ _log_odds(rated[learned], member[learned])
        for group, mine in enumerate(member[judged].T > 0):
            if 0 < mine.sum() < len(mine):
                found[number, group] = _auc(score[:, group], mine)
    return found.mean(0)


def _log_odds(rated: sp.csr_array, member: np.ndarray) -> np.ndarray:
    """Log of the share of an item's ratings that are of a group's users, over that of all ratings', [I, S]."""
    of_group = rated.T @ member
    of_all = np.asarray(rated.sum(0))[:, None]
    share = of_group.sum(0) / of_all.sum()
    inside = (of_group + _PSEUDO_RATINGS * share) / (of_all + _PSEUDO_RATINGS)
    return np.log(np.maximum(inside, 1e-9) / np.maximum(1 - inside, 1e-9)) - np.log(
        np.maximum(share, 1e-9) / np.maximum(1 - share, 1e-9)
    )


def _auc(score: np.ndarray, positive: np.ndarray) -> float:
    number = positive.sum()
    above = rankdata(score)[positive].sum() - number * (number + 1) / 2
    return float(above / (number * (len(score) - number)))
