"""The stabilisers of an arm, called by the engine hook by hook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from vigan.config.arms import REGULARISER, Arm
from vigan.errors import UserError
from vigan.objectives.base import Forward, Tensors
from vigan.objectives.draws import Draws
from vigan.objectives.hooks import HOOKS, Stabiliser, View, filled, stabiliser_class, uncoupled


class Stabilisers:
    """An arm's stabilisers by name, the regulariser first unless its lambda is 0."""

    def __init__(self, arm: Arm, coordinates: int, networks: nn.ModuleDict, seed: int) -> None:
        """Prepare the networks; the arm's regulariser compares `coordinates` numbers per example."""
        weight = arm.lambda_per_mean(coordinates)
        settings = {REGULARISER: {"lambda_mean": weight}} if weight else {}
        self.all = {name: stabiliser_class(name)(**own) for name, own in (settings | arm.stabilisers).items()}
        self.filling = {hook: {name: s for name, s in self.all.items() if filled(s, hook)} for hook in HOOKS}
        self.coupled = any(stabiliser.coupled for stabiliser in self.all.values())
        for stabiliser in sorted(self.all.values(), key=lambda own: filled(own, "after_iteration")):
            stabiliser.prepare(networks, seed)  # one that averages G last: it copies what others have wrapped
        first = next(iter([*networks.parameters(), *networks.buffers()]))
        networks.to(first.device)  # what they added
        self.draws = Draws(seed, first)

    def __getitem__(self, hook: str) -> Mapping[str, Stabiliser]:
        """The stabilisers that implement a hook."""
        return self.filling[hook]

    def terms(self, hook: str, update: str, view: View, *, at_old: bool = False) -> dict[str, Tensor]:
        """Their terms in an update, by name; `at_old` leaves out those that are zero at G = G_o."""
        terms = {}
        for name, stabiliser in self[hook].items():
            if not (at_old and stabiliser.zero_at_old_generator):
                self.draws.at(f"{update}.{name}")
                own = view._replace(draws=self.draws.of(name))
                seen = own if stabiliser.coupled else own._replace(losses=uncoupled)
                terms[name] = _one_number(name, hook, getattr(stabiliser, hook)(seen))
        return terms

    def perturbing(self, discriminator: Forward) -> Forward:
        """D with its inputs perturbed by the stabilisers that do so."""
        if not self["perturb"]:
            return discriminator

        def forward(*inputs: Tensor) -> Tensor:
            for name, stabiliser in self["perturb"].items():
                inputs = _alike(name, inputs, stabiliser.perturb(inputs, self.draws.of(name)))
            return discriminator(*inputs)

        return forward

    def before_step(self, group: str, parameters: Sequence[nn.Parameter]) -> None:
        """Call their hooks on the gradients of an optimizer group."""
        for stabiliser in self["before_step"].values():
            stabiliser.before_step(group, parameters)

    def after_step(self, group: str, parameters: Sequence[nn.Parameter]) -> None:
        """Call their hooks on the parameters of an optimizer group."""
        for stabiliser in self["after_step"].values():
            with torch.no_grad():
                stabiliser.after_step(group, parameters)

    def after_iteration(self, networks: nn.ModuleDict) -> None:
        """Call their hooks after an iteration."""
        for stabiliser in self["after_iteration"].values():
            stabiliser.after_iteration(networks)


def _alike(name: str, inputs: Tensors, perturbed: object) -> Tensors:
    """D's inputs as a stabiliser perturbs them. Raises UserError naming it where these are no such inputs."""
    wanted = [tensor.shape for tensor in inputs]
    if not isinstance(perturbed, tuple | list) or [getattr(each, "shape", None) for each in perturbed] != wanted:
        shapes = " and ".join(str(tuple(shape)) for shape in wanted)
        raise UserError(
            f"stabiliser '{name}': `perturb` must return a tuple of tensors of its inputs' shapes, here {shapes}; "
            "of one input write (inputs[0] + noise,)"
        )
    return tuple(perturbed)


def _one_number(name: str, hook: str, term: object) -> Tensor:
    """A stabiliser's term. Raises UserError naming it where that is no number."""
    if not isinstance(term, Tensor) or term.ndim:
        what = f"a tensor of shape {tuple(term.shape)}" if isinstance(term, Tensor) else type(term).__name__
        raise UserError(f"stabiliser '{name}': `{hook}` returns {what}; return a tensor with one number")
    return term
