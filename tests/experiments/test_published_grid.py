"""The grid: its columns, rows that rise with users, and a run that goes on where one was stopped."""

import json

import pandas as pd
import pytest

from ganrs_jax.checkpoint import load_generator

GRID = ("--preset=small", "--workdir=run")
COLUMNS = ["source", "samples", "sigma", "users", "items", "rows", "rows_by_published_rule", "published_rows"]


@pytest.mark.slow
def test_a_stopped_grid_goes_on(launch, launch_in, tmp_path):
    launch("published_grid", *GRID, "--users=50")
    first = pd.read_csv(tmp_path / "run" / "grid.csv")
    trained = (tmp_path / "run" / "planted" / "generator" / "manifest.json").stat().st_mtime_ns
    done = launch("published_grid", *GRID, "--users=50,100")
    assert "50 users" not in done.stderr
    assert "DeepMF" not in done.stderr
    assert "100 users" in done.stderr
    assert (tmp_path / "run" / "planted" / "generator" / "manifest.json").stat().st_mtime_ns == trained
    grid = pd.read_csv(tmp_path / "run" / "grid.csv")
    assert list(grid.columns) == COLUMNS
    pd.testing.assert_frame_equal(grid[:1], first)
    assert list(grid.users) == [50, 100]
    assert (grid["samples"] == 10_000).all()
    assert grid.rows.is_monotonic_increasing
    assert grid.rows_by_published_rule.is_monotonic_increasing
    assert (grid.rows < grid.rows_by_published_rule).all()
    assert grid.published_rows.isna().all()
    cells = json.loads((tmp_path / "run" / "results.json").read_text())["cells"]
    assert [cell["rows"] for cell in cells] == list(grid.rows)
    assert load_generator(tmp_path / "run" / "planted" / "generator").training["seed"] == 0
    refused = launch_in(tmp_path, "published_grid", *GRID, "--seed=1")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "cells.json holds cells of other settings; accepted: the same, or another --workdir" in refused.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", '{"settings": {}}', '{"settings": {}, "rows": [{}]}', '{"rows": 3}'])
def test_broken_cells_are_named(text, tmp_path, monkeypatch):
    from ganrs_jax.cli.cells import Cells
    from ganrs_jax.errors import InputError

    (tmp_path / "cells.json").write_text(text)
    with pytest.raises(InputError, match=r"cells\.json: not what published_grid wrote; accepted: another --workdir"):
        Cells(tmp_path, {})


def test_sources_not_at_hand(launch_in, launch, tmp_path):
    asked = launch_in(tmp_path, "published_grid", *GRID, "--sources=netflix")
    assert asked.returncode == 2
    assert "netflix" in asked.stderr
    none = launch_in(tmp_path, "published_grid", "--workdir=run2", "--nodownload")
    assert none.returncode == 2
    assert none.stdout.count("is left out") == 3
    assert "none is at hand" in none.stderr
