"""Dataclasses and NamedTuples as trees of arrays that orbax and msgpack keep, and back by their types."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

T = TypeVar("T")
Tree = object  # an array, number or text, or a dict of such trees by text


def as_tree(value: object) -> Any:
    """Nested dicts of numpy arrays, numbers and texts: a record by its fields, a list or tuple by its indices."""
    if value is None:
        return {}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_tree(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: as_tree(each) for name, each in zip(value._fields, value, strict=True)}
    if isinstance(value, (list, tuple)):
        return {str(number): as_tree(each) for number, each in enumerate(value)}
    if isinstance(value, Mapping):
        return {str(name): as_tree(each) for name, each in value.items()}
    return np.asarray(value) if isinstance(value, jax.Array) else value


def from_tree(kind: type[T], tree: Tree) -> T:
    """The value of a type whose `as_tree` this is; fields annotated jax.Array become device arrays again.

    Raises:
      KeyError, TypeError, ValueError: if the tree is that of another type, or lacks a field.
      NameError: if a field's annotation cannot be resolved, as optax.Params cannot; the field is named.
    """
    return typing.cast(T, _restored(kind, tree))


def _restored(kind: Any, tree: Any) -> object:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if isinstance(tree, dict) and not tree and type(None) in arguments:
            return None
        return _restored(next(each for each in arguments if each is not type(None)), tree)
    if dataclasses.is_dataclass(kind) or hasattr(kind, "_fields"):
        if not isinstance(tree, Mapping):
            return tree  # restored before
        is_dataclass = dataclasses.is_dataclass(kind)
        fields = {f.name: f.type for f in dataclasses.fields(kind)} if is_dataclass else kind.__annotations__
        try:
            hints = typing.get_type_hints(kind)
        except NameError as error:  # of a recursive type, say, whose name only its own module knows
            name = next((name for name, annotation in fields.items() if str(error.name) in str(annotation)), "a field")
            raise NameError(
                f"{kind.__name__}.{name}: its annotation refers to {error.name}, which is not a name in "
                f"{kind.__module__}; accepted for the arrays of a network: flax.typing.VariableDict"
            ) from error
        return kind(**{name: _restored(hints[name], tree[name]) for name in fields})
    if origin in (list, tuple) or kind in (list, tuple):
        each = [tree[str(number)] for number in range(len(tree))]
        inner = arguments[:1] * len(each) if origin is list or arguments[-1:] == (...,) else arguments
        return (origin or kind)(_restored(k, x) for k, x in zip(inner, each, strict=True)) if arguments else each
    if kind is jax.Array:
        return jnp.asarray(tree)
    if kind in (int, float, str, bool) or (isinstance(kind, type) and issubclass(kind, np.generic)):
        return kind(tree)
    return tree  # arrays, and dicts of them as networks have them
