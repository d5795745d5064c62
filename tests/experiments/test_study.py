"""The study is restartable: finished cells are kept, and a folder of another configuration is refused."""

import json

FLAGS = (
    *("--sources=planted", "--recipes=ganrs", "--parts=equal", "--models=biases,popularity", "--num_seeds=5"),
    *("--planted_users=60", "--planted_items=50", "--planted_ratings=1500", "--workdir=run"),
)


def test_a_stopped_study_goes_on_and_another_one_is_refused(launch, launch_in, tmp_path):
    launch("study", *FLAGS)
    run = tmp_path / "run"
    first = (run / "RESULTS.md").read_bytes()
    cell, generator = run / "cells" / "planted-ganrs" / "biases.json", run / "generators" / "planted-ganrs"
    kept = {p: p.stat().st_mtime_ns for p in [*(run / "cells").rglob("*.json"), *generator.rglob("*")] if p != cell}
    whole = json.loads(cell.read_text())
    cell.unlink()
    launch("study", *FLAGS)
    again = json.loads(cell.read_text())
    assert {k: v for k, v in again.items() if k != "seconds"} == {k: v for k, v in whole.items() if k != "seconds"}
    unmoved = {p: p.stat().st_mtime_ns for p in kept}
    moved = {p.name for p in kept if kept[p] != unmoved[p]}
    assert moved <= {"dataset.json"}
    assert (run / "RESULTS.md").read_bytes() == first

    other = launch_in(tmp_path, "study", *FLAGS, "--margin=0.1")
    assert (other.returncode, other.stderr.count("\n")) == (2, 1)
    assert "run holds a study of --margin=0.03; accepted: the same, or another --workdir" in other.stderr
    assert (run / "RESULTS.md").read_bytes() == first

    cell.write_text("{")
    spoilt = launch_in(tmp_path, "study", *FLAGS)
    assert spoilt.returncode == 2
    assert "biases.json: not what `study` wrote; accepted: another --workdir, or the file deleted" in spoilt.stderr


def test_the_result_speaks_of_each_claim_and_of_equal_sizes(launch, tmp_path):
    models = "--models=deepmf,ncf_regression,binary_regression,biases"
    launch(
        "study", *FLAGS, models, "--parts=equal,users", "--users=20,40", "--items=50", "--samples_at=3000", "--epochs=1"
    )
    text = (tmp_path / "run" / "RESULTS.md").read_text()
    for heading in (
        "## (a) ",
        "## The test that is missing",
        "## (b) ",
        "## (c) ",
        "## planted, real",
        "## planted, ganrs",
    ):
        assert heading in text
    sizes = [
        json.loads((tmp_path / "run" / "cells" / n / "dataset.json").read_text())["rows"]
        for n in ("planted-real", "planted-ganrs")
    ]
    assert sizes[0] == sizes[1]
    assert "standard | deepmf |" in text
    assert "binary_regression" in text.split("## (b)")[1]
