"""Results of baselines (`recommenders.evaluate`) as text tables and as rows of a csv file."""

from collections.abc import Iterator, Mapping

from ganrs_jax.recommenders.beyond_accuracy import BeyondAccuracy
from ganrs_jax.recommenders.evaluate import ERRORS, Evaluation, at_length
from ganrs_jax.recommenders.list_metrics import METRICS
from ganrs_jax.report.comparison import text_table
from ganrs_jax.report.markdown import spread
from ganrs_jax.study.significance import PairedT

Results = Mapping[str, Evaluation]  # by model
CSV_COLUMNS = ("model", "seed", "convention", "metric", "n", "value")


def accuracy_table(results: Results, convention: str, n: int) -> str:
    """Ranking metrics at N = n under a convention: mean over seeds, ± standard deviation."""
    rows = [[name, *(spread(at_length(r, convention, m, n)) for m in METRICS)] for name, r in results.items()]
    return text_table([f"{convention}, N = {n}", *(m.replace("_", " ") for m in METRICS)], rows)


def beyond_table(results: Results) -> str:
    """Errors in stars and figures beyond accuracy: mean over seeds, ± standard deviation."""
    names = [*ERRORS, *BeyondAccuracy._fields, "calibration error"]
    rows = []
    for model, result in results.items():
        held: dict[str, list[float] | None] = {**result["beyond_accuracy"], **{name: result[name] for name in ERRORS}}
        held["calibration error"] = result["calibration"]["error"] if result["calibration"] else None
        rows.append([model, *(spread(held[name]) for name in names)])
    return text_table(["model", *(name.replace("_", " ") for name in names)], rows)


def differences_table(tests: Mapping[str, PairedT]) -> str:
    """Paired tests of a family, effect size first."""
    rows = [
        [name, f"{t.effect:.2f}", f"{t.difference:+.4f}", f"{t.low:+.4f} to {t.high:+.4f}", f"{t.p_holm:.2g}"]
        for name, t in tests.items()
    ]
    return text_table(["difference", "effect d_z", "mean", "95 % interval", "p (Holm)"], rows)


def csv_rows(results: Results) -> Iterator[tuple[object, ...]]:
    """Every value that was measured, `CSV_COLUMNS`; n is empty where no list is measured."""
    for model, result in results.items():
        for position, seed in enumerate(result["seeds"]):
            for convention, metrics in result["metrics"].items():
                for metric, values in metrics.items():
                    for n, value in zip(result["cutoffs"], values[position], strict=True):
                        yield model, seed, convention, metric, n, value
            for error in ERRORS:
                stars = result[error]
                if stars is not None:
                    yield model, seed, "", error, None, stars[position]
            for metric, per_seed in result["beyond_accuracy"].items():
                yield model, seed, "", metric, result["at"], per_seed[position]
