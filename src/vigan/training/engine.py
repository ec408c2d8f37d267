"""One iteration of training, phase by phase, as the arm's model declares."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vigan.config.arms import Arm
from vigan.config.methods.base import Phase, of_kind
from vigan.models.batch_norm import moving_averages
from vigan.models.build import Networks
from vigan.objectives.applied import Stabilisers
from vigan.objectives.base import objective
from vigan.objectives.hooks import DiscriminatorView, GeneratorView
from vigan.training.batches import Batch, Batches
from vigan.training.optimisers import optimiser
from vigan.training.precision import in_precision


class Update(NamedTuple):
    """A report of one update. Losses are scalars in nats, before the step is taken.

    `phase` is the name of its phase. `adversarial` is the loss without terms, `terms` the stabilisers' weighted terms
    by name; `logits` are D's on the batch (for D, real ones then fake ones); `drift` is mean (G(z) - G_o(z))^2, of what
    the regulariser compares (None in other phases than "generator"); `parts` are components of the loss.
    """

    phase: str
    loss: Tensor
    adversarial: Tensor
    terms: Mapping[str, Tensor] = {}
    logits: tuple[Tensor, ...] = ()
    drift: Tensor | None = None
    parts: Mapping[str, Tensor] = {}


Callback = Callable[[Update], None]


class Group(NamedTuple):
    """An optimizer group: the parameters that a phase trains, and their optimiser."""

    parameters: list[nn.Parameter]
    optimiser: torch.optim.Optimizer


class Engine:
    """Trains one arm, given by its model's phases and objective and its stabilisers."""

    def __init__(
        self,
        arm: Arm,
        networks: Networks,
        coordinates: int,
        *,
        old_forward_updates_bn: bool | None = None,
        members: int = 1,
        seed: int = 0,
    ) -> None:
        """Prepare to train `networks`; the regulariser compares `coordinates` numbers per example.

        `old_forward_updates_bn`: whether the forward that makes the old fakes updates G's moving averages; by default,
        as the arm's reading says. `members`: number of runs that stacked networks train together, over which every loss
        is a mean. `seed` is that of the stabilisers' random numbers.
        """
        self.arm, self.networks, self.members = arm, networks, members
        self.phases = arm.model.phases(arm)
        self.stabilisers = Stabilisers(arm, coordinates, networks, seed)
        self.draws = self.stabilisers.draws
        forward = {role: in_precision(network, arm.precision) for role, network in networks.items()}
        if arm.model.has_discriminator:
            forward["discriminator"] = self.stabilisers.perturbing(forward["discriminator"])
        self.objective, self.discriminator = objective(arm.model, forward), forward.get("discriminator")
        self.groups = {phase.name: self._group(phase) for phase in self.phases if phase.trains}
        self.parameters = {name: group.parameters for name, group in self.groups.items()}
        self.last_real: Tensor | None = None
        self.d_phase, self.g_phase = (of_kind(self.phases, kind) for kind in ("discriminator", "generator"))
        self.trained = nn.ModuleList(networks[role] for role in (self.g_phase.trains if self.g_phase else ()))
        self.old_forward_updates_bn = (
            arm.old_forward_updates_bn if old_forward_updates_bn is None else old_forward_updates_bn
        )

    @property
    def steps(self) -> dict[str, int]:
        """Optimizer steps of each group per iteration."""
        return {phase.name: phase.steps for phase in self.phases if phase.trains}

    @property
    def capturable(self) -> bool:
        """Whether an iteration can be captured as a CUDA graph: exact steps synchronise with the host."""
        return not of_kind(self.phases, "exact")

    def iterate(self, batches: Batches, callback: Callback | None = None) -> None:
        """One iteration, phase by phase; `callback` is called with each update before its step (exact ones: after).

        A callback changes no weight and no moving average.
        """
        self.draws.begin(batches.iteration)
        for phase in self.phases:
            own = batches.phases[phase.batches_of or phase.name]
            match phase.kind:
                case "discriminator":
                    self._update_discriminator(phase, own, callback)
                case "generator":
                    with _frozen(self._frozen_parameters()):
                        self._update_generator(phase, own, callback)
                case "plain":
                    self._update_plain(phase, own, callback)
                case "exact":
                    self._solve_exactly(phase, own, callback)
        self.stabilisers.after_iteration(self.networks)

    def _update_discriminator(self, phase: Phase, batches: Sequence[Batch], callback: Callback | None) -> None:
        assert self.discriminator
        for index, (x, z) in enumerate(batch for batch in batches for _ in range(phase.updates)):
            assert x is not None
            # Make fakes, without a gradient into the generator.
            self.draws.at(update := f"{phase.name}.{index}")
            self.last_real = x
            with torch.no_grad():
                outputs = self.objective.outputs(x, z)
            real, fake = self.objective.discriminator_inputs(outputs, x, z)
            # Classify real and fake inputs in separate passes, each with its own BN statistics.
            logits = self.discriminator(*real), self.discriminator(*fake)
            adversarial = self.objective.discriminator_loss(*logits)
            # Add the stabilisers' terms and take the step.
            view = DiscriminatorView(self.discriminator, real, fake, logits, **self._view_fields(x, z))
            terms = self.stabilisers.terms("discriminator_term", update, view)
            loss = _total(adversarial, terms)
            if callback:
                callback(Update(phase.name, loss, adversarial, terms, logits))
            self._step(phase.name, loss)

    def _update_generator(self, phase: Phase, batches: Sequence[Batch], callback: Callback | None) -> None:
        needed = bool(self.stabilisers["generator_term"] or callback)
        for index, ((x, z), old) in enumerate(zip(batches, self._old_outputs(batches, needed), strict=True)):
            for repeat in range(phase.updates):
                # Forward; the first one on a single batch is also that of the old networks.
                self.draws.at(update := f"{phase.name}.{index}.{repeat}")
                is_old_forward = repeat == 0 and len(batches) == 1
                with moving_averages(self.trained, 2 if is_old_forward and self.old_forward_updates_bn else 1):
                    outputs = self.objective.outputs(x, z)
                compared = self.objective.regularised(outputs)
                old = compared.detach() if old is None else old
                # Add the regulariser and the other terms to the loss, and take the step.
                found = self.objective.loss(outputs, x, z)
                view = GeneratorView(compared, old, found.logits, **self._view_fields(x, z))
                terms = self.stabilisers.terms("generator_term", update, view, at_old=is_old_forward and not callback)
                loss = _total(found.value, terms)
                if callback:
                    drift = (compared.detach() - old).square().mean()
                    callback(Update(phase.name, loss, found.value, terms, found.logits, drift, found.parts))
                self._step(phase.name, loss)

    def _update_plain(self, phase: Phase, batches: Sequence[Batch], callback: Callback | None) -> None:
        loss = self.objective.losses()[phase.name]
        for x, z in (batch for batch in batches for _ in range(phase.updates)):
            found = loss(x, z)
            if callback:
                callback(Update(phase.name, found.value, found.value, {}, found.logits, parts=found.parts))
            self._step(phase.name, found.value)

    @torch.no_grad()
    def _solve_exactly(self, phase: Phase, batches: Sequence[Batch], callback: Callback | None) -> None:
        step = self.objective.steps()[phase.name]
        for x, _ in (batch for batch in batches for _ in range(phase.updates)):
            loss = step(x)
            if callback:
                callback(Update(phase.name, value := loss(), value, parts={phase.name: value}))

    def _old_outputs(self, batches: Sequence[Batch], needed: bool) -> Sequence[Tensor | None]:
        """Outputs of G_o for each batch; None where they are the batch's own first forward, or not needed.

        The first forward on a single batch is that of G_o. For several batches, the released code computes them in one
        forward before the phase. That forward updates G's moving averages in the `released` reading only, where the old
        fakes are a separate node of the graph; `literal` and `proximal` leave them alone.
        """
        if len(batches) == 1 or not needed:
            return [None] * len(batches)
        with torch.no_grad(), moving_averages(self.trained, int(self.old_forward_updates_bn)):
            examples = batches[0].z.ndim - 2  # the axis of examples, before that of coordinates
            reals = [x for x, _ in batches if x is not None]
            outputs = self.objective.outputs(
                torch.cat(reals) if reals else None, torch.cat([z for _, z in batches], examples)
            )
            return self.objective.regularised(outputs).split([z.shape[examples] for _, z in batches], examples)

    def _view_fields(self, x: Tensor | None, z: Tensor) -> dict[str, Any]:
        """Fields common to both views."""
        return {
            "draws": self.draws.of(""),
            "networks": self.networks,
            "parameters": self.parameters,
            "losses": partial(self._losses, x, z),
        }

    def _losses(self, x: Tensor | None, z: Tensor) -> dict[str, Tensor]:
        """The losses of both sides on a batch; without real examples of its own, with D's last real batch."""
        assert self.discriminator
        assert self.d_phase
        assert self.g_phase
        with moving_averages(self.networks, 0):
            x = self.last_real if x is None else x
            assert x is not None
            outputs = self.objective.outputs(x, z)
            logits = (self.discriminator(*inputs) for inputs in self.objective.discriminator_inputs(outputs, x, z))
            d_loss = self.objective.discriminator_loss(*logits)
            return {self.d_phase.name: d_loss, self.g_phase.name: self.objective.loss(outputs, x, z).value}

    def _frozen_parameters(self) -> Sequence[nn.Parameter]:
        """D's parameters, constants in the generator phase unless a stabiliser differentiates both losses."""
        return self.groups[self.d_phase.name].parameters if self.d_phase and not self.stabilisers.coupled else ()

    def _group(self, phase: Phase) -> Group:
        parameters = [parameter for role in phase.trains for parameter in self.networks[role].parameters()]
        return Group(parameters, optimiser(self.arm.optimiser, parameters))

    def _step(self, name: str, loss: Tensor) -> None:
        parameters, optimiser = self.groups[name]
        for parameter in parameters:
            parameter.grad = None
        (loss if self.members == 1 else loss * self.members).backward()
        self.stabilisers.before_step(name, parameters)
        optimiser.step()
        self.stabilisers.after_step(name, parameters)


def _total(adversarial: Tensor, terms: Mapping[str, Tensor]) -> Tensor:
    return sum(terms.values(), start=adversarial)


@contextlib.contextmanager
def _frozen(parameters: Sequence[nn.Parameter]) -> Iterator[None]:
    """Within, these parameters need no gradient: it passes through D's network but does not accumulate there."""
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
