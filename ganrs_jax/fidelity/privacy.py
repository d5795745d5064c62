"""Privacy: can an attacker tell, from a synthetic dataset, whose ratings the generator was trained on?

A distance alone tells nothing of that: synthetic users lie near real ones wherever both are of the same kind. What
counts is whether they lie nearer to the users that were trained on than to users, of the same source, that were not.
"""

import dataclasses

import numpy as np

from ganrs_jax.data.ratings import Scale
from ganrs_jax.fidelity.membership import Attack, judged
from ganrs_jax.fidelity.neighbours import nearest_distances, standardised
from ganrs_jax.fidelity.profiles import profiles
from ganrs_jax.fidelity.samples import Rated, TooSmallError, as_sample
from ganrs_jax.fidelity.structure import spectral

_LEAST = 10  # records of each kind
_MOST = 20_000  # members and others, each, at random: bounds the time


@dataclasses.dataclass(frozen=True)
class Privacy:
    """What a synthetic dataset reveals about membership in the training data.

    Attributes:
      attacks: attack -> what it achieves. "closest": a user is called a member if it is close to a synthetic one;
        "density_ratio": if it is closer than the density of the real data around it suggests. With those of
        `item_sets` where the synthetic items are the source's.
      member_distance, other_distance: median distance of members and of others to the closest synthetic record, in
        standard deviations of the real features.
      training_distance, held_out_distance: median distance of synthetic records to the closest member and to the
        closest of equally many others.
      closer_to_training: share of synthetic records closer to a member than to any other, 0.5 if none was copied.
      members, others, records: how many were looked at.
    """

    attacks: dict[str, Attack]
    member_distance: float
    other_distance: float
    training_distance: float
    held_out_distance: float
    closer_to_training: float
    members: int
    others: int
    records: int

    @property
    def distance_ratio(self) -> float:
        """training_distance over held_out_distance: under 1 where synthetic records lie closer to what was trained on.

        1 where both are 0.
        """
        if self.held_out_distance == 0:
            return 1.0
        return self.training_distance / self.held_out_distance

    def as_json(self) -> dict[str, object]:
        """The attributes and the ratio, each attack as {"auc", "true_positives"} of {"value", "low", "high"}."""
        attacks = {name: attack.as_json() for name, attack in self.attacks.items()}
        return {**dataclasses.asdict(self), "attacks": attacks, "distance_ratio": self.distance_ratio}


def privacy(members_MxD: np.ndarray, others_OxD: np.ndarray, synthetic_SxD: np.ndarray, seed: int = 0) -> Privacy:
    """Membership inference on records in any representation: `profile_features`, or a generator's own user vectors.

    Distances are Euclidean on features standardised by members and others together. The closest record as evidence of
    membership: Chen et al. 2020 (GAN-Leaks, doi 10.1145/3372297.3417238); the ratio of densities: van Breugel et al.
    2023 (DOMIAS, arXiv 2302.12580), here by nearest neighbours; distances to training and to held-out records: Platzer
    and Reutterer 2021 (arXiv 2104.00635).

    Args:
      members_MxD: records the generator was trained on.
      others_OxD: records of the same source that it was not trained on.
      synthetic_SxD: what was generated.
      seed: of the bootstrap, and of the choice among more than 20,000 members or others.

    Raises:
      TooSmallError: on fewer than 10 records of a kind.
    """
    least = min(len(members_MxD), len(others_OxD), len(synthetic_SxD))
    if least < _LEAST:
        raise TooSmallError(f"{least} records of a kind; at least {_LEAST} are needed")
    rng = np.random.default_rng(seed)
    members_MxD, others_OxD = (rng.permutation(side)[:_MOST] for side in (members_MxD, others_OxD))
    count = len(members_MxD)
    real, synthetic = standardised(np.concatenate([members_MxD, others_OxD]), synthetic_SxD)
    to_synthetic = nearest_distances(real, synthetic)[:, 0]
    surroundings = nearest_distances(real, real, same=True)[:, 0]
    ratio = np.maximum(to_synthetic, 1e-9) / np.maximum(surroundings, 1e-9)
    equally_many = min(count, len(others_OxD))
    training, held_out = (
        nearest_distances(synthetic, side[:equally_many])[:, 0] for side in (real[:count], real[count:])
    )
    return Privacy(
        attacks={
            "closest": judged(-to_synthetic[:count], -to_synthetic[count:], seed),
            "density_ratio": judged(-ratio[:count], -ratio[count:], seed),
        },
        member_distance=float(np.median(to_synthetic[:count])),
        other_distance=float(np.median(to_synthetic[count:])),
        training_distance=float(np.median(training)),
        held_out_distance=float(np.median(held_out)),
        closer_to_training=float(np.mean((training < held_out) + 0.5 * (training == held_out))),
        members=count,
        others=len(others_OxD),
        records=len(synthetic_SxD),
    )


def profile_features(rated: Rated, scale: Scale) -> np.ndarray:
    """Profiles [n, 32] of the users of at least 10 ratings, with bands (see `profiles.profiles`), to be attacked.

    Describe members, others and synthetic users each within their own dataset, of about the same size: a copied half
    is then found at distance 0 whatever its ids, and where nothing was learnt of single users both halves are alike.

    Raises:
      TooSmallError: on fewer than 10 such users, or a dataset that has no spectrum.
      InputError: on no rows, ratings that are not finite, or empty ids.
    """
    sample = as_sample(rated)
    return profiles(sample, spectral(sample), scale.levels, bands=True).features_nxD
