"""Text tables, and what was asked beside what was made."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganrs_jax.data.dataset import Dataset
from ganrs_jax.requests import SIZES, told_per_user


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of aligned columns, the first to the left and the others to the right."""
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, ["-" * w for w in widths], *rows]:
        cells = [str(row[0]).ljust(widths[0]), *(str(c).rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def asked_and_chosen(asked: Mapping[str, int], request: Mapping[str, Any], own_per_user: float) -> str:
    """Which sizes were asked for and which were chosen: "asked 10 users; chosen 1,682 items, ...".

    Args:
      asked: sizes that were given, by name.
      request: with all sizes.
      own_per_user: ratings per user of the source.
    """
    told = {name: f"{request[name]:,} {name[4:]}" for name in SIZES if name in request}
    if "num_ratings" in told.keys() - asked.keys():
        told["num_ratings"] += f" ({told_per_user(request['num_ratings'], request['num_users'], own_per_user)})"
    given, chosen = (", ".join(told[n] for n in told if (n in asked) == of) for of in (True, False))
    return f"asked {given or 'no sizes'}" + (f"; chosen {chosen}" if chosen else "")


def outcome(dataset: Dataset, place: str) -> str:
    """What was asked, what was chosen and what came out, in a line; a line for each warning follows."""
    facts, asked, request = dataset.metadata, dataset.metadata["asked"], dataset.metadata["request"]
    made = f"written {facts['users']:,} users, {facts['items']:,} items, {facts['rows']:,} ratings"
    if "num_samples" in request:
        wanted = request["num_samples"]
        dropped = (
            f"dropped {wanted - facts['rows']:,}: {facts['dropped_identical']:,} identical, "
            f"{facts['dropped_conflicting']:,} of pairs with three or more ratings, "
            f"{facts['dropped_second_ratings']:,} second ratings of a pair"
        )
        line = f"{made} ({100 * facts['rows'] / wanted:.0f} %) to {place}; {dropped}"
    else:
        found = {"num_users": facts["users"], "num_items": facts["items"], "num_ratings": facts["rows"]}
        exact = all(found[name] == request[name] for name in asked or found)
        line = f"{made} to {place}{exactly(asked) if exact else ''}"
    sizes = asked_and_chosen(asked, request, facts.get("source_ratings_per_user", 0.0))
    told = scenario_lines(facts.get("scenario", {}))
    return "\n".join([f"{sizes}; {line}", *told, *(f"WARNING {text}" for text in facts.get("warnings", ()))])


def scenario_lines(scenario: Mapping[str, Any]) -> list[str]:
    """What was asked for beside sizes, and what the dataset has of it, a line each."""
    lines = []
    for name, facts in scenario.items():
        if "share" in facts:
            kind, (least, most), ids = name.removeprefix("cold_"), facts["ratings"], facts["ids"]
            which = ids if isinstance(ids, str) else f"those listed in the metadata, {len(ids):,}"
            lines.append(f"cold {kind}: {facts['share']:.1%} of all ({which}), {least} to {most} ratings each")
        elif name == "groups":
            for column, users in facts["users"].items():
                lines.append(f"{column}: " + ", ".join(f"{value} {number:,}" for value, number in users.items()))
        else:
            reached = f": Gini coefficient {facts['gini']:.3f}" if "gini" in facts else ""
            lines.append(f"{name.replace('_', ' ')}: {facts['asked']}{reached}")
    return lines


def exactly(asked: Mapping[str, int]) -> str:
    """Of sizes that came out as wanted; only those that were given were asked for."""
    return ", exactly as asked" if asked else ", exactly as chosen"
