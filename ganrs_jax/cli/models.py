"""Flags of the experiments that train recommenders: which, how often, and what counts as relevant."""

import dataclasses
from typing import Any

from absl import flags

from ganrs_jax.cli.flags import check_seed
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.data.sources import SOURCES
from ganrs_jax.errors import InputError
from ganrs_jax.recommenders import RECOMMENDERS, get_recommender
from ganrs_jax.recommenders.evaluate import check_measurable
from ganrs_jax.recommenders.hyperparameters import (
    NeuralConfig,
    check_threshold,
    default_threshold,
    published_config,
)
from ganrs_jax.recommenders.ranking import CUTOFFS

FLAGS = flags.FLAGS
_LONGEST = 1000  # of a list: each user's is held to its end


@dataclasses.dataclass(frozen=True)
class Asked:
    """What the flags ask for, checked as far as it can be without data."""

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
        shares = {published_for(name, self.settings_of or source, self.epochs).train_share for name in self.models}
        for share in sorted(shares):
            check_measurable(ratings, seeds=self.seeds, threshold=self.threshold_for(ratings), train_share=share)


def define_models(num_seeds: int) -> None:
    """--models and what they are trained and measured with."""
    flags.DEFINE_list("models", list(RECOMMENDERS), "Recommenders to train.")
    flags.DEFINE_integer("num_seeds", num_seeds, "Repeats of each, every one with a split and a start of its own.")
    flags.DEFINE_integer("seed", 0, "The first seed.")
    flags.DEFINE_list("cutoffs", [str(n) for n in CUTOFFS], "Lengths of the list, N.")
    flags.DEFINE_float("threshold", 0.0, "Ratings of so many stars or more are relevant; 0 = 3/4 of the scale.")
    flags.DEFINE_integer("epochs", 0, "Passes over the training rows; 0 = as published for the source.")
    flags.DEFINE_string("settings_of", "", "Source whose published settings are taken; default: the data's own name.")


def models_asked() -> Asked:
    """The flags, checked.

    Raises:
      InputError: naming the first flag that cannot be.
    """
    models = tuple(FLAGS.models)
    for name in models:
        get_recommender(name)
    if not models or len(set(models)) != len(models):
        raise InputError(f"--models={','.join(models)}; accepted: different ones of {', '.join(RECOMMENDERS)}")
    for name, low in (("num_seeds", 1), ("epochs", 0)):
        if getattr(FLAGS, name) < low:
            raise InputError(f"--{name}={getattr(FLAGS, name)}; accepted: whole numbers from {low}")
    if FLAGS.settings_of not in ("", *SOURCES):
        raise InputError(f"--settings_of={FLAGS.settings_of}; accepted: one of {', '.join(SOURCES)}")
    check_seed(FLAGS.seed)
    seeds = tuple(range(FLAGS.seed, FLAGS.seed + FLAGS.num_seeds))
    check_seed(seeds[-1])
    return Asked(models, seeds, _cutoffs(), FLAGS.threshold, FLAGS.epochs, FLAGS.settings_of)


def published_for(name: str, source: str, epochs: int) -> Any:
    """The settings published of a model for a source, with other epochs where some are given."""
    config: Any = published_config(get_recommender(name).config, source)
    if epochs and isinstance(config, NeuralConfig):
        return dataclasses.replace(config, epochs=epochs)
    return config


def _cutoffs() -> tuple[int, ...]:
    try:
        cutoffs = tuple(int(n) for n in FLAGS.cutoffs)
    except ValueError:
        cutoffs = ()
    if not cutoffs or cutoffs[0] < 1 or cutoffs[-1] > _LONGEST or list(cutoffs) != sorted(set(cutoffs)):
        given = ",".join(FLAGS.cutoffs)
        raise InputError(f"--cutoffs={given}; accepted: whole numbers from 1, ascending, to {_LONGEST}")
    return cutoffs
