"""Telemetry of training: one row every `log_every` iterations, from updates that are made anyway."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vigan.training.engine import Engine, Update
from vigan.training.latents import evaluation_latents
from vigan.training.snapshots import sample

_D_COLUMNS = {
    "d_loss": "D's adversarial loss (nats where it is of log D), without terms, mean over the iteration's D updates",
    "d_accuracy": (
        "share of real and fake examples that D classifies correctly, same updates; a critic, from its mean on them"
    ),
}
_G_COLUMNS = {
    "g_adversarial": "the phase's loss without terms, -log D(G(z)) in nats as released, mean over its updates",
    "penalty": "weighted terms of the phase's loss at its last update; lambda * drift for the regulariser",
    "drift": "mean over batch and coordinates of (G(z) - G_o(z))^2 at the phase's last update",
    "gradient_ratio": "norm of the penalty's gradient over that of the adversarial loss, at the phase's last update",
    "step": "norm of the change of the phase's parameters over the phase, over their norm at its start",
}
_SAMPLED = {
    "diversity": "deviation over G's samples of fixed latents in inference mode, root mean square over coordinates",
}
COLUMNS = {"iteration": "iterations done"} | _D_COLUMNS | _G_COLUMNS | _SAMPLED
"""Telemetry of the GAN. A model has the columns of the phases it has, "d_..." of a "discriminator", "g_adversarial" to
"diversity" of a "generator", and its own `parts` after them."""
FIXED = 64
"""Number of fixed latents."""
D_TERMS = {"d_penalty": "weighted terms of D's loss, mean over the iteration's D updates"}
"""Another column, where a stabiliser adds a term to D's loss."""

_MAY_OVERFLOW = ("drift", "gradient_ratio", "step", "diversity")


class Telemetry:
    """A callback that summarises the updates of one iteration in a row of `columns`."""

    def __init__(self, engine: Engine) -> None:
        self.d, self.g = engine.d_phase, engine.g_phase
        self.parameters: list[Tensor] = list(engine.parameters[self.g.name]) if self.g else []
        self.parts, self.threshold = tuple(engine.arm.model.parts), engine.arm.model.decision_threshold
        d_columns = tuple(_D_COLUMNS) + (tuple(D_TERMS) if engine.stabilisers["discriminator_term"] else ())
        g_columns = (*_G_COLUMNS, *_SAMPLED)
        self.columns = ("iteration", *(d_columns if self.d else ()), *(g_columns if self.g else ()), *self.parts)
        self.sampled = engine.networks.sampled_generator
        latents = evaluation_latents(engine.draws.seed, FIXED, engine.arm.network.latent)
        self.latents = latents.to(engine.draws.like)
        self.begin()

    def begin(self) -> None:
        """Start a new row, before the iteration."""
        self.updates: dict[str, list[Update]] = {}
        self.gradient_ratio, self.remaining = 0.0, self.g.steps if self.g else 0
        self.start = [parameter.detach().clone() for parameter in self.parameters]

    def __call__(self, update: Update) -> None:
        """Record one update; for the last of the "generator" phase, also its gradient ratio."""
        if self.g and update.phase == self.g.name:
            self.remaining -= 1
            if not self.remaining:
                self.gradient_ratio = self._ratio(update)
        self.updates.setdefault(update.phase, []).append(_detached(update))

    def row(self, iteration: int) -> dict[str, float]:
        """Values of `columns` for the iteration that has just ended."""
        values = {"iteration": float(iteration)} | self._d_values() | self._g_values()
        values |= {part: self._part(part) for part in self.parts}
        return {name: values[name] for name in self.columns}

    def finite(self, row: dict[str, float]) -> bool:
        """Whether a row's losses and terms are finite: training continues."""
        return all(math.isfinite(value) for name, value in row.items() if name not in _MAY_OVERFLOW)

    def _d_values(self) -> dict[str, float]:
        if not self.d:
            return {}
        updates = self.updates[self.d.name]
        losses, accuracies = (
            [update.adversarial for update in updates],
            [_accuracy(update, self.threshold) for update in updates],
        )
        penalties = [_penalty(update) for update in updates]
        return {"d_loss": _mean(losses), "d_accuracy": _mean(accuracies), "d_penalty": sum(penalties) / len(penalties)}

    def _g_values(self) -> dict[str, float]:
        if not self.g:
            return {}
        phase, last = self.updates[self.g.name], self.updates[self.g.name][-1]
        assert last.drift is not None
        return {
            "g_adversarial": _mean([update.adversarial for update in phase]),
            "penalty": _penalty(last),
            "drift": last.drift.item(),
            "gradient_ratio": self.gradient_ratio,
            "step": self._step(),
            "diversity": self._diversity(),
        }

    def _diversity(self) -> float:
        spread = sample(self.sampled, self.latents).double().flatten(1).var(0)
        return spread.mean().sqrt().item()

    def _part(self, name: str) -> float:
        reported = (update.parts for updates in self.updates.values() for update in updates)
        return _mean([parts[name] for parts in reported if name in parts])

    def _ratio(self, update: Update) -> float:
        if not update.terms:
            return 0.0
        penalty = self._gradient_norm(torch.stack(list(update.terms.values())).sum())
        adversarial = self._gradient_norm(update.adversarial)
        return penalty / adversarial if adversarial else float("nan")

    def _gradient_norm(self, loss: Tensor) -> float:
        return _norm(torch.autograd.grad(loss, self.parameters, retain_graph=True, materialize_grads=True))

    @torch.no_grad()
    def _step(self) -> float:
        change, size = _norm(torch._foreach_sub(self.parameters, self.start)), _norm(self.start)
        return change / size if size else float("nan")


def _detached(update: Update) -> Update:
    terms, parts = ({k: value.detach() for k, value in many.items()} for many in (update.terms, update.parts))
    logits = tuple(logit.detach() for logit in update.logits)
    return update._replace(
        loss=update.loss.detach(), adversarial=update.adversarial.detach(), terms=terms, logits=logits, parts=parts
    )


def _penalty(update: Update) -> float:
    return sum(term.item() for term in update.terms.values())


def _accuracy(update: Update, threshold: float | None) -> Tensor:
    real, fake = update.logits
    between = torch.cat([real, fake]).mean() if threshold is None else threshold
    return (torch.cat([real - between, between - fake]) > 0).float().mean()


def _norm(tensors: list[Tensor] | tuple[Tensor, ...]) -> float:
    return torch.stack(torch._foreach_norm(tensors)).norm().item()


def _mean(values: list[Tensor]) -> float:
    return torch.stack([value.double() for value in values]).mean().item()
