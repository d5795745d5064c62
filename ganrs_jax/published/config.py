"""The published settings (arXiv 2303.01297, section 3), shared by the three published recipes."""

import dataclasses

from ganrs_jax.checks import check_choice, check_range
from ganrs_jax.networks.objectives import OBJECTIVES
from ganrs_jax.networks.optimizers import OPTIMIZERS

# Settings in which lanes may differ, besides their seeds.
LANE_FLOATS = ("embedding_learning_rate", "gan_learning_rate", "beta1", "clip", "slope", "momentum", "dropout")


@dataclasses.dataclass(frozen=True)
class GanrsConfig:
    """Published settings (arXiv 2303.01297, section 3)."""

    embedding_size: int = 5  # numbers in a user's or an item's vector
    embedding_learning_rate: float = 1e-3  # Adam's, DeepMF
    embedding_batch_size: int = 32  # ratings per step
    embedding_epochs: int = 10  # passes over the training rows
    train_share: float = 0.8  # share of the rows that DeepMF sees, 0 to 1; the same in all lanes
    objective: str = "bce"  # bce | wasserstein
    optimizer: str = "adam"  # adam | rmsprop
    gan_learning_rate: float = 2e-4  # of both networks
    beta1: float = 0.5  # Adam's, 0 to 1
    clip: float = 0.01  # bound of the critic's weights, objective wasserstein only
    critic_steps: int = 1  # critic steps per generator step
    gan_steps: int = 20_000  # generator steps
    gan_batch_size: int = 128  # dense samples per step
    noise_size: int = 100  # numbers in a noise vector
    generator_hidden: tuple[int, int] = (10, 20)  # widths of the generator's two layers
    critic_hidden: int = 4  # width of the critic's layer
    slope: float = 0.2  # of LeakyReLU for negative inputs, 0 to 1
    momentum: float = 0.8  # of batch normalisation, 0 to 1
    dropout: float = 0.2  # share of units dropped in the generator, 0 to 1
    sigma: float = 1.0  # noise of generation where the request gives none
    kmeans_iterations: int = 100  # at most
    kmeans_tolerance: float = 1e-4  # share of the mean variance, as scikit-learn's


def check_config(config: GanrsConfig) -> None:
    """Raises InputError naming the first field with an invalid value, and what is accepted."""
    check_choice(config, "objective", OBJECTIVES)
    check_choice(config, "optimizer", OPTIMIZERS)
    check_range(config, ("beta1", "momentum", "dropout", "slope"), low=0, below=1)
    check_range(config, ("train_share",), above=0, below=1)
    check_range(config, ("embedding_learning_rate", "gan_learning_rate", "clip", "sigma"), above=0)
    check_range(config, ("kmeans_tolerance",), low=0)
    sizes = ("embedding_size", "embedding_batch_size", "embedding_epochs", "critic_steps", "gan_steps")
    check_range(config, (*sizes, "gan_batch_size", "noise_size", "critic_hidden", "kmeans_iterations"), low=1)
    check_range(config, ("generator_hidden",), low=1)
