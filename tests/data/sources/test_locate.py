"""Where a named source is looked for, in which order, and what a download may do."""

import dataclasses
import functools
import hashlib
import http.server
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest

from ganrs_jax.data.ratings import digest
from ganrs_jax.data.sources import SOURCES, ReadOptions, fetch, load_ratings
from ganrs_jax.errors import InputError
from tests.data.sources.releases import RELEASES, ROWS, U_USER, Release, lines, triples

INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + lines("{}\t{}\t{}\t{}")
USER = "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n" + U_USER.replace("|", "\t")
U_DATA = "\t".join(("{}", "{}", "{}", "{}"))


def of(mark: int) -> str:
    """u.data that can be told by its first item's id."""
    return lines(U_DATA, [(1, mark, 3, 0), *ROWS])


def mark(ratings) -> int:
    return int(ratings.item_ids[-1])


def test_the_order_is_path_data_folder_cache_download(data_dir, tmp_path):
    cache = tmp_path / "cache" / "ganrs_jax" / "ml100k"
    path = tmp_path / "mine"
    Release({"u.data": of(101)}).write(path)
    Release({"ml-100k/u.data": of(102)}).write(data_dir)
    Release({"u.data": of(103)}).write(cache)
    assert mark(load_ratings("ml100k", ReadOptions(source_path=str(path)))) == 101
    assert mark(load_ratings("ml100k", ReadOptions(source_path=str(path / "u.data")))) == 101
    assert mark(load_ratings("ml100k")) == 102
    assert mark(load_ratings("ml100k", ReadOptions(data_dir=str(path)))) == 101
    (data_dir / "ml-100k" / "u.data").unlink()
    assert mark(load_ratings("ml100k")) == 103
    (cache / "u.data").unlink()
    with pytest.raises(InputError, match="switched off"):
        load_ratings("ml100k", ReadOptions(download=False))


@pytest.mark.parametrize("name", RELEASES)
def test_a_parquet_release_in_the_data_folder(name, data_dir):
    import pandas as pd

    values = [(u, i, r) for (u, i, _, _), r in zip(ROWS, RELEASES[name].ratings, strict=True)]
    pd.DataFrame(values, columns=["user_id", "item_id", "rating"]).to_parquet(data_dir / f"{name}.parquet")
    users = pd.DataFrame({"user_id": [3, 1], "gender": ["F", None], "age": [40, 50], "zip": ["x", "y"]})
    users.to_parquet(data_dir / f"{name}_users.parquet")
    ratings = load_ratings(name)
    assert triples(ratings) == {(u, i, float(r)) for u, i, r in values}
    assert ratings.demographics["gender"].tolist() == ["", "", "F"]
    assert ratings.demographics["age"].tolist() == [50, -1, 40]


def test_a_release_may_lie_directly_in_the_data_folder(data_dir):
    Release({"ratings.dat": lines("{}::{}::{}::{}")}).write(data_dir)
    assert load_ratings("ml1m").num_ratings == len(ROWS)


def zipped(folder: Path, size: str, files: dict[str, str]) -> tuple[str, str]:
    """A zip file on the "server": its address and MD5."""
    path = folder / f"ml-{size}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path.as_uri(), hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def offer(monkeypatch, name: str, *offers) -> None:
    monkeypatch.setitem(SOURCES, name, dataclasses.replace(SOURCES[name], offers=offers))


def archive(name: str, url: str, md5: str) -> fetch.Archive:
    return SOURCES[name].offers[0]._replace(url=url, md5=md5)


@pytest.mark.parametrize("name", [name for name in RELEASES if name.startswith("ml")])
def test_a_download_fills_the_cache_once(name, monkeypatch, tmp_path):
    url, md5 = zipped(tmp_path, "x", RELEASES[name].files)
    offer(monkeypatch, name, archive(name, url, md5))
    first = load_ratings(name)
    assert tuple(sorted(first.demographics)) == RELEASES[name].demographics
    cached = sorted(path.name for path in (tmp_path / "cache" / "ganrs_jax" / name).iterdir())
    assert cached == sorted(Path(path).name for path in RELEASES[name].files)
    Path(tmp_path / "ml-x.zip").unlink()
    assert digest(load_ratings(name)) == digest(first)


