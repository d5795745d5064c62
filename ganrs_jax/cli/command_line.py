"""The command line: presets, the recipe's --config fields, --help, and each mistake in one line."""

import dataclasses
import difflib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from absl import flags
from ml_collections import config_flags

from ganrs_jax.errors import InputError
from ganrs_jax.recipes import get_recipe

FLAGS = flags.FLAGS
QUICK_TRAINING = (  # of any recipe in seconds, for the small presets
    "--config.embedding_epochs=2",
    "--config.embedding_rounds=3",
    "--config.embedding_sweeps=5",
    "--config.calibration_rounds=1",
    "--config.gan_steps=200",
    "--config.width=32",
    "--config.blocks=1",
)
Presets = Mapping[str, Sequence[str]]
_OTHERS = ("absl.", "jax", "orbax", "etils", "pytest", "ml_collections")  # whose flags are not an experiment's
_HELP = {"-h", "-?", "-help", "--help", "--helpshort"}
_COMMENTED = re.compile(r"^    (\w+): .*  # (.*)$", re.MULTILINE)


def parse(argv: Sequence[str], presets: Presets) -> list[str]:
    """Parses the command line into FLAGS and returns the program's name; --help prints and exits.

    Args:
      argv: the program's name, then flags; those given win over the preset's.
      presets: name -> flags it stands for; of its --config fields those hold that the recipe has.

    Raises:
      InputError: for every mistake, naming flag, value and what is accepted.
    """
    given = list(argv)
    try:
        given = FLAGS.read_flags_from_files(given)
        preset, recipe = presets.get(peek(given, "preset") or "", ()), ""
        if "recipe" in FLAGS:
            recipe = peek([given[0], *preset, *given[1:]], "recipe") or str(FLAGS["recipe"].default)
            names = {f"--config.{f.name}" for f in dataclasses.fields(get_recipe(recipe).config)}
            preset = [flag for flag in preset if not flag.startswith("--config.") or flag.partition("=")[0] in names]
        given = [given[0], *preset, *given[1:]]
        if recipe:
            _define_config(given, recipe)
        if not _HELP.isdisjoint(given):
            _show_help(recipe)
        rest: list[str] = FLAGS(given)
    except InputError:
        raise
    except (flags.Error, ValueError) as error:
        raise InputError(_mistake(error, given)) from error
    if len(rest) > 1:
        raise InputError(f"argument {rest[1]!r}; accepted: flags only, such as --workdir=FOLDER")
    return rest


def recipe_config() -> Any:
    """The chosen recipe's configuration with the --config.field flags applied, frozen and checked.

    Raises:
      InputError: for a value that cannot be.
    """
    recipe = get_recipe(FLAGS.recipe)
    config = recipe.config(**{f.name: _value(f) for f in dataclasses.fields(recipe.config)})
    recipe.check_config(config)
    return config


def own_flags() -> list[Any]:
    """The experiment's flags, without those of the libraries, in the order of their definition."""
    modules = FLAGS.flags_by_module_dict().items()
    return [f for module, found in modules if not module.startswith(_OTHERS) for f in found]


def _value(field: dataclasses.Field[Any]) -> Any:
    """A field's value, a tuple checked to be as the default one is."""
    value, default = getattr(FLAGS.config, field.name), field.default
    if not isinstance(default, tuple):
        return value
    numbers = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if len(numbers) != len(default) or not all(type(n) is int for n in numbers):
        shown, like = ",".join(map(str, numbers)), ",".join(map(str, default))
        raise InputError(f"--config.{field.name}={shown}; accepted: {len(default)} whole numbers, such as {like}")
    return numbers


