"""Fidelity and privacy results as text tables."""

from collections.abc import Mapping

from ganrs_jax.fidelity.failure_checks import failed_checks
from ganrs_jax.fidelity.item_sets import RAREST
from ganrs_jax.fidelity.metrics import Fidelity, Metric
from ganrs_jax.fidelity.privacy import Privacy
from ganrs_jax.report.comparison import text_table

_ROWS = {
    "rows": ("rows", "{:,.0f}"),
    "users": ("users", "{:,.0f}"),
    "items": ("items", "{:,.0f}"),
    "repeated_pairs": ("repeated (user, item) pairs", "{:,.0f}"),
    "off_scale_ratings": ("ratings off the scale", "{:,.0f}"),
    "mean_rating": ("mean rating", "{:.3f}"),
    "std_rating": ("standard deviation of ratings", "{:.3f}"),
    "rating_tv": ("rating histogram, total variation (0)", "{:.3f}"),
    "gini_user": ("Gini of ratings per user", "{:.3f}"),
    "gini_item": ("Gini of ratings per item", "{:.3f}"),
    "ks_user_counts": ("ratings per user, KS distance (0)", "{:.3f}"),
    "ks_item_counts": ("ratings per item, KS distance (0)", "{:.3f}"),
    "ks_user_mean_rating": ("mean rating of users, KS distance (0)", "{:.3f}"),
    "ks_item_mean_rating": ("mean rating of items, KS distance (0)", "{:.3f}"),
    "spectrum_relative_error": ("singular values 2 to 20, relative error (0)", "{:.3f}"),
    "co_rating_lift": ("lift of items rated together, median", "{:.3f}"),
    "popularity_rating_corr": ("popularity and mean rating, correlation", "{:.3f}"),
    "mean_rmse": ("held-out RMSE of the mean", "{:.3f}"),
    "bias_ratio": ("RMSE of biases over the mean's", "{:.3f}"),
    "mf_ratio": ("RMSE of biases and factors over the mean's", "{:.3f}"),
    "bias_peak": ("MAE of biases over their RMSE", "{:.3f}"),
    "mf_gain_kept": ("share of the gain by factors kept", "{:.2f}"),
    "c2st_user_auc": ("c2st AUC, user profiles (that of split halves)", "{:.3f}"),
    "c2st_item_auc": ("c2st AUC, item profiles (that of split halves)", "{:.3f}"),
    "user_density": ("density of user profiles (1)", "{:.3f}"),
    "user_coverage": ("coverage of user profiles (1)", "{:.3f}"),
    "item_density": ("density of item profiles (1)", "{:.3f}"),
    "item_coverage": ("coverage of item profiles (1)", "{:.3f}"),
    "signal_2_10": ("held-out signal, ranks 2 to 10", "{:.3f}"),
    "signal_11_30": ("held-out signal, ranks 11 to 30", "{:.3f}"),
    "signal_31_100": ("held-out signal, ranks 31 to 100", "{:.3f}"),
    "neighbours_items": ("cosine of items to the ten nearest, median", "{:.3f}"),
    "neighbours_users": ("cosine of users to the ten nearest, median", "{:.3f}"),
    "rating_agreement": ("ratings of the ten nearest items, correlation beyond biases", "{:.3f}"),
    "ndcg_popularity": ("NDCG@10 of popularity", "{:.3f}"),
    "ndcg_pure_svd_10": ("NDCG@10 of PureSVD, 10 factors", "{:.3f}"),
    "ndcg_pure_svd_64": ("NDCG@10 of PureSVD, 64 factors", "{:.3f}"),
    "ndcg_item_knn": ("NDCG@10 of item-kNN", "{:.3f}"),
    "ndcg_ease": ("NDCG@10 of EASE", "{:.3f}"),
    "tau": ("order of these five, Kendall's tau (that of two splits)", "{:.2f}"),
}
_OF_HALVES_TOO = ("signal_", "neighbours_", "rating_agreement", "ndcg_")
_OF_HALVES = {name: "±" for name in _ROWS if name.startswith(_OF_HALVES_TOO)} | {"tau": ""}
_DISTANCES_TOO = {"co_rating_lift": "lift of items rated together, KS distance (0)"}
_ATTACKS = {
    "closest": "distance to the closest record",
    "density_ratio": "ratio of densities",
    "closest_items": "closest set of items",
    "cooccurrence": "items rated together",
    "rare_cooccurrence": "rare items and others together",
    "cooccurrence_ratio": "together, to the source",
    "rare_cooccurrence_ratio": "rare and others, to the source",
    "local_directions": "local directions of the model",
    "rare_local_directions": "local directions, pairs with rare items",
    "item_vectors": "item vectors of the model",
    "rare_item_vectors": "item vectors, pairs with rare items",
    "item_biases": "item biases of the model and ratings",
    "popularity": "numbers of ratings of items, to the source's",
}


