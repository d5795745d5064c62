"""What every experiment shares: flags, presets, the result folder, progress, and errors in one line."""

import dataclasses
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from absl import app, flags
from ml_collections import config_flags

from ganrs_jax.errors import InputError
from ganrs_jax.recipes import RECIPES, get_recipe
from ganrs_jax.training import TrainingDivergedError
from ganrs_jax.whole_files import whole_file

FLAGS = flags.FLAGS
Presets = Mapping[str, Sequence[str]]


def run(main: Callable[[], None], presets: Presets) -> None:
    """Parses flags and runs an experiment; bad input ends in one line and exit status 2.

    Args:
      main: the experiment, after its flags are parsed.
      presets: name -> flags it stands for; flags given on the command line win over them.
    """
    flags.DEFINE_enum("preset", None, list(presets), "A set of flags that others on the line may override.")

    def guarded(argv: Sequence[str]) -> None:
        del argv
        try:
            main()
        except InputError as error:
            _end(str(error), 2)
        except TrainingDivergedError as error:
            _end(str(error), 1)
        except KeyboardInterrupt:
            _end("interrupted", 130)

    app.run(guarded, flags_parser=lambda argv: _parse(list(argv), presets))


def recipe_config() -> Any:
    """The chosen recipe's configuration with the --config.field flags applied, frozen and checked.

    Raises:
      InputError: for a value that cannot be.
    """
    recipe = get_recipe(FLAGS.recipe)
    values = {f.name: getattr(FLAGS.config, f.name) for f in dataclasses.fields(recipe.config)}
    config = recipe.config(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
    recipe.check(config)
    return config


def say(text: str) -> None:
    """A line for people, on standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Workdir:
    """A run's folder: flags.json at once, metrics.jsonl as it goes, results.json at the end."""

    def __init__(self, path: str, extra: Mapping[str, Any] | None = None) -> None:
        self.path = Path(path).expanduser()
        self._begin = time.monotonic()
        self._write("flags.json", {"flags": _flag_values(), "versions": _versions(), **(extra or {})})
        self._metrics: list[str] = []
        self._flush()

    def report(self, stage: str, done: int, total: int, metrics: Mapping[str, Sequence[float]]) -> None:
        """Adds a line to metrics.jsonl: stage, steps, seconds since the start, each metric a lane."""
        line = {"stage": stage, "done": done, "total": total, "seconds": round(time.monotonic() - self._begin, 3)}
        self._metrics.append(json.dumps({**line, **metrics}))
        self._flush()

    def results(self, results: Mapping[str, Any], name: str = "results.json") -> None:
        """Writes the results, whole or not at all."""
        self._write(name, results)

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        with whole_file(self.path / name) as partial:
            partial.write_text(json.dumps(content, indent=1, default=str) + "\n")

    def _flush(self) -> None:
        with whole_file(self.path / "metrics.jsonl") as partial:
            partial.write_text("".join(line + "\n" for line in self._metrics))


class Progress:
    """Bars where there is a terminal, else a plain line at each tenth of a stage; both on standard error."""

    def __init__(self, workdir: Workdir | None = None) -> None:
        self._workdir = workdir
        self._stage = ""
        self._bar: Any = None
        self._tenth = 0

    def __call__(self, stage: str, done: int, total: int, metrics: Mapping[str, Sequence[float]]) -> None:
        if self._workdir is not None:
            self._workdir.report(stage, done, total, metrics)
        text = ", ".join(f"{name} {_short(values)}" for name, values in metrics.items())
        if sys.stderr.isatty():
            self._draw(stage, done, total, text)
        else:
            self._line(stage, done, total, text)

    def _draw(self, stage: str, done: int, total: int, text: str) -> None:
        from tqdm import tqdm

        if stage != self._stage or self._bar is None:
            self._stage, self._bar = stage, tqdm(total=total, desc=stage, file=sys.stderr, leave=True)
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(done - self._bar.n)
        if done >= total:
            self._bar.close()
            self._bar = None

    def _line(self, stage: str, done: int, total: int, text: str) -> None:
        if stage != self._stage:
            self._stage, self._tenth = stage, 0
        tenth = done * 10 // total
        if tenth > self._tenth:
            self._tenth = tenth
            sys.stderr.write(f"{stage}: {done} of {total}{', ' if text else ''}{text}\n")


def _parse(argv: list[str], presets: Presets) -> list[str]:
    """Parses the command line; every mistake ends in one line and exit status 2."""
    argv = _with_preset(argv, presets)
    try:
        if "recipe" in FLAGS:
            _define_config(argv)
        rest = FLAGS(argv)
        if len(rest) > 1:
            raise InputError(f"argument {rest[1]!r}; accepted: flags only, such as --workdir=FOLDER")
    except InputError as error:
        _end(str(error), 2)
    except flags.Error as error:
        _end(_flag_error(error), 2)
    return rest


def _define_config(argv: list[str]) -> None:
    """Defines --config.* for the recipe that the command line names."""
    name = _peek(argv, "recipe") or str(FLAGS["recipe"].default)
    default = get_recipe(name).config()
    names = [f.name for f in dataclasses.fields(default)]
    for argument in argv:
        field = argument.lstrip("-").split("=")[0]
        if argument.startswith("-") and field.startswith("config.") and field[7:] not in names:
            raise InputError(f"--{field}: no such field of recipe {name}; accepted: {', '.join(names)}")
    open_class = dataclasses.make_dataclass(
        type(default).__name__, [(f.name, f.type, f) for f in dataclasses.fields(default)], frozen=False
    )
    config_flags.DEFINE_config_dataclass("config", open_class(), f"Settings of recipe {name}.", sys_argv=argv)


def _with_preset(argv: list[str], presets: Presets) -> list[str]:
    name = _peek(argv, "preset")
    return [argv[0], *presets.get(name or "", ()), *argv[1:]]


def _peek(argv: Sequence[str], flag: str) -> str | None:
    """The last value of a flag on an unparsed command line."""
    value = None
    for index, argument in enumerate(argv[1:], 1):
        head, _, tail = argument.lstrip("-").partition("=")
        if argument.startswith("-") and head == flag:
            value = tail if "=" in argument else (argv[index + 1] if index + 1 < len(argv) else None)
    return value


def _flag_error(error: flags.Error) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, flags.UnrecognizedFlagError):
        module = FLAGS.get_flags_for_module(sys.argv[0]) + FLAGS.flags_by_module_dict().get("experiments._flags", [])
        names = sorted({f.name for f in module} | {"preset"})
        text = f"unknown flag --{error.flagname}; accepted: {', '.join('--' + n for n in names)}"
    return text


def _end(message: str, status: int) -> None:
    sys.stderr.write("error: " + " ".join(message.split()) + "\n")
    sys.exit(status)


def _short(values: Sequence[float]) -> str:
    numbers = [f"{v:.4g}" for v in values]
    return numbers[0] if len(numbers) == 1 else f"{min(numbers)} to {max(numbers)}"


def _flag_values() -> dict[str, Any]:
    skipped = ("absl.", "jax", "orbax", "etils", "pytest")
    modules = FLAGS.flags_by_module_dict().items()
    ours = [f for module, found in modules if not module.startswith(skipped) for f in found]
    return {f.name: vars(f.value) if dataclasses.is_dataclass(f.value) else f.value for f in ours}


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    packages = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "pyarrow")
    return {"python": platform.python_version(), **{p: version(p) for p in packages}, "cores": str(os.cpu_count())}


__all__ = ["FLAGS", "RECIPES", "Progress", "Workdir", "recipe_config", "run", "say"]
