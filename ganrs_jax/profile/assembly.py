"""From what was learned, and what the source says, to models in which nothing is calibrated yet."""

from collections.abc import Sequence

import jax
import numpy as np

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.profile.calibration import first_correlation
from ganrs_jax.profile.embedding import ProfileEmbedding, degree_curve
from ganrs_jax.profile.features import neutral_gain
from ganrs_jax.profile.gan import GanState
from ganrs_jax.profile.local_directions import exchanged, local_directions
from ganrs_jax.profile.mean_by_degree import mean_by_degree
from ganrs_jax.profile.model import (
    ItemIds,
    Items,
    PopularityPreference,
    ProfileModel,
    ResponseStyle,
    Users,
    VectorColumns,
)
from ganrs_jax.profile.settings import ProfileConfig
from ganrs_jax.profile.vectors import fit_map, raw_vectors
from ganrs_jax.sampling.distributions import degree_distribution
from ganrs_jax.statistics.summary import describe_source

_MAPPED = 65536  # generated vectors that the map is fitted on: enough for the quantiles of each stratum
_ITEM_DRAWS = 2  # that are kept: a second item like one of the source has the second
_ROWS = 1 << 20  # ratings whose factor scores are held at once
_BOUNDS = (0.001, 0.999)  # quantiles of the source's factor scores that bound generated ones: the ends are outliers


def assemble(
    seeds: Sequence[int],
    configs: Sequence[ProfileConfig],
    states: Sequence[GanState | None],
    restarts: Sequence[int],
    embedding: ProfileEmbedding,
    ratings: Ratings,
    learned: Ratings,
) -> list[ProfileModel]:
    """A model per lane.

    Args:
      states: of the GAN of each lane, None of Gaussian users; restarts: how often each was started again.
      ratings: the source; learned: the part of it that the embedding is of.
    """
    columns = VectorColumns(configs[0].interaction_rank, configs[0].rating_rank, configs[0].style_rank)
    # Products of the rating factors at each rating, of the first draw.
    users, items = embedding.users[0], embedding.items[0]
    parts = [slice(start, start + _ROWS) for start in range(0, learned.num_ratings, _ROWS)]
    scores = [columns.factor_score(users[learned.user[part]], items[learned.item[part]]) for part in parts]
    activity, popularity = np.bincount(learned.user), np.bincount(learned.item)
    of_source = {
        "activity": degree_distribution(np.bincount(ratings.user)),
        "popularity": degree_distribution(np.bincount(ratings.item)),
        "factor_weights": np.zeros((columns.interaction_rank, columns.interaction_rank), np.float32),
        "popularity_preference": PopularityPreference(*np.zeros((2, 1), np.float32)),
        "link_asymmetry": np.float32(1),
        "style": ResponseStyle(embedding.cutpoints, embedding.basis),
        # Of users the means of bins alone: of a large dataset most users are not drawn to fit more.
        "user_means": mean_by_degree(learned.user, learned.rating, activity)._replace(entities=0),
        "item_means": mean_by_degree(learned.item, learned.rating, popularity),
        "bias_correlation": first_correlation(learned),
        "factor_gain": np.float32(1),
        "factor_bounds": np.quantile(np.concatenate(scores), _BOUNDS).astype(np.float32),
        "noise_agreement": np.float32(0),
        "noise_log_variance": np.float32(0),
        "source": describe_source(ratings),
    }
    # Items: their own vectors, and what is local about who rates them beyond taste.
    taste_IxK = np.asarray(columns.interaction(embedding.items).mean(0))
    config = configs[0]
    most = min(config.local_rank, learned.num_users // config.users_per_direction)
    local = local_directions(learned.user, learned.item, taste_IxK, most, config.least_users)
    if config.local_exchange > 1:
        local = exchanged(local, popularity, config.local_exchange)
    of_source["local_gain"] = np.sqrt(local.strength)
    of_local = {
        "local_directions": int((local.strength > 0).sum()),
        "local_users": learned.num_users,
        "local_items": int((popularity >= config.least_users).sum()),
    }
    of_source["items"] = Items(
        ids=_item_ids(learned.item_ids),
        vectors=np.asarray(embedding.items[:_ITEM_DRAWS]),
        local=local.loadings,
        degree_curve=degree_curve(embedding.items, columns, 0.0),
        gain=neutral_gain(),
    )
    models = []
    for seed, config, state, attempts in zip(seeds, configs, states, restarts, strict=True):
        facts = {"seed": int(seed), "criterion": 0.0, "restarts": attempts, **of_local}
        if state is not None:
            facts["criterion"] = facts["distance"] = float(state.distance)
        of_users = _users(config, columns, state, embedding.users, embedding.offset)
        models.append(ProfileModel(config=config, users=of_users, training=facts, **of_source))
    return models


def _item_ids(ids: np.ndarray) -> ItemIds:
    whole = ids.dtype.kind in "iu"
    return ItemIds(ids if whole else np.zeros(0, np.int64), () if whole else tuple(map(str, ids)))


def _users(
    config: ProfileConfig, columns: VectorColumns, state: GanState | None, drawn_RxNxD: jax.Array, offset: float
) -> Users:
    """How vectors of users are generated: the best average of weights, and the map to the source's distribution."""
    weights = {} if state is None else jax.tree.map(np.asarray, state.best)
    raw = raw_vectors(jax.random.key(0), weights, config, columns, config.sigma, _MAPPED)
    return Users(
        weights=weights,
        vector_map=fit_map(raw, drawn_RxNxD),
        degree_curve=degree_curve(drawn_RxNxD, columns, offset),
        gain=neutral_gain(),
        degree_offset=np.float32(offset),
    )
