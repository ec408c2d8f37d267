from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from vigan.config.arms import Optimiser
from vigan.training.optimisers import AdamTF1, optimiser

LR, BETA1, BETA2, EPS = 2e-4, 0.5, 0.999, 1e-8
SCALES = np.array([1e3, 1.0, 1e-4, 1e-8, 1e-9, 1e-12, 0.0])


def gradients(steps: int) -> np.ndarray:
    """Gradients (steps, 7) of very different sizes."""
    return np.random.default_rng(0).standard_normal((steps, len(SCALES))) * SCALES


def by_hand(start: np.ndarray, history: np.ndarray) -> np.ndarray:
    """TensorFlow 1's Adam in float64, its constants and running powers rounded to float32 at every step."""
    single = np.float32
    lr, beta1, beta2, eps = (float(single(value)) for value in (LR, BETA1, BETA2, EPS))
    power1, power2 = single(BETA1), single(BETA2)
    theta, m, v = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for gradient in history:
        m = beta1 * m + (1 - beta1) * gradient
        v = beta2 * v + (1 - beta2) * gradient**2
        theta -= lr * math.sqrt(1 - float(power2)) / (1 - float(power1)) * m / (np.sqrt(v) + eps)
        power1, power2 = single(power1 * single(BETA1)), single(power2 * single(BETA2))
    return theta


def train(kind: type[torch.optim.Optimizer], start: np.ndarray, history: np.ndarray) -> np.ndarray:
    parameter = nn.Parameter(torch.from_numpy(start.copy()))
    made = AdamTF1([parameter], LR, BETA1, BETA2, EPS) if kind is AdamTF1 else torch_adam(parameter)
    for gradient in history:
        parameter.grad = torch.from_numpy(gradient).to(parameter.dtype)
        made.step()
    return parameter.detach().numpy()


def torch_adam(parameter: nn.Parameter) -> torch.optim.Optimizer:
    return torch.optim.Adam([parameter], lr=LR, betas=(BETA1, BETA2), eps=EPS)


def test_fifty_steps_are_tensorflow_s_for_gradients_of_any_size() -> None:
    start, history = np.zeros(len(SCALES)), gradients(50)
    found, expected = train(AdamTF1, start, history), by_hand(start, history)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=0)
    assert np.abs(found[:4]).min() > 1e-4
    assert found[-1] == 0


def test_torch_s_adam_differs_where_gradients_are_as_small_as_eps() -> None:
    start, history = np.zeros(len(SCALES)), gradients(50)
    theirs = train(torch.optim.Adam, start, history)
    difference = np.abs(theirs - by_hand(start, history))[:-1] / np.abs(theirs[:-1])
    assert difference[0] < 1e-4
    assert difference[3:].min() > 0.2


def test_the_first_step_divides_by_the_gradient_plus_an_eps_that_is_not_bias_corrected() -> None:
    for size in (1e-9, 1e-8, 1e-7, 1.0):
        found = train(AdamTF1, np.zeros(1), np.array([[size]]))[0]
        root = math.sqrt(1 - float(np.float32(BETA2)))
        expected = -float(np.float32(LR)) * size * root / (size * root + float(np.float32(EPS)))
        assert found == pytest.approx(expected, rel=1e-12)


def test_float32_weights_follow_the_same_path() -> None:
    start, history = np.zeros(len(SCALES), np.float32), gradients(50)
    found = train(AdamTF1, start, history)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:4], by_hand(start.astype(np.float64), history)[:4], rtol=2e-5)


def network() -> nn.Sequential:
    made = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    draws = np.random.default_rng(1)
    for parameter in made.parameters():
        parameter.data.copy_(torch.from_numpy(draws.standard_normal(tuple(parameter.shape))))
    return made


def steps(made: nn.Module, adam: torch.optim.Optimizer, seed: int, count: int) -> None:
    draws = np.random.default_rng(seed)
    for _ in range(count):
        adam.zero_grad()
        made(torch.from_numpy(draws.standard_normal((5, 3)))).square().mean().backward()
        adam.step()


@pytest.mark.parametrize("kind", ["adam_tf1", "adam"])
def test_state_survives_json_and_a_new_optimiser_goes_on_bit_by_bit(kind: str) -> None:
    settings = Optimiser.model_validate({"kind": kind, "lr": 1e-3})
    straight, first, second = network(), network(), network()
    through = optimiser(settings, list(straight.parameters()))
    steps(straight, through, 0, 5)
    steps(straight, through, 1, 5)
    before = optimiser(settings, list(first.parameters()))
    steps(first, before, 0, 5)
    state = before.state_dict()
    second.load_state_dict(first.state_dict())
    after = optimiser(settings, list(second.parameters()))
    after.load_state_dict({"state": state["state"], "param_groups": json.loads(json.dumps(state["param_groups"]))})
    steps(second, after, 1, 5)
    for ours, theirs in zip(second.parameters(), straight.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_parameter_without_gradient_stays_where_it_is() -> None:
    used, unused = (nn.Parameter(torch.ones(2)) for _ in range(2))
    adam = AdamTF1([used, unused], LR, BETA1, BETA2, EPS)
    used.grad = torch.ones(2)
    adam.step()
    assert unused.tolist() == [1, 1]
    assert used.tolist() != [1, 1]
    AdamTF1([nn.Parameter(torch.ones(1))], LR, BETA1, BETA2, EPS).step()


def test_each_kind_of_optimiser_is_what_its_name_says() -> None:
    made = network()
    ours = optimiser(Optimiser(kind="adam_tf1", lr=1e-3, beta1=0.1, beta2=0.2, eps=1e-4), list(made.parameters()))
    theirs = optimiser(Optimiser(kind="adam", lr=1e-3, beta1=0.1, beta2=0.2, eps=1e-4), list(made.parameters()))
    assert type(ours) is AdamTF1
    assert type(theirs) is torch.optim.Adam
    group = theirs.param_groups[0]
    assert (group["lr"], group["betas"], group["eps"]) == (1e-3, (0.1, 0.2), 1e-4)
    assert (group["weight_decay"], group["amsgrad"]) == (0, False)
    assert len(group["params"]) == len(ours.param_groups[0]["params"]) == 4


def test_the_adam_of_an_arm_steps_as_torch_s_own() -> None:
    first, second = network(), network()
    steps(first, optimiser(Optimiser(kind="adam"), list(first.parameters())), 0, 10)
    steps(second, torch.optim.Adam(second.parameters(), lr=LR, betas=(BETA1, BETA2), eps=EPS), 0, 10)
    for ours, theirs in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-14, atol=0)


def test_the_released_optimiser_does_not_import_torchs_compiler() -> None:
    code = """
import sys, torch
from vigan.config.arms import Optimiser
from vigan.training.optimisers import optimiser
weight = torch.nn.Parameter(torch.ones(3))
made = optimiser(Optimiser(kind="adam_tf1", lr=0.1, beta1=0.5, beta2=0.9, eps=1e-8), [weight])
weight.sum().backward()
made.step()
made.zero_grad()
made.load_state_dict(made.state_dict())
print(float(weight.sum()), "torch._dynamo" in sys.modules)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert float(told[0]) < 3
    assert told[1] == "False"
