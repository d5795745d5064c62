"""How close synthetic ratings are to real ones: ./launch.sh fidelity --real=ml100k --synthetic=synthetic.parquet

Prints real beside synthetic, what has gone wrong in words and what to do, and writes the figures to
WORKDIR/results.json and, if asked, --json=OUT.json. Several files, --synthetic=a.parquet,b.csv --names=a,b,
stand side by side. Figures of local structure take most of the time: --nolocal_structure leaves them out. A few
seconds: --preset=small (after `generate --preset=small`).
"""

from pathlib import Path

from absl import flags

from ganrs_jax.cli.command_line import command_line_words
from ganrs_jax.cli.flags import define_reading, read_source
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, run, say
from ganrs_jax.data.sources import FORMATS, SOURCES, ReadOptions, load_ratings
from ganrs_jax.data.sources.formats import TABLE
from ganrs_jax.data.sources.locate import recognise
from ganrs_jax.data.sources.plain import Plain
from ganrs_jax.errors import InputError
from ganrs_jax.fidelity.failure_checks import failed_checks
from ganrs_jax.fidelity.fidelity import compare, reference
from ganrs_jax.fidelity.samples import Rated
from ganrs_jax.report.fidelity import fidelity_table, fidelity_words

PRESETS = {"small": ["--real=planted", "--synthetic=runs/small/synthetic.parquet", "--workdir=runs/small_fidelity"]}

flags.DEFINE_string("real", "ml100k", f"One of {', '.join(SOURCES)}; or a file or folder of ratings.")
flags.DEFINE_list("synthetic", [], "Files or folders (parts, a format) that `generate` wrote; or names of sources.")
flags.DEFINE_list("names", [], "What the table calls the synthetic datasets; default: their file names.")
flags.DEFINE_boolean("local_structure", True, "Held-out signal, nearest neighbours, reference recommenders.")
flags.DEFINE_string("workdir", "runs/fidelity", "Folder for flags.json, metrics.jsonl and results.json.")
flags.DEFINE_string("json", "", "File for the figures; default: none besides WORKDIR/results.json.")
define_reading()


def main() -> None:
    names = _names()
    datasets = {name: _synthetic(given) for name, given in zip(names, FLAGS.synthetic, strict=True)}
    real = read_source(FLAGS.real)
    workdir = Workdir(FLAGS.workdir, copy=FLAGS.json)
    progress = Progress(workdir)
    for note in real.notes:
        say(command_line_words(note))
    known = reference(real, real.scale, local_structure=FLAGS.local_structure)
    progress("compare", 1, 1 + len(datasets), {})
    results = {}
    for done, (name, dataset) in enumerate(datasets.items(), 2):
        results[name] = compare(known, dataset, name)
        progress("compare", done, 1 + len(datasets), {})
    say(fidelity_table(results, real.name))
    for line in fidelity_words(results):
        say(line)
    records = {}
    for given, (name, result) in zip(FLAGS.synthetic, results.items(), strict=True):
        warnings = [check._asdict() for check in failed_checks(result)]
        records[name] = {"file": given, **result.as_json(), "warnings": warnings}
    workdir.results({"real": real.name, "synthetic": records})


def _names() -> list[str]:
    """What to call each synthetic dataset, checked to be as many, and different."""
    if not FLAGS.synthetic:
        raise InputError("--synthetic is missing; accepted: --synthetic=FILE.parquet, or several with commas")
    names = FLAGS.names or [Path(given).name for given in FLAGS.synthetic]
    if len(names) != len(FLAGS.synthetic) or len(set(names)) != len(names):
        raise InputError(
            f"--names={','.join(names)}; accepted: {len(FLAGS.synthetic)} different names, one a file of --synthetic"
        )
    return list(names)


def _synthetic(given: str) -> Rated:
    """Every row of a file as it stands, repeated pairs and ratings off the scale among them; or a source by name."""
    if given in SOURCES:
        return load_ratings(given, ReadOptions(data_dir=FLAGS.data_dir, cache_dir=FLAGS.cache_dir))
    path = Path(given).expanduser()
    if not path.exists():
        raise InputError(f"--synthetic={given}: no such file; accepted: what `generate` wrote, or a source")
    with Plain(ReadOptions()) as plain:
        known, files = recognise(path, FORMATS, ReadOptions(), plain) if path.is_dir() else (TABLE, [path])
        return known.read(files, ReadOptions(), plain).columns


if __name__ == "__main__":
    run(main, PRESETS)
