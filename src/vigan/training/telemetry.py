"""What is measured while a run trains: one row each `log_every` iterations, from updates that happen anyway."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vigan.training.engine import Update

COLUMNS = {
    "iteration": "iterations done",
    "d_loss": "D's adversarial loss (nats), without terms, mean over the iteration's D updates",
    "d_accuracy": "share of real and fake images that D tells right, same updates",
    "g_adversarial": "-log D(G(z)) (nats), mean over the phase's G updates",
    "penalty": "weighted terms of G's loss at the phase's last update; lambda * drift for the regulariser",
    "drift": "mean over batch and coordinates of (G(z) - G_o(z))^2 at the phase's last update",
    "gradient_ratio": "norm of the penalty's gradient over that of the adversarial loss, at the phase's last update",
    "step": "norm of the change of G's parameters over the phase, over their norm at its start",
}


class Telemetry:
    """Watches the updates of one iteration and sums them up in a row of `COLUMNS`."""

    def __init__(self, generator: nn.Module) -> None:
        self.parameters: list[Tensor] = list(generator.parameters())
        self.start: list[Tensor] = []
        self.d_updates: list[Update] = []
        self.g_updates: list[Update] = []
        self.gradient_ratio = 0.0
        self.remaining = 0

    def expect(self, g_updates: int) -> None:
        """Start a new row, before the iteration; the last of `g_updates` G updates has its gradients compared."""
        self.d_updates, self.g_updates, self.remaining = [], [], g_updates
        self.start = [parameter.detach().clone() for parameter in self.parameters]

    def __call__(self, update: Update) -> None:
        """Take note of one update, before its step."""
        if update.player == "d":
            self.d_updates.append(_detached(update))
            return
        self.remaining -= 1
        if not self.remaining:
            self.gradient_ratio = self._ratio(update)
        self.g_updates.append(_detached(update))

    def row(self, iteration: int) -> list[float]:
        """Values of `COLUMNS` for the iteration that has just ended."""
        last = self.g_updates[-1]
        assert last.drift is not None
        return [
            float(iteration),
            _mean([update.adversarial for update in self.d_updates]),
            _mean([_accuracy(update) for update in self.d_updates]),
            _mean([update.adversarial for update in self.g_updates]),
            sum(term.item() for term in last.terms.values()),
            last.drift.item(),
            self.gradient_ratio,
            self._step(),
        ]

    def _ratio(self, update: Update) -> float:
        if not update.terms:
            return 0.0
        penalty = self._gradient_norm(torch.stack(list(update.terms.values())).sum())
        adversarial = self._gradient_norm(update.adversarial)
        return penalty / adversarial if adversarial else float("nan")

    def _gradient_norm(self, loss: Tensor) -> float:
        return _norm(torch.autograd.grad(loss, self.parameters, retain_graph=True))

    @torch.no_grad()
    def _step(self) -> float:
        change, size = _norm(torch._foreach_sub(self.parameters, self.start)), _norm(self.start)
        return change / size if size else float("nan")


def _detached(update: Update) -> Update:
    terms = {name: term.detach() for name, term in update.terms.items()}
    logits = tuple(logit.detach() for logit in update.logits)
    return update._replace(
        loss=update.loss.detach(), adversarial=update.adversarial.detach(), terms=terms, logits=logits
    )


def _accuracy(update: Update) -> Tensor:
    real, fake = update.logits
    return (torch.cat([real, -fake]) > 0).float().mean()


def _norm(tensors: list[Tensor] | tuple[Tensor, ...]) -> float:
    return torch.stack(torch._foreach_norm(tensors)).norm().item()


def _mean(values: list[Tensor]) -> float:
    return torch.stack([value.double() for value in values]).mean().item()