def _define_config(argv: list[str], name: str) -> None:
    """Defines --config.* for a recipe."""
    default = get_recipe(name).config()
    names = [f.name for f in dataclasses.fields(default)]
    for argument in argv[1:]:
        field = argument.lstrip("-").split("=")[0]
        if argument.startswith("-") and field.startswith("config.") and field[7:] not in names:
            near = _nearest(field[7:], names, "--config.")
            raise InputError(f"--{field}: no such field of recipe {name}{near}; accepted: {', '.join(names)}")
    open_class = dataclasses.make_dataclass(
        type(default).__name__, [(f.name, f.type, f) for f in dataclasses.fields(default)], frozen=False
    )
    config_flags.DEFINE_config_dataclass("config", open_class(), f"Settings of recipe {name}.", sys_argv=argv)


def peek(argv: Sequence[str], flag: str) -> str | None:
    """The last value of a flag on an unparsed command line."""
    value = None
    for index, argument in enumerate(argv[1:], 1):
        head, _, tail = argument.lstrip("-").partition("=")
        if argument.startswith("-") and head == flag:
            value = tail if "=" in argument else (argv[index + 1] if index + 1 < len(argv) else None)
    return value


def _mistake(error: Exception, argv: Sequence[str]) -> str:
    """What absl found wrong, in the words of this project."""
    if isinstance(error, flags.UnrecognizedFlagError):
        names = sorted(f.name for f in own_flags())
        near = _nearest(error.flagname, names, "--")
        return f"unknown flag --{error.flagname}{near}; accepted: {', '.join('--' + n for n in names)}"
    text = " ".join(str(error).removeprefix("ERROR:: ").split())
    found = re.match(r"(?:flag|Missing value for flag) --([\w.]+)", text)
    if found is None or (found[1] not in FLAGS and found[1] != "config"):
        return text
    value = "" if text.startswith("Missing") else f"={peek(argv, found[1])}"
    parser = None if found[1] == "config" else FLAGS[found[1]].parser
    if parser is None:
        accepted = "--config.FIELD=VALUE"
    elif isinstance(parser, flags.EnumParser):
        accepted = ", ".join(parser.enum_values)
    elif isinstance(parser, flags.BooleanParser):
        accepted = "true or false"
    else:
        accepted = parser.syntactic_help or f"a value, such as {FLAGS[found[1]].default}"
    return f"--{found[1]}{value}; accepted: {accepted}"


def _nearest(name: str, names: Sequence[str], prefix: str) -> str:
    found = difflib.get_close_matches(name, names, 1)
    return f" (did you mean {prefix}{found[0]}?)" if found else ""


def _show_help(recipe: str) -> None:
    """Prints the experiment's docstring and its flags, and exits."""
    lines = [str(sys.modules["__main__"].__doc__).strip(), "", "Flags, with their defaults:"]
    for flag in own_flags():
        if flag.name != "config":
            lines.extend(_described(flag.name, flag.default, flag.help))
    if recipe:
        lines += ["", f"Settings of recipe {recipe}:"]
        for name, value, comment in commented_fields(get_recipe(recipe).config):
            lines.extend(_described(f"config.{name}", value, comment))
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(0)


def _described(name: str, default: object, text: str) -> list[str]:
    shown = ",".join(map(str, default)) if isinstance(default, (list, tuple)) else default
    head = f"  --{name}" + ("" if shown in (None, "") else f"={shown}")
    return [head, *textwrap.wrap(text, 110, initial_indent=" " * 6, subsequent_indent=" " * 6)]


def commented_fields(config: type[Any]) -> Iterator[tuple[str, Any, str]]:
    """Name, default and comment of each field of a dataclass."""
    comments: dict[str, str] = {}
    for kind in reversed(config.__mro__[:-1]):
        comments.update(_COMMENTED.findall(inspect.getsource(kind)))
    for field in dataclasses.fields(config):
        yield field.name, field.default, comments.get(field.name, "")


def command_line_words(text: str) -> str:
    """An error of the library in the words of the command line: `name=value` becomes --name=value where that is a flag.

    The library writes parameters in backticks and never names a flag.
    """

    def flag(found: re.Match[str]) -> str:
        known = found[1] in FLAGS or found[1].startswith("config.")
        return f"--{found[1]}{found[2] or ''}" if known else found[0]

    return re.sub(r"`([\w.]+)(=[^`]*)?`", flag, text)
