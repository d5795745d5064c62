"""Scaling: a table, a figure, and both in a text between two marks."""

import pytest

from ganrs_jax.report.scaling import scaling_figure, scaling_table


def cell(axis: str, **sizes: int) -> dict[str, object]:
    plain = {"users": 10, "items": 20, "rows": 100, "seeds": 1, **sizes}
    times = {"plan_s": None, "rows_per_s": None} if axis == "seeds" else {"plan_s": 1.0, "rows_per_s": 1234.5}
    return {"axis": axis, **plain, "first_s": 3.0, "compile_s": 1.5, "rows_s": 1.25, "peak_memory_mib": 2048, **times}


CELLS = [cell("rows", rows=100_000), cell("rows", rows=1_000_000), cell("items"), cell("users"), cell("seeds", seeds=8)]


def test_a_row_a_cell():
    header, rows = scaling_table(CELLS)
    assert [row[0] for row in rows] == ["rows", "rows", "items", "users", "seeds"]
    assert dict(zip(header, rows[1], strict=True)) == {
        "by": "rows",
        "users": "10",
        "items": "20",
        "rows": "1,000,000",
        "seeds": "1",
        "first s": "3.0",
        "compile s": "1.5",
        "plan s": "1.0",
        "rows s": "1.2",
        "rows/s": "1,234",
        "peak MiB": "2,048",
    }
    assert rows[-1][7:10:2] == ["", ""]  # training has no plan and no rows


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_figure_is_written(tmp_path, suffix):
    scaling_figure(tmp_path / f"one.{suffix}", CELLS)
    assert (tmp_path / f"one.{suffix}").stat().st_size > 5000