def test_the_licence_is_shown_before_a_download(monkeypatch, tmp_path, caplog):
    url, md5 = zipped(tmp_path, "x", RELEASES["ml1m"].files)
    offer(monkeypatch, "ml1m", archive("ml1m", url, md5))
    with caplog.at_level("WARNING", logger="absl"):
        load_ratings("ml1m")
    assert "MovieLens 1M is being fetched" in caplog.text
    assert "Licence: research use only" in caplog.text


def test_every_download_has_a_licence_and_every_other_source_a_way_to_get_it():
    for source in SOURCES.values():
        assert bool(source.offers) == bool(source.licence)
        assert source.obtain or source.make
        assert all(a.md5 or "latest" in source.name for a in source.offers if isinstance(a, fetch.Archive))


@pytest.mark.parametrize(
    ("sidecar", "failure"),
    [("MD5 (ml-latest.zip) = {}\n", ""), ("{}  ml-latest.zip\n", ""), ("0" * 32, "not 0000"), ("?", "no checksum")],
)
def test_a_release_that_changes_is_checked_against_the_checksum_beside_it(sidecar, failure, monkeypatch, tmp_path):
    url, md5 = zipped(tmp_path, "latest", RELEASES["ml_latest"].files)
    (tmp_path / "ml-latest.zip.md5").write_text(sidecar.format(md5.upper()))
    offer(monkeypatch, "ml_latest", archive("ml_latest", url, ""))
    if not failure:
        assert load_ratings("ml_latest").num_ratings == len(ROWS)
        return
    with pytest.raises(InputError, match=failure):
        load_ratings("ml_latest")


@pytest.mark.parametrize("fault", ["checksum", "no zip", "member missing", "nothing there"])
def test_a_bad_download_leaves_nothing(fault, monkeypatch, tmp_path):
    files = {"other.txt": "x"} if fault == "member missing" else RELEASES["ml1m"].files
    url, md5 = zipped(tmp_path, "x", files)
    if fault == "no zip":
        (tmp_path / "ml-x.zip").write_bytes(b"<html>not found</html>")
        md5 = hashlib.md5(b"<html>not found</html>", usedforsecurity=False).hexdigest()
    url = url + "x" if fault == "nothing there" else url
    offer(monkeypatch, "ml1m", archive("ml1m", url, "0" * 32 if fault == "checksum" else md5))
    with pytest.raises(InputError) as caught:
        load_ratings("ml1m")
    assert url in str(caught.value)
    assert "the source planted needs no files" in str(caught.value)
    assert ("checksum is md5" in str(caught.value)) == (fault == "checksum")
    assert not (tmp_path / "cache" / "ganrs_jax" / "ml1m").exists()


@pytest.fixture
def server(tmp_path):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    folder = tmp_path / "www"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{served.server_port}"
        served.shutdown()
        thread.join()


def test_a_download_over_http(server, monkeypatch):
    folder, address = server
    _, md5 = zipped(folder, "x", RELEASES["ml25m"].files)
    offer(monkeypatch, "ml25m", archive("ml25m", f"{address}/ml-x.zip", md5))
    assert load_ratings("ml25m").num_ratings == len(ROWS)
    offer(monkeypatch, "ml20m", archive("ml20m", f"{address}/absent.zip", md5))
    with pytest.raises(InputError, match=r"absent\.zip: .*404|absent\.zip: .*Not Found|absent\.zip: .*not found"):
        load_ratings("ml20m")


def wheel_offer() -> fetch.Wheel:
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in (USER, INTER)]
    paths = [path for path, _ in SOURCES["ml100k"].offers[1].members]
    return SOURCES["ml100k"].offers[1]._replace(members=tuple(zip(paths, digests, strict=True)))


