"""One run's game, told in order: D's updates, then a phase against one D and one old state, then lessons."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vigan.config import schedule
from vigan.config.arms import Arm
from vigan.models.batch_norm import moving_averages
from vigan.models.build import Networks
from vigan.objectives.base import Lesson, Loss, objective
from vigan.objectives.losses import discriminator_loss
from vigan.objectives.terms import DiscriminatorView, GeneratorView, collect
from vigan.training.optimisers import optimiser
from vigan.training.precision import in_precision


class Batches(NamedTuple):
    """Input of one iteration, in order of use: D's (real batch, latents) pairs, the phase's latents.

    `real` are the real batches of the phase, one for each of its latents, where the model shows it any.
    """

    discriminator: Sequence[tuple[Tensor, Tensor]]
    generator: Sequence[Tensor]
    real: Sequence[Tensor] = ()


class Update(NamedTuple):
    """What one update did. Losses are scalars in nats, as they stood before the step was taken.

    `player` is "d", "g" (the phase's) or a lesson's name. `adversarial` is the loss without terms, `terms` the weighted
    terms by name; `logits` are D's on the batch (for D, real ones then fake ones); `drift` is mean (G(z) - G_o(z))^2,
    of what the regulariser holds (None for others than "g"); `parts` are scalars that the loss is made of.
    """

    player: str
    loss: Tensor
    adversarial: Tensor
    terms: Mapping[str, Tensor]
    logits: tuple[Tensor, ...]
    drift: Tensor | None = None
    parts: Mapping[str, Tensor] = {}


Watch = Callable[[Update], None]


class Player(NamedTuple):
    """Parameters that move together, and what moves them."""

    parameters: list[nn.Parameter]
    optimiser: torch.optim.Optimizer


class Engine:
    """Plays one arm's game: its schedule, its model's objective, its terms."""

    def __init__(
        self,
        arm: Arm,
        networks: Networks,
        coordinates: int,
        *,
        old_forward_moves: bool | None = None,
        members: int = 1,
        seed: int = 0,
    ) -> None:
        """Prepare to train `networks`, whose regulariser holds `coordinates` numbers an example.

        `old_forward_moves`: whether making the old fakes moves G's moving averages, by default as the arm's reading.
        `members`: how many games the networks play side by side, of which every loss is the mean. `seed` is for what
        a stabiliser draws before training.
        """
        self.arm, self.networks = arm, networks
        self.stabilisers = collect(schedule.weights(arm, coordinates))
        for prepare in self.stabilisers.prepare:
            prepare(networks, seed)
        forward = {role: in_precision(network, arm.precision) for role, network in networks.items()}
        self.objective = objective(arm.model, forward)
        self.judge = forward.get("discriminator")
        self.moved = nn.ModuleList(networks[role] for role in self.objective.moved)
        self.lessons = self.objective.lessons()
        self.players = {"g": self._player(self.objective.moved)}
        self.players |= {"d": self._player(("discriminator",))} if self.judge else {}
        self.players |= {name: self._player(lesson.roles) for name, lesson in self.lessons.items()}
        self.old_forward_moves = schedule.old_fakes_move(arm) if old_forward_moves is None else old_forward_moves
        self.members = members

    @property
    def steps(self) -> dict[str, int]:
        """Steps of each player in one iteration."""
        counts = {"d": self.arm.d_batches, "g": schedule.updates(self.arm)}
        return {name: counts.get(name, self.arm.g_batches) for name in self.players}

    def iterate(self, batches: Batches, watch: Watch | None = None) -> None:
        """One iteration: every D update, the phase, the lessons; `watch` is told of each update before its step.

        Watching changes no weight and no moving average.
        """
        for real, z in batches.discriminator:
            self._update_discriminator(real, z, watch)
        with _constant(self.players["d"].parameters if self.judge else ()):
            self._phase(batches, watch)
        for name, lesson in self.lessons.items():
            self._teach(name, lesson, batches, watch)
        for follow in self.stabilisers.follow:
            follow(self.networks)

    def _player(self, roles: Sequence[str]) -> Player:
        parameters = [parameter for role in roles for parameter in self.networks[role].parameters()]
        return Player(parameters, optimiser(self.arm.optimiser, parameters))

    def _update_discriminator(self, x: Tensor, z: Tensor, watch: Watch | None) -> None:
        assert self.judge
        with torch.no_grad():
            made = self.objective.make(x, z)
        real, fake = self.objective.shown(made, x, z)
        real_logits, fake_logits = self.judge(*real), self.judge(*fake)
        adversarial = discriminator_loss(real_logits, fake_logits)
        view = DiscriminatorView(self.judge, real, fake)
        terms = {name: weight * term(view) for name, (weight, term) in self.stabilisers.discriminator.items()}
        loss = _total(adversarial, terms)
        if watch:
            watch(Update("d", loss, adversarial, terms, (real_logits, fake_logits)))
        self._step("d", loss)

    def _phase(self, batches: Batches, watch: Watch | None) -> None:
        wanted = bool(self.stabilisers.generator or watch)
        reals = batches.real or [None] * len(batches.generator)
        for x, z, old in zip(reals, batches.generator, self._old(batches, wanted), strict=True):
            for repeat in range(self.arm.k):
                stands_for_old = repeat == 0 and len(batches.generator) == 1
                with moving_averages(self.moved, 2 if stands_for_old and self.old_forward_moves else 1):
                    made = self.objective.make(x, z)
                held = self.objective.held(made)
                old = held.detach() if old is None else old
                without = self.stabilisers.vanishing if stands_for_old else ()
                self._update(self.objective.loss(made, x, z), held, old, watch, without=without)

    def _update(self, found: Loss, held: Tensor, old: Tensor, watch: Watch | None, *, without: Collection[str]) -> None:
        view = GeneratorView(held, old, found.logits)
        wanted = {n: term for n, term in self.stabilisers.generator.items() if watch or n not in without}
        terms = {name: weight * term(view) for name, (weight, term) in wanted.items()}
        loss = _total(found.value, terms)
        if watch:
            drift = (held.detach() - old).square().mean()
            watch(Update("g", loss, found.value, terms, found.logits, drift, found.parts))
        self._step("g", loss)

    def _teach(self, name: str, lesson: Lesson, batches: Batches, watch: Watch | None) -> None:
        for x, z in zip(batches.real, batches.generator, strict=True):
            found = lesson.loss(x, z)
            if watch:
                watch(Update(name, found.value, found.value, {}, found.logits, parts=found.parts))
            self._step(name, found.value)

    def _old(self, batches: Batches, wanted: bool) -> Sequence[Tensor | None]:
        """What G_o made of each batch; None where it is the batch's own first forward, or not wanted.

        A lone batch's first forward is made by G_o. For several, the released code makes them in one forward before
        the phase. That forward moves G's moving averages in the `released` reading only, where the old fakes are a
        node of the graph of their own; `literal` and `proximal` leave them alone.
        """
        latents = batches.generator
        if len(latents) == 1 or not wanted:
            return [None] * len(latents)
        with torch.no_grad(), moving_averages(self.moved, int(self.old_forward_moves)):
            examples = latents[0].ndim - 2  # the axis before a latent's own
            x = torch.cat(list(batches.real)) if batches.real else None
            made = self.objective.make(x, torch.cat(list(latents), examples))
            return self.objective.held(made).split([z.shape[examples] for z in latents], examples)

    def _step(self, name: str, loss: Tensor) -> None:
        parameters, optimiser = self.players[name]
        for parameter in parameters:
            parameter.grad = None
        (loss if self.members == 1 else loss * self.members).backward()
        for limit in self.stabilisers.limit if name == "g" else ():
            limit(parameters)
        optimiser.step()


def _total(adversarial: Tensor, terms: Mapping[str, Tensor]) -> Tensor:
    return sum(terms.values(), start=adversarial)


@contextlib.contextmanager
def _constant(parameters: Sequence[nn.Parameter]) -> Iterator[None]:
    """Within, gradients pass through a network but not into it: the phase fills no gradient of D."""
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
