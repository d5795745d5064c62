"""Makes a dataset: ./launch.sh generate --generator=runs/ml100k/generator --num_users=1000 --num_items=1000 --num_ratings=50000 --seed=0 --out=synthetic.parquet

Needs the generator's folder alone; any size, again and again. --activity, --popularity and --rating_histogram
give other distributions than the source's (recipe profile), --cold_users=0.2 --cold_user_ratings=1:5 users with few
ratings yet, --cold_items likewise; --item_ids=source writes the source's own item ids, to which
titles and genres join. The suffix of --out chooses parquet or csv: columns user_id,
item_id, rating and, from cganrs, the demographic one. With --format=recbole,lenskit,... --out is a folder, and each
format has a folder in it: --help lists them.

With --num_shards=K (recipe profile) --out is a folder of K parquet parts and manifest.json, and memory holds the
users' vectors and a million rows at a time. --shard=I makes part I alone, so that K jobs can share the work; with
--coordinator, --num_processes and --process_id, or on a cluster that JAX knows, processes share the parts. What was
stopped goes on with the same command: whole parts are kept, broken ones made again, and the rows are the same
whatever K, devices and processes. A few seconds: --preset=small (after `train_generator --preset=small`).
"""  # noqa: E501 - a command to copy

import dataclasses
import os
from pathlib import Path

from absl import flags

from ganrs_jax.checkpoint import load_generator
from ganrs_jax.cli.flags import check_request, check_seed, define_request, request
from ganrs_jax.cli.parts import make_parts
from ganrs_jax.cli.processes import define_processes, processes
from ganrs_jax.cli.runner import FLAGS, Progress, Workdir, run, say
from ganrs_jax.errors import InputError
from ganrs_jax.export import FORMATS, WRITERS, check_formats, check_ids, check_suffix, write_dataset, write_format
from ganrs_jax.export.lines import METADATA
from ganrs_jax.export.shards import MANIFEST
from ganrs_jax.files import check_writable
from ganrs_jax.profile.model import ProfileModel
from ganrs_jax.profile.recipe import written_item_ids
from ganrs_jax.profile.settings import RatingsRequest
from ganrs_jax.recipes import get_recipe
from ganrs_jax.report.comparison import outcome
from ganrs_jax.statistics.summary import describe

PRESETS = {
    "small": [
        "--generator=runs/small/generator",
        "--num_users=100",
        "--num_items=100",
        "--out=runs/small/synthetic.parquet",
    ]
}

flags.DEFINE_string("generator", None, "Folder that train_generator wrote.")
flags.DEFINE_string("out", None, "File to write: .parquet or .csv; or, with --format or --num_shards, a folder.")
flags.DEFINE_list("format", [], f"Formats, each written in the folder OUT/FORMAT: of {', '.join(FORMATS)}.")
flags.DEFINE_string(
    "workdir", "", "Folder for flags.json, metrics.jsonl and results.json; default: OUT with .run added."
)
flags.DEFINE_integer("seed", 0, "Seed of the dataset.")
flags.DEFINE_integer("num_shards", 0, "Parts of the dataset, in the folder OUT; 0 = one file.")
flags.DEFINE_integer("shard", -1, "The part to make; -1 = all of them.")
define_request()
define_processes()

_MOST_SHARDS = 99_999  # five digits of a part's name


def main() -> None:
    for name in ("generator", "out"):
        if not FLAGS[name].value:
            raise InputError(f"--{name} is missing; accepted: --generator=FOLDER --out=FILE.parquet")
    _check_shards()
    _check_formats()
    out = _place(FLAGS.out)
    check_seed(FLAGS.seed)
    check_request()
    process = processes()
    generator = load_generator(Path(FLAGS.generator).expanduser())
    recipe = get_recipe(generator.recipe)
    asked = request(recipe, FLAGS.seed)
    recipe.complete(generator, asked)  # or refused before any work
    if isinstance(asked, RatingsRequest) and isinstance(generator, ProfileModel):
        check_ids(FLAGS.format, written_item_ids(generator, asked))
    if FLAGS.num_shards:
        make_parts(out, generator, asked, process)
        return
    workdir = Workdir(FLAGS.workdir or f"{out}.run")
    dataset = recipe.generate(generator, asked, Progress(workdir))
    for name in FLAGS.format:
        write_format(out / name, dataset, name)
    if not FLAGS.format:
        write_dataset(out, dataset)
    summary = describe(dataset.user, dataset.item, dataset.rating, dataset.scale)
    workdir.results({**dataset.metadata, "summary": dataclasses.asdict(summary)})
    say(outcome(dataset, str(out)))


def _check_shards() -> None:
    if FLAGS.num_shards < 0 or (FLAGS["num_shards"].present and not FLAGS.num_shards):
        raise InputError(f"--num_shards={FLAGS.num_shards}; accepted: whole numbers from 1")
    if FLAGS.num_shards > _MOST_SHARDS:
        raise InputError(f"--num_shards={FLAGS.num_shards}; accepted: at most {_MOST_SHARDS:,}")
    if (FLAGS.coordinator or FLAGS.num_processes > 1) and not FLAGS.num_shards:
        raise InputError("--coordinator, --num_processes: several processes; accepted: with --num_shards=K")
    if FLAGS["shard"].present and FLAGS.coordinator:
        raise InputError(
            f"--shard={FLAGS.shard} --coordinator={FLAGS.coordinator}; accepted: one of them: processes share all parts"
        )
    if FLAGS["shard"].present and not 0 <= FLAGS.shard < FLAGS.num_shards:
        accepted = f"0 to {FLAGS.num_shards - 1}" if FLAGS.num_shards else "with --num_shards=K, 0 to K - 1"
        raise InputError(f"--shard={FLAGS.shard}; accepted: {accepted}")


def _check_formats() -> None:
    given = ",".join(FLAGS.format)
    if FLAGS["format"].present:
        check_formats(FLAGS.format or [""])
        if FLAGS.num_shards:
            raise InputError(f"--format={given} --num_shards={FLAGS.num_shards}; accepted: one of the two")


def _place(out: str) -> Path:
    """The file or folder to write, known to be writable before any work is done."""
    path = Path(out).expanduser()
    if FLAGS.format:
        if path.suffix in WRITERS or path.is_file():
            raise InputError(f"--out={out} is a file; accepted with --format: a folder")
        for name in FLAGS.format:
            check_writable(path / name / METADATA)
        return path
    if FLAGS.num_shards and (path.suffix in WRITERS or path.is_file()):
        raise InputError(f"--out={out} is a file; accepted with --num_shards: a folder")
    if not FLAGS.num_shards:
        if out.endswith(os.sep):
            raise InputError(f"--out={out} is a folder; accepted: a file name")
        check_suffix(out)
    check_writable(path / MANIFEST if FLAGS.num_shards else path)
    return path


if __name__ == "__main__":
    run(main, PRESETS)
