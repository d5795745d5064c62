"""The report page: a verdict with reasons, whole in one file, legible at both widths, no word of the network."""

import html
import json
import re
import shutil
import subprocess

import pytest

import ganrs_jax as gj
from ganrs_jax.errors import InputError
from ganrs_jax.fidelity.metrics import Fidelity, Metric, pair
from ganrs_jax.report.page import Reported, render, write_page, write_run_report
from ganrs_jax.report.verdict import verdict

SIZES = {"rows": pair(5000, 5000), "users": pair(100, 100), "items": pair(80, 80)}
VALID = {"repeated_pairs": pair(0, 0), "off_scale_ratings": Metric(synthetic=0)}
GOOD = {**SIZES, **VALID, "ndcg_ease": pair(0.4, 0.39), "spectrum_relative_error": Metric(distance=0.02)}
LOCAL_OFF = {**GOOD, "neighbours_items": Metric(0.4, 0.2, 0.2, 0.0)}
BAD = {**GOOD, "spectrum_relative_error": Metric(distance=0.6), "bias_ratio": pair(0.9, 1.0)}
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
]


@pytest.mark.parametrize(
    ("metrics", "level", "words"),
    [
        (GOOD, "fit", "no check fails"),
        (LOCAL_OFF, "care", "but not in all: wrong local structure"),
        (BAD, "unfit", "would not behave on this dataset as on ml100k: wrong structure, too hard to predict"),
        ({**GOOD, "users": pair(100, 1000)}, "care", "of another size"),
    ],
)
def test_the_verdict_says_whether_and_why(metrics, level, words):
    found = verdict(Fidelity(metrics), "ml100k")
    assert found.level == level
    assert any(words in reason for reason in found.reasons)
    assert any("Reference recommenders score 0.97 to 0.97 times" in reason for reason in found.reasons)
    page = render(Reported("ml100k", "synthetic", Fidelity(metrics), {}))
    assert page.index(found.headline) < page.index("<h2")
    for check in found.failed:
        assert html.escape(check.advice).replace("&#x27;", "&#39;") in page


def reported(metrics=BAD):
    metadata = {
        "recipe": "profile",
        "request": {"num_users": 100, "activity": "gini:0.6", "seed": 0, "cold_user_ratings": "1:5"},
        "asked": {"num_users": 100},
        "scenario": {"activity": {"asked": "gini:0.6", "gini": 0.61}},
        "warnings": ["<b>train</b> longer & again"],
        "training": {"calibration": {"0": {"statistic": "signal", "target": 0.1, "reached": 0.2}}},
    }
    summary = {"rating_levels": [1, 2, 3], "rating_histogram": [0.2, 0.5, 0.3]}
    commands = ["./launch.sh generate --out=a.parquet"]
    return Reported("a <source>", "synthetic", Fidelity(metrics, ("a note",)), metadata, (summary, summary), commands)


def test_all_of_it_is_in_one_file_and_texts_are_escaped():
    page = render(reported())
    for words in (
        "a &lt;source&gt;",
        "&lt;b&gt;train&lt;/b&gt; longer &amp; again",
        "gini:0.6: Gini coefficient 0.610",
    ):
        assert words in page
    for words in ("a note", "./launch.sh generate --out=a.parquet", "0.1000", "Not fit for use"):
        assert words in page
    assert "cold user ratings" not in page
    assert not re.search(r"(src|href)=\"(?!data:,|#)", page)
    assert "<script" not in page
    assert "url(" not in page
    identifiers = re.findall(r'id="(\w+)"', page)
    assert len(set(identifiers)) == len(identifiers)
    assert set(re.findall(r'href="#(\w+)"', page)) <= set(identifiers)


def test_a_run_is_reported_from_what_it_left(tmp_path):
    metrics = {name: metric._asdict() for name, metric in GOOD.items()}
    (tmp_path / "flags.json").write_text(json.dumps({"experiment": "fidelity", "arguments": ["--real=a b"]}))
    held = {"real": "ml100k", "synthetic": {name: {"metrics": metrics, "notes": []} for name in ("one", "two")}}
    (tmp_path / "results.json").write_text(json.dumps(held))
    with pytest.raises(InputError, match=r"has one, two; accepted: one of them as `name`"):
        write_run_report(tmp_path)
    with pytest.raises(InputError, match=r"`name=three`: .*has one, two"):
        write_run_report(tmp_path, name="three")
    page = write_run_report(tmp_path, name="two").read_text()
    assert "./launch.sh fidelity &#39;--real=a b&#39;" in page
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(InputError, match="holds no fidelity; accepted: the `workdir` of a quickstart"):
        write_run_report(tmp_path)
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(InputError, match="cut short"):
        write_run_report(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        write_run_report(tmp_path / "absent")


def test_a_copy_of_the_real_rows_is_not_fit(tmp_path, tiny):
    page = gj.report(tmp_path / "report.html", tiny, tiny).read_text()
    assert "Not fit for use" in page
    assert "memorisation of users" in page


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
@pytest.mark.parametrize("width", [400, 1400])
def test_nothing_is_cut_off_and_the_browser_has_nothing_to_say(width, tmp_path):
    """At both widths: no console error, no request, no element wider than the page but those that scroll."""
    write_page(tmp_path / "report.html", reported(LOCAL_OFF | BAD))
    measure = """<script>
      const wide = [...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > WIDTH
        && !e.closest(".scroll"));
      const cut = [...document.querySelectorAll("svg text")].filter(t => {
        const b = t.getBBox(), v = t.ownerSVGElement.viewBox.baseVal;
        return b.x < 0 || b.y < 0 || b.x + b.width > v.width || b.y + b.height > v.height; });
      document.title = JSON.stringify({wide: wide.map(e => e.tagName), cut: cut.map(t => t.textContent),
        requests: performance.getEntriesByType("resource").length});
    </script>"""
    page = (tmp_path / "report.html").read_text()
    framed = tmp_path / "framed.html"  # a window is never as narrow as a telephone
    edge = "document.querySelector('main').getBoundingClientRect().right"
    page = page.replace("<main>", f'<main style="width: {width}px">')
    framed.write_text(page.replace("</body>", measure.replace("WIDTH", edge) + "</body>"))
    command = [BROWSER, *QUIET, f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},1200", "--dump-dom"]
    done = subprocess.run([*command, framed.as_uri()], capture_output=True, text=True, timeout=120)
    found = json.loads(re.search(r"<title>(.*?)</title>", done.stdout, re.S)[1].replace("&quot;", '"'))
    assert found == {"wide": [], "cut": [], "requests": 0}
    assert "CONSOLE" not in done.stderr
