"""A report on a synthetic dataset: one HTML file that needs nothing beside itself."""

import dataclasses
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganrs_jax.errors import InputError
from ganrs_jax.fidelity.metrics import Fidelity, Metric
from ganrs_jax.files import whole_file
from ganrs_jax.report.comparison import scenario_lines
from ganrs_jax.report.fidelity import fidelity_rows
from ganrs_jax.report.svg import paired_bars, paired_dots
from ganrs_jax.report.verdict import RECOMMENDERS, verdict

_SIGNAL = {"signal_2_10": "ranks 2 to 10", "signal_11_30": "ranks 11 to 30", "signal_31_100": "ranks 31 to 100"}
_OF_COLD = {"cold_user_ratings": "cold_users", "cold_item_ratings": "cold_items"}  # told of cold ones alone
_LOCAL = ("signal_", "neighbours_", "rating_agreement")


@dataclasses.dataclass(frozen=True)
class Reported:
    """What a report is about.

    Attributes:
      source: the real dataset's name; name: what the synthetic one is called.
      fidelity: of the one to the other.
      metadata: of the synthetic dataset: recipe, request, asked, scenario, warnings; {} where it has none.
      summaries: of the real and the synthetic dataset (`statistics.summary`), or none.
      commands: to make it again.
    """

    source: str
    name: str
    fidelity: Fidelity
    metadata: Mapping[str, Any]
    summaries: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
    commands: Sequence[str] = ()


def write_run_report(folder: Path, out: Path | None = None, name: str = "") -> Path:
    """Writes the report of a run of quickstart or fidelity, of what it left in its folder; returns its place.

    Args:
      out: the file; None = report.html in the folder.
      name: of the synthetic dataset, among several of fidelity; "" = the only one.

    Raises:
      InputError: if the folder holds no such run, or that of several datasets and none is named.
    """
    results, run = (_read(folder / name) for name in ("results.json", "flags.json"))
    command = ["./launch.sh", str(run.get("experiment")), *map(str, run.get("arguments", ()))]
    commands = [shlex.join(command)]
    if (folder / "generator").is_dir():
        commands.append(f"./launch.sh generate --generator={folder / 'generator'} --seed=1 --out=another.parquet")
    out = out or folder / "report.html"
    write_page(out, _of_run(results, name, commands, folder / "results.json"))
    return out


def _read(place: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(place.read_text())
    except OSError as error:
        raise InputError(f"{place}: cannot be read; accepted: the `workdir` of a quickstart, or of fidelity") from error
    except ValueError as error:
        raise InputError(f"{place}: cut short, or altered; accepted: the run made again") from error
    return found if isinstance(found, dict) else {}


def _of_run(results: Mapping[str, Any], name: str, commands: Sequence[str], place: Path) -> Reported:
    try:
        if "fidelity" in results:
            summaries = (results["source_summary"], results["summary"])
            source, fidelity = str(results["source"]), _fidelity(results["fidelity"])
            return Reported(source, "synthetic", fidelity, results, summaries, commands)
        datasets = results["synthetic"]
        if name not in datasets:
            if name or len(datasets) > 1:
                given = f"`name={name}`: " if name else ""
                raise InputError(f"{given}{place} has {', '.join(datasets)}; accepted: one of them as `name`")
            name = next(iter(datasets))
        return Reported(str(results["real"]), name, _fidelity(datasets[name]), {}, None, commands)
    except (KeyError, TypeError, AttributeError, StopIteration) as error:
        raise InputError(
            f"{place}: it holds no fidelity; accepted: the `workdir` of a quickstart, or of fidelity"
        ) from error


def _fidelity(held: Mapping[str, Any]) -> Fidelity:
    return Fidelity({name: Metric(**values) for name, values in held["metrics"].items()}, tuple(held["notes"]))


def write_page(path: Path, reported: Reported) -> None:
    """Writes the report, whole or not at all."""
    text = render(reported)
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def render(reported: Reported) -> str:
    """The report as HTML."""
    from jinja2 import Environment, PackageLoader  # imported on use: a tenth of a second

    environment = Environment(loader=PackageLoader("ganrs_jax.report"), autoescape=True, trim_blocks=True)
    metadata, metrics = reported.metadata, reported.fidelity.metrics
    calibration = metadata.get("training", {}).get("calibration", ())
    warnings = [str(line) for line in metadata.get("warnings", ())]
    rows = fidelity_rows({reported.name: reported.fidelity})
    local = [row for name, row in rows if name.startswith(_LOCAL)]
    recommenders = [row for name, row in rows if name in RECOMMENDERS or name == "tau"]
    overall = [row for _, row in rows if row not in local and row not in recommenders]
    return environment.get_template("report.html").render(
        reported=reported,
        verdict=verdict(reported.fidelity, reported.source, warnings=warnings),
        sizes=_sizes(metrics),
        asked=_asked(metadata),
        scenario=scenario_lines(metadata.get("scenario", {})),
        warnings=warnings,
        calibration=list(calibration.values() if isinstance(calibration, Mapping) else calibration),
        sections={"overall": overall, "local": local, "recommenders": recommenders},
        charts=_charts(reported),
    )


def _sizes(metrics: Mapping[str, Metric]) -> list[tuple[str, str, str]]:
    words = {"users": "users", "items": "items", "rows": "ratings"}
    found = ((word, metrics[name]) for name, word in words.items() if name in metrics)
    return [(word, f"{metric.real or 0:,.0f}", f"{metric.synthetic or 0:,.0f}") for word, metric in found]


def _asked(metadata: Mapping[str, Any]) -> list[tuple[str, str]]:
    request, given = metadata.get("request", {}), metadata.get("asked", {})
    shown = {"recipe": metadata.get("recipe"), "source": metadata.get("source"), **request}
    return [
        (name.replace("_", " "), f"{value}{'' if name in given or not name.startswith('num_') else ' (chosen)'}")
        for name, value in shown.items()
        if (value not in (None, "", {}, 0.0) or name == "seed")
        and not (name in _OF_COLD and not request.get(_OF_COLD[name]))
    ]


def _charts(reported: Reported) -> dict[str, str]:
    metrics, charts = reported.fidelity.metrics, {}
    pairs = {
        label: (metrics[name].real or 0.0, metrics[name].synthetic or 0.0)
        for name, label in RECOMMENDERS.items()
        if name in metrics
    }
    if pairs:
        charts["recommenders"] = paired_dots("NDCG@10 of reference recommenders", pairs)
    signal = {
        label: (max(metrics[name].real or 0.0, 0.0), max(metrics[name].synthetic or 0.0, 0.0))
        for name, label in _SIGNAL.items()
        if name in metrics
    }
    if signal:
        charts["signal"] = paired_dots("Held-out signal of singular vectors by rank", signal)
    if reported.summaries:
        real, synthetic = reported.summaries
        labels = [f"{level:g}" for level in real["rating_levels"]]
        charts["ratings"] = paired_bars(
            "Share of each rating", labels, real["rating_histogram"], synthetic["rating_histogram"]
        )
    return charts
