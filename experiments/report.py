"""A page on a synthetic dataset that says whether it may be used: ./launch.sh report --workdir=runs/quickstart

Reads what quickstart or fidelity left in the workdir, and writes WORKDIR/report.html: one file that needs no network.
Of several datasets that fidelity compared, --name says which. A second: --preset=small (after `quickstart`).
"""

from pathlib import Path

from absl import flags

from ganrs_jax.cli.runner import FLAGS, run, say
from ganrs_jax.errors import InputError
from ganrs_jax.files import check_writable
from ganrs_jax.report.page import write_run_report

PRESETS = {"small": ["--workdir=runs/quickstart"]}

flags.DEFINE_string("workdir", "runs/quickstart", "Folder of a run of quickstart or fidelity.")
flags.DEFINE_string("out", "", "File to write; default: WORKDIR/report.html.")
flags.DEFINE_string("name", "", "Which dataset, of several that fidelity compared.")


def main() -> None:
    folder = Path(FLAGS.workdir).expanduser()
    if FLAGS.out and Path(FLAGS.out).suffix != ".html":
        raise InputError(f"--out={FLAGS.out}; accepted: a file name that ends in .html")
    out = Path(FLAGS.out).expanduser() if FLAGS.out else None
    if out is not None:
        check_writable(out)
    say(f"report: {write_run_report(folder, out, FLAGS.name)} (open it in a browser)")


if __name__ == "__main__":
    run(main, PRESETS)
