"""Every experiment: its docstring is its command, its small preset ends in seconds and leaves its records."""

import ast
import dataclasses
import functools
import json
import subprocess

import pytest

from ganrs_jax.recipes import RECIPES
from tests.experiments.conftest import AS_USERS, LONGEST, REPOSITORY, command
from tests.models import QUICK, QUICK_FLAGS, WORLD

EXPERIMENTS = sorted(p.stem for p in (REPOSITORY / "experiments").glob("[!_]*.py"))
RECORDS = ("flags.json", "metrics.jsonl", "results.json")
PROFILE = (*WORLD, *QUICK_FLAGS["profile"])
GANRS = (*WORLD, "--recipe=ganrs", *QUICK_FLAGS["ganrs"])
# flags that make the preset smaller still and point at the workdir, and what standard output must say
LAUNCHES = {
    "train_generator": (
        [*PROFILE, "--workdir=run"],
        [
            "planted: 80 users, 60 items, 2000 ratings on a scale of 1 to 5 in steps of 1",
            "generator written to run/generator",
        ],
    ),
    "generate": (
        ["--generator=GENERATOR", "--out=out.csv", "--workdir=run"],
        [
            "asked 100 users, 100 items; chosen 2,500 ratings (25 per user, as in the source); "
            "written 100 users, 100 items, 2,500 ratings",
            "exactly as asked",
        ],
    ),
    "quickstart": (
        [*PROFILE, "--workdir=run"],
        [
            "on a scale of 1 to 5 in steps of 1",
            "asked no sizes; chosen 80 users",
            "c2st AUC, user profiles",
            "split-half",
            "figure:",
        ],
    ),
    "published_grid": ([*WORLD[1:], *QUICK_FLAGS["ganrs"], "--workdir=run"], ["rows by published rule", "planted"]),
    "benchmark": ([*WORLD, *QUICK_FLAGS["ganrs"], "--workdir=run"], ["steady s", "K-means, users", "peak memory"]),
    "compare_recipes": (["--workdir=run"], ["planted", "ganrs", "c2st AUC, user profiles"]),
    "fidelity": (
        [*WORLD[1:], "--synthetic=planted", "--workdir=run"],
        ["Gini of ratings per user", "c2st AUC, user profiles"],
    ),
    "evaluate_baselines": (
        [*WORLD[1:], "--models=deepmf,biases,bpr", "--workdir=run"],
        ["ratings of 4 or more are relevant", "standard, N = 10", "exposure gini", "no tests of differences: 2 seeds"],
    ),
    "study": (
        [
            *WORLD[1:],
            "--recipes=",
            "--models=deepmf,biases",
            "--parts=equal",
            "--workdir=run",
        ],  # `test_study` has recipes
        ["planted-real: 2 models", "result: run/summary.md"],
    ),
    "cold_start": (
        [*WORLD[1:], "--models=popularity,biases", "--cutoffs=10", "--workdir=run"],
        ["cold users (20.0%) of 1 to 5 ratings", "F1 and NDCG fall as on real ratings", "result: run/cold_start.md"],
    ),
    "imbalance": (
        [*WORLD[1:], "--models=popularity,biases", "--axes=ratings", "--levels=2", "--workdir=run"],
        ["planted by ratings: Gini ", "the order of models is not judged", "result: run/imbalance.md"],
    ),
    "report": (["--workdir=run"], ["report: run/report.html (open it in a browser)"]),
    "ablation": (
        [*WORLD[1:], "--parts=sigma 2", "--num_seeds=1", "--workdir=run"],
        ["planted, ganrs, sigma 2, seed 0", "The dearest change of each recipe is sigma 2", "result: run/ablation.md"],
    ),
    "fairness": (
        [*WORLD[1:], "--models=biases,popularity", "--shares=0.5", "--workdir=run"],
        ["planted, gender, profile: ", "tells their group as well as on real ratings", "result: run/fairness.md"],
    ),
    "privacy": ([*GANRS, "--workdir=run"], ["trained on 40 of 80 users", "AUC of membership inference"]),
}
MADE = {
    "train_generator": ["generator/manifest.json"],
    "generate": ["../out.csv", "../out.csv.json"],
    "quickstart": ["generator/manifest.json", "synthetic.parquet", "comparison.png", "report.html"],
    "report": ["report.html"],
    "published_grid": ["grid.csv", "planted/generator/manifest.json"],
    "benchmark": [],
    "compare_recipes": ["ganrs_planted_0.parquet", "table.txt"],
    "fidelity": [],
    "evaluate_baselines": ["metrics.csv", "study.png", "standard.png"],
    "study": [
        "summary.md",
        "summary.csv",
        "settings.json",
        "cells/planted-real/deepmf.json",
        "figures/planted_study.png",
    ],
    "cold_start": ["cold_start.md", "cold_start.csv", "cold_start_planted.png", "cells/planted-cold-real/biases.json"],
    "imbalance": [
        "imbalance.md",
        "imbalance.csv",
        "imbalance_planted_ratings.png",
        "cells/planted-ratings-0-real/biases.json",
    ],
    "ablation": [
        "ablation.md",
        "ablation.csv",
        "ablation_planted_ganrs.png",
        "cells/planted-ganrs-sigma_2/seed0.json",
    ],
    "fairness": [
        "fairness.md",
        "fairness.csv",
        "fairness_planted_gender_profile.png",
        "fairness_planted_shares.png",
        "cells/planted-gender-0.5-profile/biases.json",
    ],
    "privacy": [],
}


