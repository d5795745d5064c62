"""Optimisers by name, built inside the compiled step so that each lane has its own float settings."""

from collections.abc import Callable, Mapping

import jax
import optax

_EPSILON = 1e-7  # Keras's


OPTIMIZERS: dict[str, Callable[[Mapping[str, jax.Array]], optax.GradientTransformation]] = {
    "adam": lambda floats: optax.adam(
        floats["gan_learning_rate"], b1=floats["beta1"], b2=floats.get("beta2", 0.999), eps=_EPSILON
    ),
    "rmsprop": lambda floats: optax.rmsprop(floats["gan_learning_rate"], decay=0.9, eps=_EPSILON),
}
