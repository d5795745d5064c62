"""The toolkits themselves open what is written for them and train a model, each in an environment of its own."""

import json
import os
import subprocess
import venv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.export import FORMATS, write_format

pytestmark = pytest.mark.slow

USERS, ITEMS, RATINGS = 300, 200, 9000


class Toolkit(NamedTuple):
    """What to install, and a program that says: version, users, items and ratings opened, a figure and its range."""

    packages: tuple[str, ...]
    program: str
    low: float
    high: float


LENSKIT = """
import lenskit, pandas
from lenskit import predict
from lenskit.als import BiasedMFScorer
from lenskit.data import from_interactions_df
from lenskit.pipeline import predict_pipeline
table = pandas.read_parquet("lenskit/ratings.parquet")
data = from_interactions_df(table.copy())
model = predict_pipeline(BiasedMFScorer(embedding_size=8, epochs=5))
model.train(data)
one = table[table.user_id == 0]
scores = predict(model, 0, one.item_id.to_numpy()).scores()
error = float(((scores - one.rating.to_numpy()) ** 2).mean() ** 0.5)
say(lenskit.__version__, data.user_count, data.item_count, data.interaction_count, error)
"""
SURPRISE = """
import surprise
reader = surprise.Reader(line_format="user item rating", sep="\\t", rating_scale=(1, 5), skip_lines=1)
data = surprise.Dataset.load_from_file("surprise/ratings.tsv", reader)
train = data.build_full_trainset()
model = surprise.SVD(random_state=0).fit(train)
error = surprise.accuracy.rmse(model.test(train.build_testset()), verbose=False)
say(surprise.__version__, train.n_users, train.n_items, train.n_ratings, error)
"""
CORNAC = """
import cornac
rows = cornac.data.Reader().read("surprise/ratings.tsv", fmt="UIR", sep="\\t", skip_lines=1)
data = cornac.data.Dataset.from_uir(rows, seed=0)
model = cornac.models.MF(k=8, max_iter=20, seed=0).fit(data)
users, items, ratings = data.uir_tuple
scores = model.score(int(users[0]))
own = users == users[0]
error = float(((scores[items[own]] - ratings[own]) ** 2).mean() ** 0.5)
say(cornac.__version__, data.num_users, data.num_items, data.num_ratings, error)
"""
IMPLICIT = """
import implicit, pandas, scipy.sparse
table = pandas.read_parquet("parquet/ratings.parquet")
item = table.item_id.astype("category").cat.codes
rated = scipy.sparse.csr_matrix((table.rating, (table.user_id, item)))
model = implicit.als.AlternatingLeastSquares(factors=16, iterations=5, random_state=0)
model.fit(rated, show_progress=False)
found, _ = model.recommend(range(rated.shape[0]), rated, N=10, filter_already_liked_items=False)
hits = float(sum(rated[user, items].astype(bool).sum() for user, items in enumerate(found)) / found.size)
say(implicit.__version__, *rated.shape, rated.nnz, hits)
"""
RECBOLE = """
import recbole
from recbole.config import Config
from recbole.data import create_dataset
from recbole.quick_start import run_recbole
asked = {
    "data_path": "recbole", "epochs": 5, "use_gpu": False, "show_progress": False, "state": "ERROR",
    "load_col": {"inter": ["user_id", "item_id", "rating"], "user": ["user_id", "gender"], "item": ["item_id"]},
}
data = create_dataset(Config(model="BPR", dataset="synthetic", config_dict=asked))
assert set(data.field2id_token["gender"]) == {"[PAD]", "F", "M"}
done = run_recbole(model="BPR", dataset="synthetic", config_dict=asked, saved=False)
say(recbole.__version__, data.user_num - 1, data.item_num - 1, data.inter_num, done["test_result"]["recall@10"])
"""
CROISSANT = """
import importlib.metadata
import mlcroissant
data = mlcroissant.Dataset("huggingface/croissant.json")
assert not data.metadata.ctx.issues.errors
rows = list(data.records("ratings"))
users, items = ({row[f"ratings/{name}_id"] for row in rows} for name in ("user", "item"))
mean = sum(row["ratings/rating"] for row in rows) / len(rows)
say(importlib.metadata.version("mlcroissant"), len(users), len(items), len(rows), mean)
"""
DATASETS = """
import datasets
data = datasets.load_dataset("huggingface")["train"]
assert data.info.splits["train"].num_examples == len(data)
columns = data.to_pandas()
say(datasets.__version__, columns.user_id.nunique(), columns.item_id.nunique(), len(data), columns.rating.mean())
"""
SAY = """
import json
def say(version, users, items, ratings, figure):
    print(json.dumps([version, int(users), int(items), int(ratings), float(figure)]))
"""

TOOLKITS = {  # the figure is RMSE on what was trained on, but for hits, recall and the mean
    "lenskit": Toolkit(("lenskit",), LENSKIT, 0.1, 1.2),
    "surprise": Toolkit(("scikit-surprise",), SURPRISE, 0.1, 1.2),
    "cornac": Toolkit(("cornac",), CORNAC, 0.1, 1.2),
    "implicit": Toolkit(("implicit", "pandas", "pyarrow"), IMPLICIT, 0.4, 1),
    # RecBole 1.2.1 is written for these versions of what it needs.
    "recbole": Toolkit(
        ("torch==2.13.0", "recbole", "setuptools<80", "numpy<2", "pandas<3", "scipy<1.14"), RECBOLE, 0.01, 1
    ),
    "mlcroissant": Toolkit(("mlcroissant", "pyarrow"), CROISSANT, 1, 5),
    "datasets": Toolkit(("datasets",), DATASETS, 1, 5),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """A planted world with groups and items of text, in every format."""
    world = load_ratings("planted", ReadOptions(planted_users=USERS, planted_items=ITEMS, planted_ratings=RATINGS))
    rows = np.lexsort((world.item, world.user))
    people = {"gender": np.where(np.arange(USERS) % 2, "F", "M")}
    names = np.array([f"item {number}" for number in range(ITEMS)], object)
    made = Dataset(world.user[rows], world.item[rows], world.rating[rows], world.scale, people, {}, names)
    folder = tmp_path_factory.mktemp("written")
    for name in FORMATS:
        write_format(folder / name, made, name)
    return folder


def run(*command: object, folder: Path) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True, timeout=1800
    )


@pytest.mark.parametrize("name", TOOLKITS)
def test_a_toolkit_trains_on_what_is_written(name, written, tmp_path, capsys):
    toolkit = TOOLKITS[name]
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    installed = run(python, "-m", "pip", "install", "-q", "--no-input", *toolkit.packages, folder=tmp_path)
    if installed.returncode:
        pytest.skip(f"{name} cannot be installed: {installed.stderr.strip().splitlines()[-1]}")
    (tmp_path / "program.py").write_text(SAY + toolkit.program)
    done = run(python, tmp_path / "program.py", folder=written)
    assert done.returncode == 0, done.stdout + done.stderr
    version, users, items, ratings, figure = json.loads(done.stdout.splitlines()[-1])
    with capsys.disabled():
        print(f"\n{name} {version}: {users} users, {items} items, {ratings} ratings; figure {figure:.3f}")  # noqa: T201
    assert (users, items, ratings) == (USERS, ITEMS, RATINGS)
    assert toolkit.low < figure < toolkit.high
