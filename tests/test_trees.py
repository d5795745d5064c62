"""Records as trees of arrays, and back."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax.typing import VariableDict

from ganrs_jax.trees import as_tree, from_tree


class Point(NamedTuple):
    place: jax.Array
    label: str


@dataclasses.dataclass(frozen=True)
class Record:
    points: tuple[Point, ...]
    network: VariableDict
    note: Point | None = None


@dataclasses.dataclass(frozen=True)
class Unresolved:
    label: str
    network: optax.Params


class UnresolvedToo(NamedTuple):
    network: optax.Params


def test_a_record_comes_back_from_its_tree():
    record = Record((Point(jnp.arange(2), "a"), Point(jnp.zeros(1), "b")), {"params": {"w": np.ones(3)}})
    found = from_tree(Record, as_tree(record))
    assert [point.label for point in found.points] == ["a", "b"]
    assert found.points[0].place.tolist() == [0, 1]
    assert found.network["params"]["w"].tolist() == [1, 1, 1]
    assert found.note is None


@pytest.mark.parametrize("record", [Unresolved("a", {"w": np.ones(3)}), UnresolvedToo({"w": np.ones(3)})])
def test_an_annotation_that_cannot_be_resolved_is_named_by_its_field(record):
    with pytest.raises(NameError, match=r"Unresolved(Too)?\.network: .* ArrayTree, .*VariableDict"):
        from_tree(type(record), as_tree(record))
