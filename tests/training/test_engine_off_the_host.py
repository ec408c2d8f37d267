"""On a device that is not the host nothing is calculated by the host: held on torch's device without numbers."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from vigan.bench.engine import WORKLOADS
from vigan.bench.every_arm import CASES
from vigan.bench.stacked import stacked
from vigan.config.arms import Arm
from vigan.features.efflite import EffLite0
from vigan.models.build import build
from vigan.training.batches import Batch, Batches
from vigan.training.cuda_graph import WARM_UP, CapturedEngine
from vigan.training.engine import Engine

ELSEWHERE = torch.device("meta")


class Devices(TorchDispatchMode):
    """Counts operations by the devices of all tensors in them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[frozenset[str]] = Counter()
        self.steps = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        out = func(*args, **(kwargs or {}))
        leaves = torch.utils._pytree.tree_leaves((args, kwargs, out))
        self.seen[frozenset(leaf.device.type for leaf in leaves if isinstance(leaf, torch.Tensor))] += 1
        return out


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> Devices:
    """Operations of what is recorded; the fused Adam has no kernel there, and only looks at where its tensors lie."""
    devices = Devices()

    def adam(*lists: Any, lr: Any, **_: Any) -> None:
        tensors = [tensor for column in lists for tensor in column]
        assert {tensor.device for tensor in [*tensors, *([lr] if isinstance(lr, torch.Tensor) else [])]} == {ELSEWHERE}
        devices.steps += 1

    monkeypatch.setattr(torch, "_fused_adam_", adam)
    clipping = sys.modules["torch.nn.utils.clip_grad"]
    monkeypatch.setattr(clipping, "_device_has_foreach_support", lambda device: True)  # as CUDA has
    return devices


def recorded(engine: Engine, batches: Batches, devices: Devices) -> None:
    def record(play: Any) -> Any:
        with devices:
            play()
        return lambda: None

    trainer = CapturedEngine(engine, record)
    for _ in range(WARM_UP + 2):
        trainer.iterate(batches)
    assert trainer.refused == ""


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, case in CASES.items()
        if case.arm.precision == "float32" and case.arm.optimiser.kind == "adam_tf1" and "nobn" not in name
    ],
)
def test_a_recorded_iteration_of_every_arm_is_calculated_where_its_networks_lie(name: str, counted: Devices) -> None:
    case = CASES[name]
    engine = case.engine(ELSEWHERE)
    recorded(engine, case.batches(0, ELSEWHERE), counted)
    assert set(counted.seen) - {frozenset()} == {frozenset({"meta"})}
    assert counted.steps == sum(engine.steps.values()) * (WARM_UP + 1)
    state = [*engine.networks.parameters(), *engine.networks.buffers()]
    assert {tensor.device for tensor in state} == {ELSEWHERE}


def test_many_seeds_in_one_program_are_calculated_there_too(counted: Devices) -> None:
    arm = Arm.model_validate(WORKLOADS["ring"].arm)
    networks = stacked([build(arm, (2,), seed) for seed in range(8)]).to(ELSEWHERE)

    def draw(*shape: int) -> torch.Tensor:
        return torch.empty((8, arm.batch_size, *shape), device=ELSEWHERE)

    batches = Batches({"d": [Batch(draw(2), draw(2))], "g": [Batch(None, draw(2))]})
    recorded(Engine(arm, networks, 2, members=8), batches, counted)
    assert set(counted.seen) - {frozenset()} == {frozenset({"meta"})}


def test_a_tensor_of_the_host_in_an_iteration_would_be_seen() -> None:
    with Devices() as devices:
        torch.ones(3, device=ELSEWHERE) * torch.tensor(2.0)
    assert frozenset({"meta", "cpu"}) in devices.seen


@pytest.mark.parametrize("channels", [1, 3])
def test_an_extractor_resizes_and_calculates_on_its_device(channels: int) -> None:
    extractor = EffLite0("meta")
    features = extractor.network(extractor.resized(np.zeros((5, channels, 64, 64), dtype=np.uint8)))
    assert features.shape == (5, 1280)
    assert features.device == ELSEWHERE
