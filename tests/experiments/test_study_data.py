"""The search for the raw samples of which a published recipe keeps the rows wanted; what a dataset leaves behind."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.data.ratings import Scale
from ganrs_jax.data.sources import load_ratings
from ganrs_jax.data.sources.options import ReadOptions
from ganrs_jax.published.settings import RawSamplesRequest
from ganrs_jax.study import datasets as _study_data
from ganrs_jax.study import measured as _study_measured
from ganrs_jax.study.protocol import EvaluationProtocol
from ganrs_jax.study.results import StudyCells


@pytest.fixture
def search(monkeypatch, tmp_path):
    """search(kept, rows): the dataset found, and the samples tried, of a recipe that keeps kept(samples) rows."""

    def run(kept, rows, samples):
        tried = []

        def generate(generator, request, report):
            tried.append(request.num_samples)
            row = np.arange(int(kept(request.num_samples)))
            return Dataset(row, row, np.ones(len(row), np.float32), Scale(1, 5, 1), {}, {})

        monkeypatch.setattr(_study_data, "get_recipe", lambda name: SimpleNamespace(generate=generate))
        store = _study_data.Store(tmp_path, 0, ReadOptions(), lambda *_: None)
        return store._of_rows(SimpleNamespace(recipe="ganrs"), RawSamplesRequest(), rows, samples), tried

    return run


def test_the_rows_wanted_are_kept_exactly_after_few_trials(search):
    found, tried = search(lambda n: 5000 * (1 - np.exp(-n / 5000)), 3000, 3000)
    assert len(found.rating) == found.metadata["rows"] == 3000
    assert found.metadata["thinned_from"] > 3000
    assert len(tried) == 2


def test_samples_that_suffice_are_drawn_once(search):
    assert search(lambda n: n, 3000, 3100)[1] == [3100]


def test_rows_that_cannot_be_had_end_at_the_most_there_are(search):
    found, tried = search(lambda n: n * np.exp(-n / 2000), 3000, 1000)
    assert len(tried) < 5
    assert len(found.rating) == max(int(n * np.exp(-n / 2000)) for n in tried)


@pytest.mark.slow  # it drops the programs of other tests too
def test_no_program_of_a_dataset_that_is_measured_is_kept(tmp_path):
    """A study of three sources compiled until the kernel had no memory maps left, two hours in."""
    cells, protocol = StudyCells(tmp_path, {}), EvaluationProtocol(("deepmf",), (0, 1), (5,), 0.0, 1, "")
    name = _study_data.StudyDataset("planted", "real").name
    jax.clear_caches()
    before = len(jax.devices()[0].client.live_executables())  # what other tests hold on to
    found = _study_measured.measured(
        name, "planted", lambda: [load_ratings("planted")], protocol, cells, lambda *_: None
    )
    assert found["deepmf"] == cells.get(name, "deepmf")
    assert len(jax.devices()[0].client.live_executables()) <= before
