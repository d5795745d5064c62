"""Settings of the profile recipe."""

import dataclasses

from ganrs_jax.checks import check_choice, check_range
from ganrs_jax.networks.objectives import OBJECTIVES
from ganrs_jax.networks.optimizers import OPTIMIZERS

LANE_FLOATS = ("gan_learning_rate", "beta1", "beta2", "clip", "gradient_penalty", "average")  # may differ by lane


@dataclasses.dataclass(frozen=True)
class ProfileConfig:
    """Settings of the profile recipe; one set for all sources."""

    most_users: int = 16384  # learned from, a random part of more; degree distributions and histogram are of all
    interaction_rank: int = 24  # factors of who rates what
    rating_rank: int = 8  # factors of how users rate
    style_rank: int = 4  # numbers that tell how a user uses the scale
    embedding_rounds: int = 14  # of the interaction factors
    embedding_sweeps: int = 40  # Gibbs sweeps of the rating factors
    posterior_draws: int = 8  # of each vector, over 1; the last chooses the best average, the others are learned
    objective: str = "relativistic"  # bce | wasserstein | wgan_gp | relativistic
    optimizer: str = "adam"  # adam | rmsprop
    gan_learning_rate: float = 1e-3  # of all networks at the start
    beta1: float = 0.0  # Adam's, 0 to 1
    beta2: float = 0.95  # Adam's, 0 to 1
    clip: float = 0.01  # bound of the critics' weights, objective wasserstein only
    gradient_penalty: float = 0.3  # weight, objectives wgan_gp and relativistic
    average: float = 0.998  # of the generators' weights: share kept per step, 0 to 1
    critic_steps: int = 1  # critic steps per generator step
    gan_steps: int = 2000  # generator steps
    gan_batch_size: int = 128  # vectors per step
    noise_size: int = 64  # numbers in a noise vector
    width: int = 128  # of the networks' layers
    blocks: int = 2  # residual blocks of each network
    structure_rounds: int = 10  # of calibrating who rates what; 0 = leave it as learned
    predictability_rounds: int = 6  # of calibrating how well ratings can be predicted; 0 = leave it as learned
    sigma: float = 1.0  # noise of generation where the request gives none


def check_config(config: ProfileConfig) -> None:
    """Raises InputError naming the first field whose value cannot be, and what is accepted."""
    check_choice(config, "objective", OBJECTIVES)
    check_choice(config, "optimizer", OPTIMIZERS)
    check_range(config, ("beta1", "beta2", "average"), low=0, below=1)
    check_range(config, ("gan_learning_rate", "clip", "sigma"), above=0)
    check_range(config, ("gradient_penalty", "structure_rounds", "predictability_rounds"), low=0)
    check_range(config, ("posterior_draws",), low=2)
    embedding = ("most_users", "interaction_rank", "rating_rank", "style_rank", "embedding_rounds", "embedding_sweeps")
    check_range(config, (*embedding, "critic_steps", "gan_steps", "gan_batch_size"), low=1)
    check_range(config, ("noise_size", "width", "blocks"), low=1)
