"""One run's game, told in order: D's updates, then G's phase against one D and one G_o."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from vigan.config import game
from vigan.config.arms import Arm
from vigan.models.batch_norm import moving_averages
from vigan.models.build import Networks
from vigan.objectives.losses import discriminator_loss, generator_loss
from vigan.objectives.terms import DiscriminatorView, GeneratorView, Terms, collect
from vigan.training.optimisers import optimiser
from vigan.training.precision import in_precision


class Batches(NamedTuple):
    """Input of one iteration: D's (real batch, latents) pairs and the G phase's latents, in order of use."""

    discriminator: Sequence[tuple[Tensor, Tensor]]
    generator: Sequence[Tensor]


class Update(NamedTuple):
    """What one update did. Losses are scalars in nats, as they stood before the step was taken.

    `adversarial` is the loss without terms, `terms` the weighted terms by name; `logits` are D's on the batch (for D,
    real ones then fake ones); `drift` is mean (G(z) - G_o(z))^2 (None for D).
    """

    player: Literal["d", "g"]
    loss: Tensor
    adversarial: Tensor
    terms: Mapping[str, Tensor]
    logits: tuple[Tensor, ...]
    drift: Tensor | None = None


Watch = Callable[[Update], None]


class Engine:
    """Plays the released game between G and D under one arm's schedule and terms."""

    def __init__(
        self,
        arm: Arm,
        networks: Networks,
        coordinates: int,
        *,
        old_forward_moves: bool | None = None,
        members: int = 1,
    ) -> None:
        """Prepare to train `networks` for examples of `coordinates` numbers.

        `old_forward_moves`: whether making the old fakes moves G's moving averages, by default as the arm's reading.
        `members`: how many games the networks play side by side, of which every loss is the mean.
        """
        self.arm = arm
        self.generator, self.discriminator = networks
        self.generate, self.judge = (in_precision(network, arm.precision) for network in networks)
        self.g_parameters, self.d_parameters = (list(network.parameters()) for network in networks)
        self.g_optimiser = optimiser(arm.optimiser, self.generator)
        self.d_optimiser = optimiser(arm.optimiser, self.discriminator)
        self.old_forward_moves = game.old_fakes_move(arm) if old_forward_moves is None else old_forward_moves
        self.members = members
        self.terms: Terms = collect(game.weights(arm, coordinates))

    def iterate(self, batches: Batches, watch: Watch | None = None) -> None:
        """One iteration: every D update, then the G phase; `watch` is told of each update before its step.

        Watching changes no weight and no moving average.
        """
        for real, z in batches.discriminator:
            self._update_discriminator(real, z, watch)
        with _constant(self.d_parameters):
            self._generator_phase(batches.generator, watch)

    def _update_discriminator(self, real: Tensor, z: Tensor, watch: Watch | None) -> None:
        with torch.no_grad():
            fake = self.generate(z)
        real_logits, fake_logits = self.judge(real), self.judge(fake)
        adversarial = discriminator_loss(real_logits, fake_logits)
        view = DiscriminatorView(self.judge, real, fake)
        terms = {name: weight * term(view) for name, (weight, term) in self.terms.discriminator.items()}
        loss = _total(adversarial, terms)
        if watch:
            watch(Update("d", loss, adversarial, terms, (real_logits, fake_logits)))
        _step(self.d_optimiser, self.d_parameters, loss, self.members)

    def _generator_phase(self, latents: Sequence[Tensor], watch: Watch | None) -> None:
        for z, old_fake in zip(
            latents, self._old_fakes(latents, wanted=bool(self.terms.generator or watch)), strict=True
        ):
            for repeat in range(self.arm.k):
                stands_for_old = repeat == 0 and len(latents) == 1
                with moving_averages(self.generator, 2 if stands_for_old and self.old_forward_moves else 1):
                    fake = self.generate(z)
                old_fake = fake.detach() if old_fake is None else old_fake
                self._update_generator(fake, old_fake, watch, without=self.terms.vanishing if stands_for_old else ())

    def _update_generator(
        self, fake: Tensor, old_fake: Tensor, watch: Watch | None, *, without: Collection[str]
    ) -> None:
        logits = self.judge(fake)
        adversarial = generator_loss(logits)
        view = GeneratorView(fake, old_fake, logits)
        wanted = {name: term for name, term in self.terms.generator.items() if watch or name not in without}
        terms = {name: weight * term(view) for name, (weight, term) in wanted.items()}
        loss = _total(adversarial, terms)
        if watch:
            watch(Update("g", loss, adversarial, terms, (logits,), (fake.detach() - old_fake).square().mean()))
        _step(self.g_optimiser, self.g_parameters, loss, self.members)

    def _old_fakes(self, latents: Sequence[Tensor], wanted: bool) -> Sequence[Tensor | None]:
        """G_o(z) per batch; None where it is the batch's own first forward, or not wanted.

        A lone batch's first forward is made by G_o. For several, the released code makes them in one forward before
        the phase. That forward moves G's moving averages in the `released` reading only, where the old fakes are a
        node of the graph of their own; `literal` and `proximal` leave them alone.
        """
        if len(latents) == 1 or not wanted:
            return [None] * len(latents)
        with torch.no_grad(), moving_averages(self.generator, int(self.old_forward_moves)):
            examples = latents[0].ndim - 2  # the axis before a latent's own
            sizes = [z.shape[examples] for z in latents]
            return self.generate(torch.cat(list(latents), examples)).split(sizes, examples)


def _total(adversarial: Tensor, terms: Mapping[str, Tensor]) -> Tensor:
    return sum(terms.values(), start=adversarial)


def _step(optimiser: torch.optim.Optimizer, parameters: Sequence[nn.Parameter], loss: Tensor, members: int) -> None:
    for parameter in parameters:
        parameter.grad = None
    (loss if members == 1 else loss * members).backward()
    optimiser.step()


@contextlib.contextmanager
def _constant(parameters: Sequence[nn.Parameter]) -> Iterator[None]:
    """Within, gradients pass through a network but not into it: G's updates fill no gradient of D."""
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
