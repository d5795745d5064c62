"""The nearest requests that a message offers, taken as it tells them."""

import dataclasses
import re

_OFFER = re.compile(r"`(\w+)=([^`]+)`(?: with (?:`\w+=[^`]+`(?: and )?)+)?")


def offered(said: str, request) -> list:
    """The request changed as each of a message's offers has it, and in nothing else."""
    assert "\n" not in said
    found = said.partition("; accepted: ")[2].split(", or ")
    assert found[0], said
    for offer in found:
        assert _OFFER.fullmatch(offer), said
    return [changed(request, dict(re.findall(r"`(\w+)=([^`]+)`", offer))) for offer in found]


def changed(request, offer: dict[str, str]):
    values = {name: int(value) if name.startswith("num_") else value for name, value in offer.items()}
    assert all(getattr(request, name) != value for name, value in values.items()), offer
    return dataclasses.replace(request, **values)
