"""Whatever table of ids and ratings pandas writes, in any format that it has, is read back equal."""

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ganrs_jax.data.sources import ReadOptions, load_ratings

_MISSING = {"", "NULL", "null", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "None", "none", "<NA>", "NaT", "\\N"}
_MISSING |= {"Null", "NAN", "(null)", "<null>"}
_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), include_characters="\n\t,;|\"'\\:"),
    min_size=1,
    max_size=8,
).filter(lambda text: text.strip() not in _MISSING)
_NUMBER = st.integers(-(2**70), 2**70)
_IDS = st.one_of(st.just(_NUMBER), st.just(_TEXT), st.just(st.integers(0, 50)))

WRITERS = {
    "t.csv": lambda table, path: table.to_csv(path, index=False),
    "t.tsv": lambda table, path: table.to_csv(path, index=False, sep="\t"),
    "semicolon.csv": lambda table, path: table.to_csv(path, index=False, sep=";"),
    "pipe.txt": lambda table, path: table.to_csv(path, index=False, sep="|"),
    "t.csv.gz": lambda table, path: table.to_csv(path, index=False),
    "t.csv.bz2": lambda table, path: table.to_csv(path, index=False),
    "t.csv.xz": lambda table, path: table.to_csv(path, index=False),
    "t.csv.zst": lambda table, path: table.to_csv(path, index=False, compression=None),
    "t.zip": lambda table, path: table.to_csv(path, index=False),
    "quoted.csv": lambda table, path: table.to_csv(path, index=False, quoting=1),
    "t.jsonl": lambda table, path: table.to_json(path, orient="records", lines=True),
    "t.json": lambda table, path: table.to_json(path, orient="records"),
    "t.parquet": lambda table, path: table.to_parquet(path),
    "t.feather": lambda table, path: table.to_feather(path),
}


@st.composite
def tables(draw) -> pd.DataFrame:
    """Two users, items and ratings at least, no pair twice; ids of a column are of one type."""
    users, items = (draw(st.lists(draw(_IDS), min_size=2, max_size=6, unique_by=str)) for _ in range(2))
    pairs = st.tuples(st.integers(0, len(users) - 1), st.integers(0, len(items) - 1))
    more = draw(st.lists(pairs, max_size=12))
    chosen = list(dict.fromkeys([(0, 0), (1, 1), *more]))
    stars = [1.0, 5.0, *(draw(st.sampled_from([0.5, 1.0, 2.5, 4.0, 5.0])) for _ in chosen[2:])]
    as_text = lambda ids: [str(value) for value in ids]  # noqa: E731
    users, items = (
        ids if all(0 <= value < 2**62 for value in ids if isinstance(value, int)) else as_text(ids)
        for ids in (users, items)
    )
    return pd.DataFrame({"user": [users[u] for u, _ in chosen], "item": [items[i] for _, i in chosen], "rating": stars})


@pytest.mark.parametrize("name", WRITERS)
def test_a_table_is_read_back_equal(name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")

    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(tables())
    def check(table):
        WRITERS[name](table, folder / name)
        ratings = load_ratings(folder / name, ReadOptions(scale="0.5:5:0.5"))
        found = zip(ratings.user_ids[ratings.user], ratings.item_ids[ratings.item], ratings.rating, strict=True)
        written = zip(table["user"], table["item"], table["rating"], strict=True)
        assert {(str(u), str(i), float(r)) for u, i, r in found} == {(str(u), str(i), r) for u, i, r in written}

    check()