def test_every_experiment_is_launched_here():
    assert set(LAUNCHES) == set(MADE) == set(EXPERIMENTS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_docstring_is_the_command_and_there_is_a_small_preset(name):
    module = ast.parse((REPOSITORY / "experiments" / f"{name}.py").read_text())
    assert f"./launch.sh {name} " in (ast.get_docstring(module) or "").splitlines()[0]
    presets = [n.value for n in module.body if isinstance(n, ast.Assign) and n.targets[0].id == "PRESETS"]
    assert "small" in [ast.literal_eval(key) for key in presets[0].keys]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "benchmark" else name for name in EXPERIMENTS]
)
def test_small_preset(name, launch, profile_generator, tmp_path, monkeypatch):
    if name == "compare_recipes":  # it has no flags for settings
        shorter = functools.partial(RECIPES["ganrs"].config, **QUICK["ganrs"])
        monkeypatch.setitem(RECIPES, "ganrs", dataclasses.replace(RECIPES["ganrs"], config=shorter))
    if name in ("cold_start", "imbalance", "fairness", "ablation"):
        recipe = "ganrs" if name == "ablation" else "profile"
        shorter = functools.partial(RECIPES[recipe].config, **QUICK[recipe])
        monkeypatch.setitem(RECIPES, recipe, dataclasses.replace(RECIPES[recipe], config=shorter))
    if name == "report":  # of a run that is there
        launch("quickstart", "--preset=small", *LAUNCHES["quickstart"][0])
        (tmp_path / "run" / "report.html").unlink()
    flags, words = LAUNCHES[name]
    done = launch(name, "--preset=small", *(f.replace("GENERATOR", str(profile_generator)) for f in flags))
    for word in words:
        assert word in done.stdout
    run = tmp_path / "run"
    assert not [file for file in RECORDS if not (run / file).is_file()]
    assert not [file for file in MADE[name] if not (run / file).is_file()]
    assert not list(tmp_path.rglob("*.partial"))
    assert json.loads((run / "flags.json").read_text())["experiment"] == ("quickstart" if name == "report" else name)
    assert json.loads((run / "results.json").read_text())
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert lines
    for line in lines:
        assert 0 < line["done"] <= line["total"]
        assert line["seconds"] >= 0
    progress = done.stderr.splitlines()
    for stage in {line["stage"] for line in lines}:
        assert sum(shown.startswith(f"{stage}: ") for shown in progress) <= (
            20 if name in ("benchmark", "cold_start", "imbalance", "fairness", "ablation") else 10
        )
    assert all(any(shown.startswith(f"{line['stage']}: ") for line in lines) for shown in progress)
    assert "\r" not in done.stderr


@pytest.mark.slow
def test_the_small_preset_of_quickstart_as_it_is(spawn_in, tmp_path):
    """Compiled as users have it, and no smaller; the study's likewise is in `test_study`."""
    done = spawn_in(tmp_path, "quickstart", "--preset=small", "--workdir=run", **AS_USERS)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "run" / "results.json").read_text())


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_help_shows_docstring_and_flags(name, launch):
    shown = launch(name, "--help").stdout
    assert f"./launch.sh {name}" in shown
    assert "--workdir" in shown
    assert "--preset" in shown
    assert "--verbosity" not in shown
    of_data = ("generate", "fidelity", "compare_recipes", "evaluate_baselines", "study")
    if name not in (*of_data, "cold_start", "imbalance", "fairness", "ablation", "report"):
        recipe = "ganrs" if name in ("published_grid", "benchmark") else "profile"
        assert f"--recipe={recipe}\n" in shown
        assert f"--config.gan_steps={RECIPES[recipe].config().gan_steps}\n      generator steps\n" in shown


def test_help_follows_the_recipe(launch):
    shown = launch("train_generator", "--recipe", "cganrs", "-h").stdout
    assert "Settings of recipe cganrs" in shown
    assert "--config.group=gender\n      a demographic column of the source: gender | age | ...\n" in shown
    assert "--config.generator_hidden=8,10\n" in shown


def test_flags_on_the_line_win_over_the_preset(launch, tmp_path):
    launch("train_generator", *GANRS, "--config.gan_steps=50", "--preset=small", "--workdir=run", "--noise=0.25")
    held = json.loads((tmp_path / "run" / "flags.json").read_text())["flags"]
    assert held["config"]["gan_steps"] == 50
    assert held["config"]["embedding_epochs"] == 2
    assert (held["noise"], held["source"], held["workdir"]) == (0.25, "planted", "run")


def test_flagfile_names_the_recipe(launch, tmp_path):
    (tmp_path / "asked.txt").write_text(
        "\n".join(("--recipe=wganrs", *WORLD, "--preset=small", "--workdir=run", "--config.gan_steps=20"))
    )
    launch("train_generator", "--flagfile=asked.txt")
    held = json.loads((tmp_path / "run" / "flags.json").read_text())["flags"]
    assert held["recipe"] == "wganrs"
    assert (held["config"]["objective"], held["config"]["gan_steps"]) == ("wasserstein", 20)


@pytest.mark.slow
def test_closed_streams_do_no_harm(environment, tmp_path):
    line = " ".join(command("train_generator", "--recipe=ganrs", "--preset=small", "--workdir=run")) + " <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment | AS_USERS, timeout=LONGEST).returncode == 0
    assert (tmp_path / "run" / "generator" / "manifest.json").is_file()
