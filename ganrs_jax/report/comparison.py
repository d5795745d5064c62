"""Text tables, and what was asked beside what was made."""

from collections.abc import Sequence

from ganrs_jax.data.dataset import Dataset


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of aligned columns, the first to the left and the others to the right."""
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, ["-" * w for w in widths], *rows]:
        cells = [str(row[0]).ljust(widths[0]), *(str(c).rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def outcome(dataset: Dataset, place: str) -> str:
    """What was asked and what came out, in a line; a line for each warning follows."""
    facts, asked = dataset.metadata, dataset.metadata["request"]
    wanted, unit = (asked["num_samples"], "samples") if "num_samples" in asked else (asked["num_ratings"], "ratings")
    sizes = f"{asked['num_users']:,} users, {asked['num_items']:,} items, {wanted:,} {unit}"
    made = f"written {facts['users']:,} users, {facts['items']:,} items, {facts['rows']:,} ratings"
    if "dropped_identical" in facts:
        dropped = (
            f"dropped {wanted - facts['rows']:,}: {facts['dropped_identical']:,} identical, "
            f"{facts['dropped_conflicting']:,} of pairs with three or more ratings, "
            f"{facts['dropped_second_ratings']:,} second ratings of a pair"
        )
        line = f"{made} ({100 * facts['rows'] / wanted:.0f} %) to {place}; {dropped}"
    else:
        line = f"{made} to {place}{', exactly as asked' if made.endswith(sizes) else ''}"
    return "\n".join([f"asked {sizes}; {line}", *(f"WARNING {text}" for text in facts.get("warnings", ()))])