def fidelity_table(results: Mapping[str, Fidelity], real: str = "real") -> str:
    """Real beside synthetic datasets, a column each, all against one source.

    The last column is what halves of the real users show as real and synthetic: a distance or, after ±, a difference.
    """
    rows = [row for _, row in fidelity_rows(results)]
    return text_table(["(best in brackets)", real, *results, "split-half"], rows)


def fidelity_rows(results: Mapping[str, Fidelity]) -> list[tuple[str, list[str]]]:
    """The metrics that there are, each with its row: label, real, synthetic ones, split-half."""
    rows = []
    for name, (label, form) in _ROWS.items():
        metrics = [result.metrics.get(name, Metric()) for result in results.values()]
        if any(metric != Metric() for metric in metrics):
            rows.append((name, _row(label, form, metrics, _OF_HALVES.get(name))))
        if name in _DISTANCES_TOO and any(metric.distance is not None for metric in metrics):
            distances = [Metric(distance=metric.distance, split_half=metric.split_half) for metric in metrics]
            rows.append((name, _row(_DISTANCES_TOO[name], form, distances)))
    return rows


def fidelity_words(results: Mapping[str, Fidelity]) -> list[str]:
    """A line for each note, and for each failure with what to do about it."""
    lines = []
    for name, result in results.items():
        lines += [f"{name}: {note}" for note in result.notes]
        lines += [f"{name}: WARNING {check}" for check in failed_checks(result)]
    return lines


def privacy_table(results: Mapping[str, Privacy]) -> str:
    """What attacks on synthetic datasets learn, a column each."""
    rows = []
    for words, field in (("AUC of membership inference", "auc"), ("true positives at 1 % false", "true_positives")):
        for name in next(iter(results.values())).attacks:
            estimates = [getattr(result.attacks[name], field) for result in results.values()]
            shown = [f"{value:.3f} ({low:.3f} to {high:.3f})" for value, low, high in estimates]
            rows.append([f"{words}, {_attack_label(name)}", *shown])
    for label, field, form in (
        ("users trained on", "members", "{:,}"),
        ("users held out", "others", "{:,}"),
        ("synthetic users", "records", "{:,}"),
        ("median distance of users trained on to synthetic", "member_distance", "{:.3f}"),
        ("median distance of users held out to synthetic", "other_distance", "{:.3f}"),
        ("median distance of synthetic users to trained on", "training_distance", "{:.3f}"),
        ("median distance of synthetic users to held out", "held_out_distance", "{:.3f}"),
        ("ratio of these two (1)", "distance_ratio", "{:.3f}"),
        ("share of synthetic users closer to trained on (0.5)", "closer_to_training", "{:.3f}"),
    ):
        rows.append([label, *(form.format(getattr(result, field)) for result in results.values())])
    return text_table(["", *results], rows)


def _attack_label(name: str) -> str:
    group, of_group, own = name.rpartition(RAREST)
    return f"{group}{of_group}{_ATTACKS.get(own, own)}"


def _row(label: str, form: str, metrics: list[Metric], sign: str | None = None) -> list[str]:
    def shown(value: float | None) -> str:
        return "" if value is None else form.format(value)

    real = next((metric.real for metric in metrics if metric.real is not None), None)
    values = [metric.distance if metric.synthetic is None else metric.synthetic for metric in metrics]
    # a split-half baseline belongs beside a distance, and beside a value of its own only with a sign that says so
    known = [metric.split_half for metric in metrics if metric.split_half is not None]
    split_half = f"{sign or ''}{shown(known[0])}" if known and (real is None or sign is not None) else ""
    return [label, shown(real), *map(shown, values), split_half]
