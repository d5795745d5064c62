"""An experiment in this process, as `python -m experiments.NAME` runs it, without the seconds of a new interpreter."""

import contextlib
import importlib
import io
import os
import subprocess
import sys
import traceback
import unittest.mock
from collections.abc import Iterator
from pathlib import Path

import jax
from absl import flags

from ganrs_jax.cli.runner import execute

FLAGS = flags.FLAGS


def run_here(folder: Path, name: str, *given: str, **environment: str) -> subprocess.CompletedProcess:
    """The finished run, in a folder, with this environment beside the present one."""
    out, err = io.StringIO(), io.StringIO()
    streams = contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)
    # A study drops all compiled programs now and then, those of other tests too: they are dropped in conftest here.
    kept = unittest.mock.patch.object(jax, "clear_caches")
    with kept, _environment(environment), contextlib.chdir(folder), _fresh_flags(), streams[0], streams[1]:
        status = _status(name, given)
    return subprocess.CompletedProcess([name, *given], status, out.getvalue(), err.getvalue())


def _status(name: str, given: tuple[str, ...]) -> int:
    sys.modules.pop(f"experiments.{name}", None)  # its flags are defined when it is imported
    held, sys.argv = sys.argv, [f"{name}.py", *given]
    main_module = sys.modules["__main__"]
    doc = main_module.__doc__
    try:
        module = importlib.import_module(f"experiments.{name}")
        main_module.__doc__ = module.__doc__
        execute(module.main, module.PRESETS, lambda main, flags_parser: main(flags_parser(sys.argv)))
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.argv, main_module.__doc__ = held, doc
    return 0


@contextlib.contextmanager
def _fresh_flags() -> Iterator[None]:
    """Within, only the flags of libraries are defined, none of them parsed."""
    before = set(FLAGS)
    try:
        yield
    finally:
        for flag in set(FLAGS) - before:
            delattr(FLAGS, flag)
        FLAGS.unparse_flags()


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    held = dict(os.environ)
    os.environ.pop("GANRS_DATA_DIR", None)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(held)
