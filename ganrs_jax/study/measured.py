"""What each model shows on a dataset of a study: from its cell, or trained and measured."""

from collections.abc import Callable, Sequence
from typing import cast

import jax

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.recommenders.evaluate import Evaluation
from ganrs_jax.study.protocol import EvaluationProtocol
from ganrs_jax.study.results import StudyCells
from ganrs_jax.training.loop import Report


def measured(
    name: str,
    source: str,
    make: Callable[[], Sequence[Ratings]],
    protocol: EvaluationProtocol,
    cells: StudyCells,
    report: Report,
) -> dict[str, Evaluation]:
    """What each model shows on a dataset: from its cell, or trained and measured now.

    Args:
      name: of the dataset, and of its cells.
      source: whose published settings models are trained with.
      make: its ratings, or those of several draws of one size; called only where a cell is missing.
    """
    results = {model: cast(Evaluation | None, cells.get(name, model)) for model in protocol.models}
    missing = [model for model, cell in results.items() if cell is None]
    if missing:
        ratings = make()
        size = {"rows": ratings[0].num_ratings, "users": ratings[0].num_users, "items": ratings[0].num_items}
        facts: dict[str, object] = {"datasets": len(ratings), **size, "threshold": protocol.threshold_for(ratings[0])}
        cells.put(name, "dataset", facts)
        for model in missing:
            results[model] = found = protocol.evaluate(model, ratings, source, report)
            cells.put(name, model, dict(found))
        jax.clear_caches()  # programs of a hundred shapes would use up the memory maps Linux gives a process
    return {model: cell for model, cell in results.items() if cell is not None}
