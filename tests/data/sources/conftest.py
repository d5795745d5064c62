from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def no_places(monkeypatch, tmp_path):
    """No test reads or writes the user's own cache, or reads the user's data but by an explicit folder."""
    monkeypatch.delenv("GANRS_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def data_dir(monkeypatch, tmp_path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("GANRS_DATA_DIR", str(folder))
    return folder
