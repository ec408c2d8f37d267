"""Every loss that a GAN can have: its formula, its gradients, its words, and that an arm trains by it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import get_args

import pytest
import torch

from vigan.config.arms import Arm
from vigan.config.base import digest_of
from vigan.config.methods.gan import LOSSES, Gan
from vigan.describe.arms import explain
from vigan.objectives.losses import ADVERSARIAL

REAL, FAKE = [0.3, -1.2, 4.0, 0.0], [-0.7, 2.5, -3.0, 0.1]
ROW = {
    "network": {"kind": "mlp", "width": 8},
    "reading": "released",
    "d_batches": 1,
    "g_batches": 1,
    "lambda_mean": 1.0,
}

Formula = Callable[[float], float]


def d(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


FORMULAS: dict[str, tuple[Formula, Formula, Formula]] = {
    "non-saturating": (
        lambda r: -math.log(d(r)) / 2, lambda f: -math.log(1 - d(f)) / 2, lambda f: -math.log(d(f)),
    ),
    "min-max": (lambda r: -math.log(d(r)) / 2, lambda f: -math.log(1 - d(f)) / 2, lambda f: math.log(1 - d(f))),
    "hinge": (lambda r: max(0.0, 1 - r), lambda f: max(0.0, 1 + f), lambda f: -f),
    "least-squares": (lambda r: (r - 1) ** 2 / 2, lambda f: f**2 / 2, lambda f: (f - 1) ** 2 / 2),
    "wasserstein": (lambda r: -r, lambda f: f, lambda f: -f),
}  # fmt: skip
"""By loss: D's share of each real and of each fake logit, and G's of each fake one."""


def test_the_losses_in_words_those_in_formulas_and_those_an_arm_may_name_are_the_same() -> None:
    named = get_args(Gan.model_fields["loss"].annotation)
    assert set(named) == set(LOSSES) == set(ADVERSARIAL) == set(FORMULAS)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_a_loss_is_the_mean_of_its_formula_and_its_gradient_that_of_each_logit(name: str) -> None:
    of_real, of_fake, of_g = FORMULAS[name]
    real, fake, judged = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (REAL, FAKE, FAKE))
    d_loss, g_loss = ADVERSARIAL[name].discriminator(real, fake), ADVERSARIAL[name].generator(judged)
    assert d_loss.item() == pytest.approx(sum(map(of_real, REAL)) / 4 + sum(map(of_fake, FAKE)) / 4, rel=1e-13)
    assert g_loss.item() == pytest.approx(sum(map(of_g, FAKE)) / 4, rel=1e-13)
    (d_loss + g_loss).backward()
    for logits, formula in ((real, of_real), (fake, of_fake), (judged, of_g)):
        assert logits.grad is not None
        slopes = [(formula(x + 1e-6) - formula(x - 1e-6)) / 2e-6 / 4 for x in logits.tolist()]
        assert logits.grad.tolist() == pytest.approx(slopes, abs=1e-8)


def test_the_released_loss_is_the_default_and_leaves_digests_as_they_were() -> None:
    plain, named = (
        Arm.model_validate(ROW),
        Arm.model_validate({**ROW, "model": {"kind": "gan", "loss": "non-saturating"}}),
    )
    assert plain == named
    assert "model" not in plain.model_dump()
    other = Arm.model_validate({**ROW, "model": {"kind": "gan", "loss": "hinge"}})
    assert digest_of(other.model_dump(mode="json")) != digest_of(plain.model_dump(mode="json"))


@pytest.mark.parametrize("name", LOSSES)
def test_what_the_regulariser_is_beside_a_loss_is_said(name: str) -> None:
    told = explain("a", Arm.model_validate({**ROW, "model": {"kind": "gan", "loss": name}}), 2, 10)
    assert LOSSES[name].d in told
    assert LOSSES[name].g in told
    assert ("the article derives it for -log D only" in told) == (name != "non-saturating")
