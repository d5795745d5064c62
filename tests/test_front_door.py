"""`import ganrs_jax as gj`: lazy, typed, its examples run, and each mistake is one line in the library's own words."""

import doctest
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ganrs_jax as gj
from ganrs_jax import api
from ganrs_jax.recipes import RECIPES
from tests.models import quick

REPOSITORY = Path(__file__).parents[1]
LAZY = """
import sys
import ganrs_jax
assert set(ganrs_jax.__all__) <= set(dir(ganrs_jax))
print(*({"jax", "pandas", "numpy", "flax", "pyarrow", "absl"} & set(sys.modules)))
print(*(name for name in sys.modules if name.startswith("ganrs_jax.")))
"""


def test_the_import_imports_nothing():
    environment = {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, "-P", "-c", LAZY], capture_output=True, text=True, env=environment)
    assert (done.stdout, done.stderr) == ("\n\n", "")


@pytest.mark.parametrize("name", gj.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(gj, name).__doc__
    assert name in dir(gj)


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="module 'ganrs_jax' has no attribute 'nonsense'"):
        _ = gj.nonsense


@pytest.mark.parametrize("module", [gj, api], ids=["package", "api"])
def test_examples_of_the_docstrings_run(module):
    found = [test for test in doctest.DocTestFinder().find(module, module.__name__) if test.examples]
    assert found
    if module is api:
        assert {test.name.rpartition(".")[2] for test in found} >= {n for n in gj.__all__ if n.islower()}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    said: list[str] = []
    for test in found:
        runner.run(test, out=said.append)
    assert not said, "".join(said)


def test_from_a_data_frame_to_a_dataset_and_back(tmp_path, tiny):
    frame = pd.DataFrame({"user_id": tiny.user, "item_id": tiny.item, "rating": tiny.rating})
    model = gj.train(frame, "ganrs", seed=3, config=quick("ganrs"))
    gj.save(model, tmp_path / "model")
    with pytest.raises(gj.InputError, match="exists already"):
        gj.save(model, tmp_path / "model")
    first, again = (
        gj.generate(m, num_users=30, num_items=25, num_samples=3000, seed=1)
        for m in (model, gj.load(tmp_path / "model"))
    )
    pd.testing.assert_frame_equal(first.to_pandas(), again.to_pandas())
    compared = gj.fidelity(tiny, first)
    assert "rating" in str(compared)
    assert len(repr(compared)) < 100


def test_metrics_of_recommenders_are_a_frame(tiny):
    table = gj.evaluate(tiny, ["popularity"], num_seeds=2, cutoffs=[5, 3])
    assert set(table.model) == {"popularity"}
    assert sorted(set(table.n)) == [3, 5]
    assert np.isfinite(table.precision).all()


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_model_says_in_a_line_what_it_is_of(recipe, trained):
    said = repr(trained(recipe))
    assert "users" in said
    assert "seed" in said
    assert len(said) < 150


@pytest.mark.parametrize("recipe", ["profile", "cganrs"])
def test_a_request_that_the_recipe_does_not_take(recipe, trained):
    with pytest.raises(gj.InputError, match=f"`nonsense`: recipe {recipe} does not take it; accepted: num_users, "):
        gj.generate(trained(recipe), nonsense=3)
    other = "num_samples" if recipe == "profile" else "num_ratings"
    with pytest.raises(gj.InputError, match=f"`{other}`: recipe {recipe} does not take it"):
        gj.generate(trained(recipe), **{other: 300})


def test_items_may_have_the_ids_of_the_source(trained):
    model = trained("profile")
    new, own = (
        gj.generate(model, num_users=30, num_items=25, num_ratings=300, item_ids=ids) for ids in ("new", "source")
    )
    assert own.to_pandas().item_id.tolist() == own.item_ids[new.item].tolist() != new.item.tolist()
    with pytest.raises(gj.InputError, match="`item_ids`: recipe ganrs does not take it"):
        gj.generate(trained("ganrs"), item_ids="source")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: gj.train("planted", "nonsense"), "`recipe=nonsense` is no recipe; accepted: profile, "),
        (lambda: gj.train("planted", config=gj.GanrsConfig()), "accepted for recipe profile: a ProfileConfig"),
        (lambda: gj.train("planted", "ganrs", config=gj.GanrsConfig(beta1=2.0)), r"`config\.beta1=2"),
        (lambda: gj.load_ratings("planted", nonsense=1), "`nonsense` is no option of reading; accepted: "),
        (lambda: gj.load_ratings("absent.csv"), "absent.csv"),
        (lambda: gj.load("absent"), "absent: no such folder"),
    ],
)
def test_mistakes_are_one_line_without_flags(act, words):
    with pytest.raises(gj.InputError, match=words) as caught:
        act()
    assert "\n" not in str(caught.value)
    assert "--" not in str(caught.value)


@pytest.mark.parametrize("format", ["", "recbole"])
def test_a_dataset_is_written(format, tmp_path, trained):
    dataset = gj.generate(trained("ganrs"), num_users=40, num_items=30, num_samples=1000)
    path = tmp_path / ("made" if format else "made.csv")
    gj.write(dataset, path, format)
    assert gj.load_ratings(path).num_ratings == len(dataset.rating)
    with pytest.raises(gj.InputError, match="`format=x`; accepted: parquet, csv"):
        gj.write(dataset, path, format="x")
