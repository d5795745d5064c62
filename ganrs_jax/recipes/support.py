"""What a user should know of a dataset before relying on it: faults of training, requests far from the source."""

from ganrs_jax.recipes.interface import Generator, Request

_POTENTIALS = 0.02  # total variation between wanted and expected item shares
_SPECTRUM = 0.08  # mean relative error of the singular values at the end of training
_DISTANCE = 0.15  # sliced Wasserstein between generated and real vectors
_MANY_ITEMS, _MANY_USERS, _DENSE = 5, 50, 3  # times the source's


def warnings_of(generator: Generator, request: Request, potentials_error: float) -> list[str]:
    """A line for each fault: what was found, and what to do."""
    facts = generator.training
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
    return [line for wrong, line in found if wrong] + _far(generator, request)


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
