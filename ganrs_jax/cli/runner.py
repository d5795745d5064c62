"""What every experiment shares: its run, the result folder, progress, and errors in one line."""

import contextlib
import dataclasses
import json
import logging
import math
import os
import platform
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
from absl import app, flags
from absl import logging as absl_logging

import ganrs_jax
from ganrs_jax.cli.command_line import FLAGS, Presets, command_line_words, own_flags, parse, recipe_config
from ganrs_jax.cli.processes import failing_alone
from ganrs_jax.data.ratings import Ratings
from ganrs_jax.errors import InputError
from ganrs_jax.files import check_writable, whole_file
from ganrs_jax.training.lanes import cores
from ganrs_jax.training.loop import TrainingDivergedError

__all__ = ["FLAGS", "Progress", "Workdir", "execute", "recipe_config", "run", "say", "say_source", "versions"]
_OUT_OF_MEMORY = re.compile("RESOURCE_EXHAUSTED|out of memory", re.IGNORECASE)  # XLA's words on GPU and CPU
_OURS = (str(Path(ganrs_jax.__file__).parent), str(Path(__file__).parent))


def run(main: Callable[[], None], presets: Presets) -> None:
    """Runs an experiment as a program of its own, as `execute` says; SIGTERM ends it as an error does."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - None where the launcher closed it
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    signal.signal(signal.SIGTERM, _terminate)
    jax.config.update("jax_enable_preemption_service", False)  # it would take SIGTERM from us, and go on
    with failing_alone():
        execute(main, presets, app.run)


def execute(main: Callable[[], None], presets: Presets, launch: Callable[..., None]) -> None:
    """Parses flags and runs an experiment; bad input ends in one line and exit status 2.

    Args:
      main: the experiment, after its flags are parsed.
      presets: name -> flags it stands for; flags given on the command line win over them.
      launch: as absl's `app.run`: (main, flags_parser=...), which parses the command line and calls main.
    """
    flags.DEFINE_enum("preset", None, list(presets), "A set of flags that others on the line may override.")

    def parsed(argv: Sequence[str]) -> list[str]:
        with one_line_errors():
            return parse(argv, presets)

    def logged(_: object) -> None:  # log lines as their text alone, and of other packages warnings only
        handler = absl_logging.get_absl_handler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        handler.addFilter(lambda record: record.levelno >= logging.WARNING or record.pathname.startswith(_OURS))
        with one_line_errors():
            main()

    launch(logged, flags_parser=parsed)


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Within, what fails for reasons outside this program ends the process with a line."""
    try:
        yield
    except InputError as error:
        _end(command_line_words(str(error)), 2)
    except TrainingDivergedError as error:
        _end(str(error), 1)
    except BrokenPipeError:  # whoever read our output has gone; nothing more can be said there
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        _end(f"{error.filename or 'a file'}: {error.strerror or error}", 2)
    except (MemoryError, jax.errors.JaxRuntimeError) as error:
        if isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(str(error)):
            _end(f"out of memory ({error}); accepted: fewer samples, users, items or lanes, or smaller networks", 2)
        raise
    except KeyboardInterrupt:
        _end("interrupted", 128 + signal.SIGINT)
    except _TerminatedError:
        _end("terminated; a run that keeps what it has done goes on with the same command", 128 + signal.SIGTERM)


class _TerminatedError(SystemExit):
    """SIGTERM: ends the run as an error does, so that half-written files go."""


def _terminate(*_: object) -> None:
    raise _TerminatedError(128 + signal.SIGTERM)


