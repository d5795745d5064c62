"""Trains two small parts on however many devices there are, and saves the weights: python -m tests.published.trained FILE.npz

One lane, whose batch the devices share, and eight, which they share.
"""  # noqa: E501 - a command to copy

import sys

import jax
import jax.numpy as jnp
import numpy as np

from ganrs_jax.profile.gan import GanSpec, Vectors, fit_gan
from ganrs_jax.profile.model import ResidualMLP
from ganrs_jax.training.devices import sharing

SPEC = GanSpec(ResidualMLP(32, 1, 3), ResidualMLP(32, 1, 1), "relativistic", "adam", 8, 64, 1, 10)
FLOATS = {
    "gan_learning_rate": 1e-3,
    "beta1": 0.0,
    "beta2": 0.95,
    "clip": 0.01,
    "gradient_penalty": 0.3,
    "average": 0.9,
}


def weights(num_lanes: int) -> np.ndarray:
    """All states after ten steps, in one row."""
    keys = jax.random.split(jax.random.key(0), 4)
    drawn = [jax.random.normal(key, shape) for key, shape in zip(keys, 2 * [(2, 50, 3), (64, 3)], strict=True)]
    vectors = {"users": Vectors(drawn[0], drawn[1]), "items": Vectors(drawn[2], drawn[3])}
    floats = {name: jnp.full(num_lanes, value) for name, value in FLOATS.items()}
    state = fit_gan(tuple(range(num_lanes)), SPEC, vectors, floats=floats)
    return np.concatenate(
        [np.ravel(x) for part in state.values() for x in jax.tree.leaves((part.generator, part.critic))]
    )


if __name__ == "__main__":
    mesh = sharing(1, SPEC.batch_size).mesh
    np.savez(sys.argv[1], rows=weights(1), lanes=weights(8), devices=1 if mesh is None else mesh.size)
