"""Flags of the experiments that train recommenders: which, how often, and what counts as relevant."""

from absl import flags

from ganrs_jax.cli.flags import check_seed
from ganrs_jax.data.sources import SOURCES
from ganrs_jax.errors import InputError
from ganrs_jax.recommenders import RECOMMENDERS, get_recommender
from ganrs_jax.recommenders.ranking import CUTOFFS
from ganrs_jax.study.protocol import EvaluationProtocol

FLAGS = flags.FLAGS
_LONGEST = 1000  # of a list: each user's is held to its end


def define_models(num_seeds: int) -> None:
    """--models and what they are trained and measured with."""
    flags.DEFINE_list("models", list(RECOMMENDERS), "Recommenders to train.")
    flags.DEFINE_integer("num_seeds", num_seeds, "Repeats of each, every one with a split and a start of its own.")
    flags.DEFINE_integer("seed", 0, "The first seed.")
    flags.DEFINE_list("cutoffs", [str(n) for n in CUTOFFS], "Lengths of the list, N.")
    flags.DEFINE_float("threshold", 0.0, "Ratings of so many stars or more are relevant; 0 = 3/4 of the scale.")
    flags.DEFINE_integer("epochs", 0, "Passes over the training rows; 0 = as published for the source.")
    flags.DEFINE_string("settings_of", "", "Source whose published settings are taken; default: the data's own name.")


def evaluation_protocol() -> EvaluationProtocol:
    """The protocol that the flags ask for, checked as far as it can be without data.

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
    return EvaluationProtocol(models, seeds, _cutoffs(), FLAGS.threshold, FLAGS.epochs, FLAGS.settings_of)


def _cutoffs() -> tuple[int, ...]:
    try:
        cutoffs = tuple(int(n) for n in FLAGS.cutoffs)
    except ValueError:
        cutoffs = ()
    if not cutoffs or cutoffs[0] < 1 or cutoffs[-1] > _LONGEST or list(cutoffs) != sorted(set(cutoffs)):
        given = ",".join(FLAGS.cutoffs)
        raise InputError(f"--cutoffs={given}; accepted: whole numbers from 1, ascending, to {_LONGEST}")
    return cutoffs
