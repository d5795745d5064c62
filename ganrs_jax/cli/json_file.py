"""--json=FILE: the figures of an experiment in a file of the user's choice."""

import json
from collections.abc import Mapping
from pathlib import Path

from absl import flags

from ganrs_jax.files import check_writable, whole_file

FLAGS = flags.FLAGS


def define_json() -> None:
    """The flag --json."""
    flags.DEFINE_string("json", "", "File for the figures; default: none besides WORKDIR/results.json.")


def json_place() -> Path | None:
    """The file of --json, known to be writable before any work is done; None without one.

    Raises:
      InputError: if it cannot be written.
    """
    if not FLAGS.json:
        return None
    path = Path(FLAGS.json).expanduser()
    check_writable(path)
    return path


def write_json(place: Path | None, figures: Mapping[str, object]) -> None:
    """Writes figures, whole or not at all."""
    if place is not None:
        with whole_file(place) as partial:
            partial.write_text(json.dumps(figures, indent=1, allow_nan=False) + "\n")
