"""What a user should know of a dataset before relying on it: faults of training, requests far from the source."""

import numpy as np

from ganrs_jax.data.dataset import Generator, Request
from ganrs_jax.profile.interaction_plan import Plan
from ganrs_jax.sampling.degree_distributions import law_weights, parse_law
from ganrs_jax.sampling.feasibility import moved

_POTENTIALS = 0.02  # total variation between wanted and expected item shares
_LAW = 0.05  # total variation between the shares of a law and what a dataset can hold of it
_SPECTRUM = 0.08  # mean relative error of the singular values at the end of training
_DISTANCE = 0.15  # sliced Wasserstein between generated and real vectors
_MANY_ITEMS, _MANY_USERS, _DENSE = 5, 50, 3  # times the source's


def warnings_of(generator: Generator, request: Request, plan: Plan) -> list[str]:
    """A line for each fault: what was found, and what to do."""
    facts, potentials_error = generator.training, plan.potentials.error
    found = [
        (facts.get("restarts", 0) > 0, f"training collapsed and was restarted {facts.get('restarts')} times"),
        (
            max(facts["users_distance"], facts["items_distance"]) > _DISTANCE,
            "the generator did not learn the vectors well; train longer (--config.gan_steps) or with another seed",
        ),
        (
            facts.get("spectrum_error", 0.0) > _SPECTRUM,
            f"the spectrum is off by {facts.get('spectrum_error', 0.0):.0%}: who rates what is less, or more, "
            "structured than in the source; try --config.interaction_rank or --config.structure_rounds",
        ),
        (
            potentials_error > _POTENTIALS,
            f"the potentials did not converge: {potentials_error:.1%} of the ratings go to other items than wanted; "
            "ask for a less steep popularity, more users or fewer ratings",
        ),
    ]
    return [line for wrong, line in found if wrong] + _cut(generator, request, plan) + _far(generator, request)


def _cut(generator: Generator, request: Request, plan: Plan) -> list[str]:
    """Laws whose greatest shares do not fit, since no pair is rated twice."""
    lines = []
    for name, counts in (("activity", plan.activity), ("popularity", plan.catalogue.popularity)):
        weights = law_weights(parse_law(getattr(request, name), name), generator.arrays[name], len(counts))
        part = moved(weights, np.sort(counts)[::-1])
        if part > _LAW:
            lines.append(
                f"--{name}={getattr(request, name)}: {part:.0%} of the ratings are elsewhere than the law has them, "
                "as no pair is rated twice and all have a rating; a less steep law, or fewer ratings, would be met"
            )
    return lines


def _far(generator: Generator, request: Request) -> list[str]:
    source = generator.source
    lines = []
    for what, times in (("items", _MANY_ITEMS), ("users", _MANY_USERS)):
        asked = getattr(request, f"num_{what}")
        if asked > times * source[what]:
            lines.append(
                f"{asked:,} {what} are {asked / source[what]:.0f} times the source's {source[what]:,}: "
                "they vary within what so few have shown"
            )
    density = request.num_ratings / (request.num_users * request.num_items)
    own = source["ratings"] / (source["users"] * source["items"])
    if density > _DENSE * own:
        lines.append(f"{density:.1%} of all pairs are rated, {own:.1%} in the source: such density was never seen")
    return lines
