"""Every suite of the benchmark, launched; a file of its own, so that it runs beside the presets."""

import json

import pytest

from tests.models import WORLD


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suite", "words"),
    [
        ("profile_training", ["who rates what", "GAN", "one seed", "2 seeds"]),
        ("generation", ["rows and files", "2,500 rows: ", "a second steady, plan included"]),
        ("baselines", ["deepmf", "epoch of a model s", "times as long"]),
        ("scaling", ["rows/s", "6 datasets"]),
        ("accelerator", ["no GPU or TPU was found", "2 seeds", "aim: 30,000,000", "of matmul"]),
    ],
)
def test_every_suite_of_benchmark(suite, words, spawn_in, profile_generator, tmp_path):
    """In a process of its own: what is timed is run again with the same keys, which tests do not allow."""
    given = [*WORLD, "--config.gan_steps=100", f"--generator={profile_generator}"]
    if suite in ("profile_training", "scaling", "accelerator"):
        given += ["--config.calibration_rounds=0"]
    given += ["--minutes=30"] if suite == "accelerator" else []  # a slow machine is no failure
    given += ["--lanes=1"] if suite == "scaling" else []  # training several seeds is timed by the suite of training
    done = spawn_in(tmp_path, "benchmark", "--preset=small", f"--suite={suite}", "--workdir=run", *given)
    assert done.returncode == 0, done.stderr
    for word in words:
        assert word in done.stdout
    found = json.loads((tmp_path / "run" / "results.json").read_text())
    assert found["suite"] == suite
    assert {"ganrs_jax", "jax", "flax"} <= found["versions"].keys()
    assert min(found["matmul_flops"], found["copy_bytes"], found["peak_memory_mib"]) > 0
    assert all(of["share_of_roofline"] > 0 for of in found["rooflines"].values())
    if suite == "scaling":
        assert [cell["axis"] for cell in found["cells"]] == ["rows"] * 2 + ["items"] * 2 + ["users"] * 2 + ["seeds"]
        assert all(cell["rows_per_s"] > 0 < cell["peak_memory_mib"] for cell in found["cells"])
        assert 0 < found["cells"][0]["compile_s"] < 2 * found["cells"][0]["first_s"]  # of two threads at most
        assert (tmp_path / "run" / "scaling.svg").is_file()
    if suite == "accelerator":
        training, dataset, of_many = found["parts"].values()
        assert not any(part["time_is_up"] or part["error"] for part in found["parts"].values())
        assert training["seeds"]["2"]["times_one_seed"] > 0
        assert [(d["steady"]["rows"], d["same_bytes"]) for d in (dataset, of_many)] == [(20000, True), (40000, True)]
        assert all(of["share_of_matmul"] > 0 < of["share_of_copy"] for of in found["rooflines"].values())
        assert found["device_peak_memory_mib"] is None  # of a CPU
    if suite in ("generation", "accelerator"):
        assert not list((tmp_path / "run").glob("tmp*"))
