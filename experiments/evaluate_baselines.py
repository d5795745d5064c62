"""Recommenders on a dataset: ./launch.sh evaluate_baselines --data=ml100k --models=deepmf,ncf_regression --num_seeds=10

Trains each model once a seed on a random 80/20 split of the rows and measures it on the held-out rows: ranking
under the conventions `study` and `standard`, errors in stars, calibration, and figures beyond accuracy. Prints
tables; WORKDIR holds results.json, metrics.csv and a figure of each convention. Two minutes: --preset=small.
"""

import pandas as pd
from absl import flags

from ganrs_jax.cli.flags import define_reading, read_source
from ganrs_jax.cli.models import define_models, evaluation_protocol
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, run, say, say_source
from ganrs_jax.data.sources import SOURCES
from ganrs_jax.files import whole_file
from ganrs_jax.recommenders.conventions import CONVENTIONS
from ganrs_jax.recommenders.evaluate import at_length
from ganrs_jax.report.curves import length_figure
from ganrs_jax.report.recommenders import (
    CSV_COLUMNS,
    Results,
    accuracy_table,
    beyond_table,
    csv_rows,
    differences_table,
)
from ganrs_jax.statistics.bootstrap import LEAST_REPEATS
from ganrs_jax.study.significance import all_pairs, paired_t

PRESETS = {"small": ["--data=planted", "--num_seeds=2", "--epochs=2", "--workdir=runs/small_baselines"]}

flags.DEFINE_string("data", "ml100k", f"One of {', '.join(SOURCES)}; or a file or folder of ratings, also synthetic.")
flags.DEFINE_string("workdir", "runs/baselines", "Folder for everything the run makes.")
define_models(num_seeds=10)
define_reading()


def main() -> None:
    protocol = evaluation_protocol()
    ratings = read_source(FLAGS.data)
    threshold = protocol.threshold_for(ratings)
    protocol.check_measurable(ratings, ratings.name)
    workdir = Workdir(FLAGS.workdir)
    progress = Progress(workdir)
    say_source(ratings)
    results = {}
    for name in protocol.models:
        results[name] = protocol.evaluate(name, [ratings], ratings.name, progress)
        workdir.results({"data": ratings.name, "finished": False, "models": results})
    at = next(iter(results.values()))["at"]
    say(f"ratings of {threshold:g} or more are relevant; mean ± standard deviation over {len(protocol.seeds)} seeds")
    for table in (*(accuracy_table(results, c, at) for c in CONVENTIONS), beyond_table(results)):
        say("\n" + table)
    _say_differences(results, at)
    with whole_file(workdir.path / "metrics.csv") as partial:
        pd.DataFrame(csv_rows(results), columns=list(CSV_COLUMNS)).to_csv(partial, index=False)
    for convention in CONVENTIONS:
        length_figure(workdir.path / f"{convention}.png", {ratings.name: results}, convention)
    workdir.results({"data": ratings.name, "finished": True, "models": results})
    say(f"\nfigures: {', '.join(str(workdir.path / f'{c}.png') for c in CONVENTIONS)}; {workdir.path / 'metrics.csv'}")


def _say_differences(results: Results, n: int) -> None:
    """Which models differ, by F1 under `study`; the seeds' splits overlap, so the standard error is widened."""
    seeds = len(next(iter(results.values()))["seeds"])
    if len(results) < 2:
        return
    if seeds < LEAST_REPEATS:
        say(f"\nno tests of differences: {seeds} seeds; accepted: --num_seeds={LEAST_REPEATS} or more")
        return
    values = {name: at_length(result, "study", "f1", n) for name, result in results.items()}
    share = next(iter(results.values()))["settings"]["train_share"]
    say(f"\nF1 at {n}, study convention, paired by seed (Nadeau and Bengio's variance, Holm's correction):")
    say(differences_table(paired_t(all_pairs(values), overlap=(1 - share) / share)))


if __name__ == "__main__":
    run(main, PRESETS)