def fake_pip(monkeypatch, contents: dict[str, str] | None, stderr: str = "") -> list:
    """A pip that "downloads" a wheel of these contents, or fails; returns the commands it was given."""
    commands = []

    def run(command, **kwargs):
        commands.append(command)
        if contents is not None:
            folder = next(part for part in command if part.startswith("--dest=")).removeprefix("--dest=")
            with zipfile.ZipFile(Path(folder) / "recbole-1.2.1-py3-none-any.whl", "w") as wheel:
                for name, text in contents.items():
                    wheel.writestr(name, text)
        return subprocess.CompletedProcess(command, contents is None, "", stderr)

    monkeypatch.setattr(fetch.subprocess, "run", run)
    return commands


def test_movielens_100k_comes_from_a_package_index_alone(monkeypatch, tmp_path):
    made = wheel_offer()
    commands = fake_pip(monkeypatch, dict(zip([path for path, _ in made.members], (USER, INTER), strict=True)))
    offer(monkeypatch, "ml100k", archive("ml100k", (tmp_path / "absent.zip").as_uri(), "0"), made)
    ratings = load_ratings("ml100k")
    Release({"u.data": lines(U_DATA), "u.user": U_USER}).write(tmp_path / "published")
    published = load_ratings("ml100k", ReadOptions(source_path=str(tmp_path / "published")))
    assert digest(ratings) == digest(published)
    assert ratings.demographics["age"].tolist() == published.demographics["age"].tolist()
    assert ratings.demographics["gender"].tolist() == published.demographics["gender"].tolist()
    assert [{"download", "--no-deps", "recbole==1.2.1"} <= set(command) for command in commands] == [True]
    load_ratings("ml100k")
    assert len(commands) == 1


def test_a_wheel_of_another_digest_is_not_used(monkeypatch, tmp_path):
    made = wheel_offer()
    fake_pip(monkeypatch, dict(zip([path for path, _ in made.members], (USER, INTER + "9\t9\t5\t0\n"), strict=True)))
    offer(monkeypatch, "ml100k", made)
    with pytest.raises(InputError, match=r"checksum of .*ml-100k\.inter is sha256"):
        load_ratings("ml100k")
    assert not (tmp_path / "cache" / "ganrs_jax" / "ml100k").exists()


def test_offline_the_error_names_every_place_tried(monkeypatch, data_dir, tmp_path):
    fake_pip(monkeypatch, None, "WARNING: x\nERROR: No matching distribution found for recbole==1.2.1\n")
    url = (tmp_path / "absent.zip").as_uri()
    offer(monkeypatch, "ml100k", archive("ml100k", url, "0"), SOURCES["ml100k"].offers[1])
    with pytest.raises(InputError) as caught:
        load_ratings("ml100k")
    text = str(caught.value)
    assert "\n" not in text
    for part in (
        f"data folder (GANRS_DATA_DIR) {data_dir}: no u.data",
        f"cache {tmp_path / 'cache' / 'ganrs_jax' / 'ml100k'}: no such folder",
        f"{url}: ",
        "recbole==1.2.1 on the Python package index: pip: No matching distribution found",
        "the source planted needs no files",
    ):
        assert part in text


def test_an_unset_and_a_missing_data_folder_are_said(monkeypatch, tmp_path):
    monkeypatch.delenv("GANRS_DATA_DIR", raising=False)
    with pytest.raises(InputError, match=r"data folder \(GANRS_DATA_DIR\): not set"):
        load_ratings("ml1m", ReadOptions(download=False))
    with pytest.raises(InputError, match="gone: no such folder"):
        load_ratings("ml1m", ReadOptions(download=False, data_dir=str(tmp_path / "gone")))


@pytest.mark.parametrize("name", ["netflix", "myanimelist", "filmtrust"])
def test_what_may_not_be_downloaded_says_where_to_get_it(name):
    with pytest.raises(InputError, match=r"Get it at https://.* in the data folder \(GANRS_DATA_DIR\) under"):
        load_ratings(name)


def test_a_cache_that_cannot_be_written_is_said(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("x")
    url, md5 = zipped(tmp_path, "x", RELEASES["ml1m"].files)
    offer(monkeypatch, "ml1m", archive("ml1m", url, md5))
    with pytest.raises(InputError, match="Not a directory"):
        load_ratings("ml1m", ReadOptions(cache_dir=str(tmp_path / "file")))
