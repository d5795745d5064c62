"""Benchmark of a published recipe: embedding, GAN, samples, two K-means, repeats, file."""

import dataclasses
import tempfile
import time
from pathlib import Path
from typing import Any

import jax

from ganrs_jax.cli.flags import read_source, request
from ganrs_jax.cli.rooflines import Watch, of_nearest, roofline_line
from ganrs_jax.cli.runner import FLAGS, Progress, recipe_config
from ganrs_jax.cli.timing import Laps, machine, process_seconds, stages
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.errors import InputError
from ganrs_jax.export import write_dataset
from ganrs_jax.published.decoding import assemble, cluster, draw
from ganrs_jax.published.ganrs import complete
from ganrs_jax.published.model import PublishedModel
from ganrs_jax.published.settings import RawSamplesRequest
from ganrs_jax.recipes import get_recipe
from ganrs_jax.training.loop import watching


def published_recipe(progress: Progress) -> dict[str, Any]:
    """The whole way twice, with two seeds: the first pass compiles, the second is steady."""
    if FLAGS.recipe not in ("ganrs", "wganrs"):
        raise InputError(f"--recipe={FLAGS.recipe}; accepted: ganrs, wganrs")
    begin = time.monotonic()
    config, ratings, recipe = recipe_config(), read_source(), get_recipe(FLAGS.recipe)
    asked = request(recipe, 0)
    assert isinstance(asked, RawSamplesRequest)
    recipe.check_request(ratings, config, asked)
    reading = time.monotonic() - begin
    first = _pass(asked, config, ratings, progress)
    until_file = process_seconds()
    with watching(watch := Watch()):
        steady = _pass(dataclasses.replace(asked, seed=1), config, ratings, progress)
    rooflines = watch.rooflines(machine(), config.embedding_batch_size)
    rooflines["K-means"] = of_nearest(asked.num_samples, asked.num_users, config.embedding_size, machine())
    return {
        "read_s": reading,
        "process_start_to_first_file_s": until_file,
        "stages": stages(first, steady),
        "steady_s": sum(steady.values()),
        "gan_steps_per_s": config.gan_steps / steady["GAN"],
        "ratings_embedded_per_s": config.embedding_epochs * config.train_share * ratings.num_ratings / steady["DeepMF"],
        "rooflines": rooflines,
        "say": f"process start to first file {until_file:.1f} s; {roofline_line(rooflines)}",
    }


def _pass(asked: RawSamplesRequest, config: Any, ratings: Ratings, progress: Progress) -> dict[str, float]:
    """Seconds of each stage of one training and one dataset."""
    lap = Laps()
    model = get_recipe(FLAGS.recipe).fit([asked.seed], ratings, [config], lap.reporting(progress))[0]
    lap("criterion")
    assert isinstance(model, PublishedModel)
    asked = complete(model, asked)
    samples, size = jax.block_until_ready(draw(model, asked)), model.config.embedding_size
    lap("samples")
    users = cluster(model, asked, samples[:, :size], asked.num_users, "users", progress)
    lap("K-means, users")
    items = cluster(model, asked, samples[:, size : 2 * size], asked.num_items, "items", progress)
    lap("K-means, items")
    dataset = assemble(model, asked, samples, users, items, {})
    lap("ratings and repeats")
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(Path(folder) / "synthetic.parquet", dataset)
    lap("file")
    return lap.seconds
