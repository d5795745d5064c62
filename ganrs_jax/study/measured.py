"""What each model shows on a dataset of the study: from its cell, or trained and measured."""

from typing import cast

import jax

from ganrs_jax.recommenders.evaluate import Evaluation
from ganrs_jax.study.datasets import Store, StudyDataset
from ganrs_jax.study.protocol import EvaluationProtocol
from ganrs_jax.study.results import StudyCells
from ganrs_jax.training.loop import Report


def measured(
    dataset: StudyDataset, protocol: EvaluationProtocol, cells: StudyCells, store: Store, report: Report
) -> dict[str, Evaluation]:
    """What each model shows on a dataset: from its cell, or trained and measured now."""
    results = {name: cast(Evaluation | None, cells.get(dataset.name, name)) for name in protocol.models}
    missing = [name for name, cell in results.items() if cell is None]
    if missing:
        ratings = store.ratings(dataset)
        size = {"rows": ratings[0].num_ratings, "users": ratings[0].num_users, "items": ratings[0].num_items}
        facts: dict[str, object] = {"datasets": len(ratings), **size, "threshold": protocol.threshold_for(ratings[0])}
        cells.put(dataset.name, "dataset", facts)
        for name in missing:
            results[name] = found = protocol.evaluate(name, ratings, dataset.source, report)
            cells.put(dataset.name, name, dict(found))
        jax.clear_caches()  # programs of a hundred shapes would use up the memory maps Linux gives a process
    return {name: cell for name, cell in results.items() if cell is not None}