def say(text: str) -> None:
    """A line for people, on standard output."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError as error:  # a full disk, say
        error.filename = "standard output"
        raise


def say_source(ratings: Ratings) -> None:
    """What was read: a line for each note, then the counts and the scale, which may have been found from the values."""
    for note in ratings.notes:
        say(command_line_words(note))
    counts = f"{ratings.num_users} users, {ratings.num_items} items, {ratings.num_ratings} ratings"
    say(f"{ratings.name}: {counts} on a scale of {ratings.scale}")


class Workdir:
    """A run's folder: flags.json at once, metrics.jsonl as it goes, results.json at the end."""

    def __init__(self, path: str, copy: str = "") -> None:
        """Begins a run: an earlier run's records give way to this one's.

        Args:
          path: the folder.
          copy: another file that the results go to as well, if any.

        Raises:
          InputError: if the folder or the copy cannot be written.
        """
        self._copies = [Path(copy).expanduser()] if copy else []
        for place in self._copies:
            check_writable(place)
        self.path = Path(path).expanduser()
        self._begin = time.monotonic()
        check_writable(self.path / "flags.json")
        (self.path / "results.json").unlink(missing_ok=True)
        self._write(self.path / "flags.json", _origin())
        with whole_file(self.path / "metrics.jsonl") as partial:
            partial.touch()

    def report(self, stage: str, done: int, total: int, metrics: Mapping[str, Sequence[float]]) -> None:
        """Adds a line to metrics.jsonl: stage, steps, seconds since the start, each metric a lane."""
        line = {"stage": stage, "done": done, "total": total, "seconds": round(time.monotonic() - self._begin, 3)}
        place = self.path / "metrics.jsonl"
        try:
            with open(place, "a") as file:  # written anew, a long run's would take ever longer
                file.write(json.dumps(_json_ready({**line, **metrics})) + "\n")
        except OSError as error:  # a full disk, say
            error.filename = place
            raise

    def results(self, results: Mapping[str, object]) -> None:
        """Writes results.json and its copy, each whole or not at all."""
        for place in (self.path / "results.json", *self._copies):
            self._write(place, results)

    def _write(self, place: Path, content: Mapping[str, object]) -> None:
        with whole_file(place) as partial:
            partial.write_text(json.dumps(_json_ready(content), indent=1, default=str) + "\n")


class Progress:
    """Bars where there is a terminal, else a plain line at each tenth of a stage; both on standard error."""

    def __init__(self, workdir: Workdir | None = None) -> None:
        self._workdir = workdir
        self._stage = ""
        self._done = 0
        self._tenth = 0
        self._bar: Any = None

    def __call__(self, stage: str, done: int, total: int, metrics: Mapping[str, Sequence[float]]) -> None:
        if self._workdir is not None:
            self._workdir.report(stage, done, total, metrics)
        if stage != self._stage or done <= self._done:
            self._begin(stage, total)
        self._done = done
        shown = []
        for name, values in metrics.items():
            numbers = [f"{v:.4g}" for v in values]
            shown.append(f"{name} {numbers[0] if len(numbers) == 1 else f'{min(numbers)} to {max(numbers)}'}")
        text = ", ".join(shown)
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(done - self._bar.n)
        elif done * 10 // total > self._tenth:
            self._tenth = done * 10 // total
            sys.stderr.write(f"{stage}: {done} of {total}{', ' if text else ''}{text}\n")

    def _begin(self, stage: str, total: int) -> None:
        """A stage may end early; then the next one, even of the same name, closes its bar."""
        from tqdm import tqdm

        self._stage, self._tenth = stage, 0
        if self._bar is not None:
            self._bar.close()
        if sys.stderr.isatty():
            self._bar = tqdm(total=total, desc=stage, file=sys.stderr, leave=True)


def _end(message: str, status: int) -> None:
    sys.stderr.write("error: " + " ".join(message.split()) + "\n")
    sys.exit(status)


def _json_ready(value: object) -> object:
    """Strict json has no NaN and no infinity: they become null."""
    if isinstance(value, Mapping):
        return {str(key): _json_ready(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_ready(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _origin() -> dict[str, object]:
    """All that it takes to repeat a run: its flags, what the environment says, and versions."""
    values = {f.name: vars(f.value) if dataclasses.is_dataclass(f.value) else f.value for f in own_flags()}
    environment = {k: v for k, v in sorted(os.environ.items()) if k.startswith(("GANRS_", "JAX_", "XLA_"))}
    return {
        "experiment": Path(sys.argv[0]).stem,
        "arguments": sys.argv[1:],
        "flags": values,
        "environment": environment,
        "versions": {"python": platform.python_version(), **versions(), "cores": str(cores())},
    }


def versions() -> dict[str, str]:
    """Of all packages that decide what a run's bytes are."""
    from importlib.metadata import version

    packages = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "scipy", "pyarrow")
    return {"ganrs_jax": ganrs_jax.__version__, **{p: version(p) for p in packages}}
