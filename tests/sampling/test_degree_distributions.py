"""Distributions of counts: their texts and files, their quantiles, and the source's own distribution kept in short."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ganrs_jax.data.sources import ReadOptions, load_ratings
from ganrs_jax.errors import InputError
from ganrs_jax.sampling.apportion import apportion
from ganrs_jax.sampling.distributions import (
    DegreeSpec,
    degree_distribution,
    distribution_weights,
    parse_distribution,
)

SOURCE = degree_distribution(np.array([5, 1, 2, 2, 9, 1, 1]))


@pytest.mark.parametrize(
    ("text", "distribution"),
    [
        ("source", DegreeSpec("source")),
        ("uniform", DegreeSpec("uniform")),
        ("thinned", DegreeSpec("thinned")),
        ("gini:0.4", DegreeSpec("gini", 0.4)),
        ("power:1.5", DegreeSpec("power", 1.5)),
        ("lognormal:0.8", DegreeSpec("lognormal", 0.8)),
    ],
)
def test_texts(text, distribution):
    assert parse_distribution(text, "activity") == distribution
    assert str(distribution) == text


@pytest.mark.parametrize(
    "text", ["", "zipf", "power", "power:", "power:-1", "power:nan", "power:51", "gini:1", "source:1", "a\0b"]
)
def test_no_law(text):
    with pytest.raises(InputError, match=r"`activity=.*accepted: source, thinned, gini:COEFFICIENT") as error:
        parse_distribution(text, "activity")
    assert "\n" not in str(error.value)


def _written(folder, suffix: str, values: np.ndarray) -> str:
    path = folder / f"w{suffix}"
    if suffix == ".npy":
        np.save(path, values)
    elif suffix == ".parquet":
        pd.DataFrame({"weight": values}).to_parquet(path)
    else:
        path.write_text("".join(f"{value:g}\n" for value in values) + "\n")
    return str(path)


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".npy", ".parquet"])
@pytest.mark.parametrize("kind", [np.float64, np.int32])
def test_files(suffix, kind, tmp_path):
    path = _written(tmp_path, suffix, np.array([1, 0, 4, 2], kind))
    distribution = parse_distribution(path, "popularity")
    assert distribution == DegreeSpec("file", path=path)
    assert str(distribution) == path
    assert distribution_weights(distribution, SOURCE, 4).tolist() == [4, 2, 1, 0]
    with pytest.raises(InputError, match=r"w\..*: 4 weights; accepted: 5, one for each"):
        distribution_weights(distribution, SOURCE, 5)


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".npy", ".parquet"])
@pytest.mark.parametrize("bad", [-1, np.nan, np.inf])
def test_bad_entries_are_named_by_file_and_row(suffix, bad, tmp_path):
    path = _written(tmp_path, suffix, np.array([1.0, 2.0, bad, -3.0]))
    with pytest.raises(InputError, match=rf"`activity=.*w{suffix}`: row 3 is {bad:g}; accepted: a finite number"):
        parse_distribution(path, "activity")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"1\n2 3\n", "row 2 is '2 3'; accepted"),
        ("a.csv", b"1\n\n3\n", "row 2 is ''; accepted"),
        ("a.csv", b"weight\n1\n", "row 1 is 'weight'; accepted"),
        ("a.txt", b"\xff\n", "cannot be read as text .*; accepted: UTF-8"),
        ("a.csv", b"\n\n", "the file is empty"),
        ("a.npy", b"1\n", "cannot be read"),
        ("a.npy", b"", "cannot be read"),
        ("a.parquet", b"PAR1", "cannot be read"),
        ("a.dat", b"1\n", "suffix '.dat'; accepted: .csv, .txt, .parquet, .npy"),
    ],
)
def test_bad_files(name, content, words, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words) as error:
        parse_distribution(str(tmp_path / name), "activity")
    assert "\n" not in str(error.value)


def test_tables_and_shapes_that_are_no_list(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 2)))
    np.save(tmp_path / "text.npy", np.array(["a"]))
    pd.DataFrame({"a": [1], "b": [2]}).to_parquet(tmp_path / "two.parquet")
    pd.DataFrame({"a": ["x"]}).to_parquet(tmp_path / "text.parquet")
    pd.DataFrame({"a": pd.array([1, None], "Int64")}).to_parquet(tmp_path / "null.parquet")
    words = {"a.npy": "float64 .2, 2.", "text.npy": "<U1", "two.parquet": "2 columns .a, b.", "null.parquet": "row 2"}
    for name, found in (words | {"text.parquet": "column a is .*string"}).items():
        with pytest.raises(InputError, match=f"{name}`: .*{found}.*; accepted: "):
            parse_distribution(str(tmp_path / name), "activity")


def test_the_short_form_forgets_whose_counts_they_are():
    assert {name: array.tolist() for name, array in SOURCE._asdict().items()} == {
        "degree": [1, 2, 5, 9],
        "number": [3, 2, 1, 1],
    }


@pytest.mark.parametrize(("size", "expected"), [
    (7, [9, 5, 2, 2, 1, 1, 1]),
    (14, [9, 9, 5, 5, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1]),
    (1, [2]),
    (3, [5, 2, 1]),
])  # fmt: skip
def test_quantiles_of_the_source(size, expected):
    assert distribution_weights(DegreeSpec("source"), SOURCE, size).tolist() == expected


def test_closed_forms():
    np.testing.assert_allclose(distribution_weights(DegreeSpec("power", 2.0), {}, 4), [1, 1 / 4, 1 / 9, 1 / 16])
    np.testing.assert_array_equal(distribution_weights(DegreeSpec("uniform"), {}, 3), np.ones(3))
    quantiles = (np.arange(1000) + 0.5) / 1000
    expected = stats.lognorm(1.5).ppf(quantiles)[::-1]
    np.testing.assert_allclose(distribution_weights(DegreeSpec("lognormal", 1.5), {}, 1000), expected, rtol=1e-9)


@pytest.mark.parametrize(
    "distribution",
    [
        DegreeSpec("source"),
        DegreeSpec("power", 50.0),
        DegreeSpec("lognormal", 50.0),
        DegreeSpec("uniform"),
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [1, 2, 1001])
def test_weights_descend_and_are_finite(distribution, size):
    weights = distribution_weights(distribution, SOURCE, size)
    assert weights.dtype == np.float64
    assert weights.shape == (size,)
    assert np.all(np.diff(weights) <= 0)
    assert np.isfinite(weights).all()


def test_the_law_of_a_real_source_gives_its_counts_back(data_dir):
    ratings = load_ratings("ml100k", ReadOptions(data_dir=data_dir, download=False))
    for ids, others in ((ratings.user, ratings.num_items), (ratings.item, ratings.num_users)):
        counts = np.bincount(ids)
        weights = distribution_weights(DegreeSpec("source"), degree_distribution(counts), len(counts))
        found = apportion(weights, ratings.num_ratings, 1, others)
        np.testing.assert_array_equal(found, np.sort(counts)[::-1])
        np.testing.assert_array_equal(apportion(counts * 0.37, ratings.num_ratings, 1, others), counts)
