"""Files and folders appear whole or not at all."""

import os
import signal
import subprocess
import sys

import pytest

from ganrs_jax import files as whole_files
from ganrs_jax.errors import InputError
from ganrs_jax.files import check_writable, new_file, whole_file, whole_folder


def names(folder) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


STOPPED = RuntimeError("stopped")


def write_half(path, error=STOPPED) -> None:
    with whole_file(path) as partial:
        partial.write_text("half")
        raise error


def make_half(path, error=STOPPED, **options) -> None:
    with whole_folder(path, **options) as partial:
        (partial / "half").write_text("half")
        raise error


def make(path, text, **options) -> None:
    with whole_folder(path, **options) as partial:
        (partial / "file").write_text(text)


def test_file_appears_at_the_end(tmp_path):
    path = tmp_path / "new" / "file"
    with whole_file(path) as partial:
        partial.write_text("text")
        assert not path.exists()
        assert partial.parent == path.parent
    assert path.read_text() == "text"
    assert names(path.parent) == ["file"]


@pytest.mark.parametrize("error", [RuntimeError("stopped"), KeyboardInterrupt(), SystemExit(3)])
def test_failed_file_leaves_the_old_one(tmp_path, error):
    (tmp_path / "file").write_text("old")
    with pytest.raises(type(error)):
        write_half(tmp_path / "file", error)
    assert (tmp_path / "file").read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_new_file_never_takes_the_place_of_another(tmp_path):
    with new_file(tmp_path / "a") as partial:
        partial.write_text("first")
    with pytest.raises(FileExistsError), new_file(tmp_path / "a") as partial:
        partial.write_text("second")
    assert (tmp_path / "a").read_text() == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_full_disk_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"^.*file: cannot be written: No space left on device$"):
        write_half(tmp_path / "file", OSError(28, os.strerror(28)))
    assert names(tmp_path) == []


def test_file_under_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "new", tmp_path / "file" / "folder" / "new"):
        with (
            pytest.raises(InputError, match=r"new: cannot be written: .*file is a file, not a folder$"),
            whole_file(path),
        ):
            pass
        with pytest.raises(InputError, match=r"new: cannot be written: .*file is a file"), whole_folder(path):
            pass


def test_file_in_place_of_a_folder(tmp_path):
    with pytest.raises(InputError, match="is a folder; accepted: a file name"), whole_file(tmp_path):
        pass


def test_long_names_have_room_for_the_temporary_one(tmp_path):
    with whole_file(tmp_path / ("x" * 250)) as partial:
        partial.write_text("text")
    assert names(tmp_path) == ["x" * 250]


def test_check_writable_leaves_nothing(tmp_path):
    check_writable(tmp_path / "new" / "file")
    assert names(tmp_path / "new") == []
    (tmp_path / "file").write_text("old")
    check_writable(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "old"
    with pytest.raises(InputError, match="cannot be written"):
        check_writable(tmp_path / "file" / "new")
    with pytest.raises(InputError, match="is a folder"):
        check_writable(tmp_path / "new")
    assert names(tmp_path) == ["file", "new"]


def test_folder_appears_at_the_end(tmp_path):
    with whole_folder(tmp_path / "new" / "folder") as partial:
        (partial / "file").write_text("text")
        assert not (tmp_path / "new" / "folder").exists()
    assert (tmp_path / "new" / "folder" / "file").read_text() == "text"
    assert names(tmp_path / "new") == ["folder"]


def test_folder_is_replaced_only_when_asked(tmp_path):
    make(tmp_path / "folder", "old")
    with pytest.raises(InputError, match="exists already; accepted: a new place, or `overwrite`"):
        make(tmp_path / "folder", "new")
    assert (tmp_path / "folder" / "file").read_text() == "old"
    make(tmp_path / "folder", "new", overwrite=True)
    assert (tmp_path / "folder" / "file").read_text() == "new"
    assert names(tmp_path) == ["folder"]


def test_failed_folder_leaves_the_old_one(tmp_path):
    make(tmp_path / "folder", "old")
    with pytest.raises(RuntimeError, match="stopped"):
        make_half(tmp_path / "folder", overwrite=True)
    with pytest.raises(RuntimeError, match="stopped"):
        make_half(tmp_path / "other")
    assert names(tmp_path) == ["folder"]
    assert (tmp_path / "folder" / "file").read_text() == "old"


def test_failed_replacement_puts_the_old_one_back(tmp_path, monkeypatch):
    make(tmp_path / "folder", "old")
    replace = os.replace

    def refuse_new(source, target):
        if str(source).endswith("partial"):
            raise OSError(5, "Input/output error")
        replace(source, target)

    monkeypatch.setattr(whole_files.os, "replace", refuse_new)
    with pytest.raises(InputError, match="folder: cannot be written: Input/output error"):
        make(tmp_path / "folder", "new", overwrite=True)
    assert names(tmp_path) == ["folder"]
    assert (tmp_path / "folder" / "file").read_text() == "old"


def test_folder_in_place_of_a_file(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(InputError, match="is a file; accepted: a folder"):
        make(tmp_path / "file", "new", overwrite=True)
    assert (tmp_path / "file").read_text() == "old"


WRITING = """
import sys, time
from pathlib import Path
from ganrs_jax.files import whole_file, whole_folder
with whole_file(Path(sys.argv[1])) as file, whole_folder(Path(sys.argv[2])) as folder:
    file.write_text("half")
    (folder / "half").write_text("half")
    print("begun", flush=True)
    time.sleep(100)
"""


def test_what_a_killed_process_left_goes_and_what_another_is_writing_stays(tmp_path):
    paths = tmp_path / "file [1]", tmp_path / "folder"
    command = [sys.executable, "-c", WRITING, *map(str, paths)]
    environment = os.environ | {"PYTHONPATH": str(whole_files.__file__).rpartition("/ganrs_jax/")[0]}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout.readline() == b"begun\n"
        begun = names(tmp_path)
        with pytest.raises(RuntimeError, match="stopped"):
            make_half(paths[1])
        check_writable(paths[0])
        assert (names(tmp_path), len(begun)) == (begun, 2)
        process.send_signal(signal.SIGKILL)
    check_writable(paths[0])
    make(paths[1], "new")
    assert names(tmp_path) == ["folder"]
