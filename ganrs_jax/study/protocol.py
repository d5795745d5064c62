"""The evaluation protocol: which recommenders are trained on each dataset, how often, and how they are measured."""

import dataclasses
from collections.abc import Sequence

from ganrs_jax.data.ratings import Ratings
from ganrs_jax.recommenders import get_recommender
from ganrs_jax.recommenders.evaluate import Evaluation, check_measurable, evaluate
from ganrs_jax.recommenders.hyperparameters import Settings, check_threshold, default_threshold, published_config
from ganrs_jax.training.loop import Report


@dataclasses.dataclass(frozen=True)
class EvaluationProtocol:
    """How recommenders are trained and measured, the same on every dataset."""

    models: tuple[str, ...]
    seeds: tuple[int, ...]
    cutoffs: tuple[int, ...]
    threshold: float  # 0 = three quarters of the scale
    epochs: int  # 0 = as published
    settings_of: str  # the source whose published settings are taken; empty = the data's own name

    def threshold_for(self, ratings: Ratings) -> float:
        """The threshold on the scale of these ratings.

        Raises:
          InputError: off the scale, or no rating reaches it.
        """
        threshold = self.threshold or default_threshold(ratings.scale)
        check_threshold(threshold, ratings)
        return threshold

    def check_measurable(self, ratings: Ratings, source: str) -> None:
        """Raises InputError if ratings, those of a source, cannot be split and measured with these seeds."""
        shares = {self.config(name, source).train_share for name in self.models}
        for share in sorted(shares):
            check_measurable(ratings, seeds=self.seeds, threshold=self.threshold_for(ratings), train_share=share)

    def evaluate(self, name: str, ratings: Sequence[Ratings], source: str, report: Report) -> Evaluation:
        """Trains and measures a model on data of a source: datasets of one size, which the seeds take in turn."""
        return evaluate(
            name,
            ratings,
            seeds=self.seeds,
            config=self.config(name, source),
            threshold=self.threshold_for(ratings[0]),
            cutoffs=self.cutoffs,
            report=report,
        )

    def config(self, name: str, source: str) -> Settings:
        """What a model is trained with on data of a source: as published, but for the epochs asked for."""
        return published_config(get_recommender(name).config, self.settings_of or source, self.epochs)
