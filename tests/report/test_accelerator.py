"""What a benchmark of an accelerator says of parts that were done, ended by time, failed or left out."""

from ganrs_jax.report.accelerator import accelerator_line, accelerator_table

CELL = {"first_s": 9.0, "first_compile_s": 6.0, "steady_s": 2.0, "times_one_seed": 1.0, "same_bytes": True}
TRAINED = {"seeds": {"1": CELL, "8": {**CELL, "steady_s": 3.0, "times_one_seed": 1.5, "same_bytes": False}}}
PASS = {"plan_s": 1.0, "plan_compile_s": 0.5, "rows_s": 2.0, "rows_compile_s": 1.0, "rows": 600}
WHOLE = {**PASS, "rows_per_s": 200.0, "rows_per_s_after_plan": 300.0}
REQUEST = {"request": {"num_ratings": 600}}
MADE = {
    **REQUEST,
    "first": WHOLE,
    "steady": {**WHOLE, "rows_per_s": 400.0},
    "same_bytes": True,
    "rows_and_files_s": 3.0,
}
PART = {**REQUEST, "first": {**PASS, "rows": 100}, "time_is_up": True}


def figures(**parts):
    header, *rows = accelerator_table(parts, {})
    assert header[0] == "part"
    return {row[0]: row[1:] for row in rows}


def test_a_row_for_one_seed_and_for_several():
    assert figures(ml100k=TRAINED) == {
        "ml100k, one seed": ["9.00", "6.00", "2.00", ""],
        "ml100k, 8 seeds": ["9.00", "6.00", "3.00", "1.50 times one seed"],
    }


def test_rows_a_second_are_of_the_steady_pass():
    assert figures(made=MADE) == {
        "made, plan": ["1.00", "0.50", "1.00", "400 rows a second, plan included"],
        "made, rows": ["2.00", "1.00", "2.00", "300 rows a second after plan"],
        "made, rows and files": ["", "", "3.00", "200 rows a second"],
    }


def test_part_of_a_dataset_is_said_to_be_a_part():
    shown = figures(made=PART)
    assert shown["made, rows"] == ["2.00", "1.00", "", "100 of 600 rows, then its time was up: 50 a second after plan"]
    again = figures(made={**MADE, "steady": {**PASS, "rows": 100}})  # a second pass that is not whole is no steady one
    assert again["made, rows"] == ["2.00", "1.00", "", "300 rows a second after plan"]


def test_what_was_not_reached_says_why():
    parts = {
        "a": {"seeds": {}},
        "b": {"seeds": {"1": {}}, "error": "no memory"},
        "c": {},
        "d": {"left_out": "no model"},
    }
    assert {name: row[-1] for name, row in figures(**parts).items()} == {
        "a": "then its time was up",
        "b, one seed": "failed",
        "c, plan": "then its time was up",
        "d, plan": "no model",
    }


def test_the_line_says_what_repeats_and_what_does_not():
    line = accelerator_line({"training": TRAINED, "made": MADE, "part": PART}, 1e6, 7)
    assert "300 rows a second after plan (aim: 1,000,000), 400 plan included" in line
    assert "the same seed gave the same bytes: training, one seed, made; " in line
    assert "OTHER BYTES: training, 8 seeds; " in line
    assert "a second run gets further; peak memory of the device 7 MiB" in line
    assert "not shown" in accelerator_line({"part": PART}, 1e6, None)
