"""What a CUDA device asks of an iteration, held without one: for every kind of arm, operation by operation."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from vigan.bench.every_arm import CASES, STABILISERS, Case, case
from vigan.config.arms import REGULARISER
from vigan.config.methods import METHODS
from vigan.config.stabilisers import known_stabilisers
from vigan.training.cuda_graph import NOT_CAPTURED, WARM_UP, CapturedEngine, cuda_graph, trainer
from vigan.training.optimisers import AdamTF1
from vigan.training.telemetry import Telemetry

Play = Callable[[], None]
FROM_THE_HOST = ("lift_fresh", "_to_copy", "pin_memory")
"""Operations that make a tensor of a Python number or bring one from elsewhere."""
TO_THE_HOST = ("_local_scalar_dense", "is_nonzero", "nonzero", "masked_select", "unique", "equal.default", "bincount")
"""Operations that wait until the host knows a value, or how many there are."""
OF_THE_PLAN = {"aten.unbind.int", "aten.detach.default", "aten._fused_adam_.tensor_lr"}
"""What only a recorded iteration calls: views of its rates, and an Adam that launches the kernel of the other one."""
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here"))]


class Operations(TorchDispatchMode):
    """Counts what is called, by name; a change of type within a device is called a cast."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        out = func(*args, **(kwargs or {}))
        cast = "_to_copy" in str(func) and out.dtype != args[0].dtype
        self.seen["cast" if cast else str(func)] += 1
        return out

    def any_of(self, names: tuple[str, ...]) -> set[str]:
        return {told for told, times in self.seen.items() if times and any(name in told for name in names)}


def recorded(made: Case) -> tuple[Operations, Operations]:
    """Operations of the last iteration of the warm-up, and of the one that is recorded."""
    warm, held = Operations(), Operations()

    def record(play: Play) -> Play:
        with held:
            play()
        return lambda: None

    engine = made.engine()
    for group in engine.groups.values():
        if isinstance(group.optimiser, torch.optim.Adam):
            group.optimiser.param_groups[0]["capturable"] = True  # as on CUDA
    played = CapturedEngine(engine, record)
    for index in range(WARM_UP - 1):
        played.iterate(made.batches(index))
    with warm:
        played.iterate(made.batches(WARM_UP - 1))
    played.iterate(made.batches(WARM_UP))
    return warm, held


@pytest.mark.parametrize("name", CASES)
def test_a_recorded_iteration_takes_nothing_from_the_host_tells_it_nothing_and_was_met_in_warm_up(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    adam = sys.modules["torch.optim.adam"]
    monkeypatch.setattr(adam, "_get_capturable_supported_devices", lambda **_: ["cpu"])
    warm, held = recorded(made := CASES[name])
    assert sum(held.seen.values()) > 50
    if made.arm.optimiser.kind == "adam":  # which adds a tensor to a step count on the host, and a number on CUDA
        held.seen["aten.lift_fresh.default"] -= sum(made.engine().steps.values())
    assert held.any_of(FROM_THE_HOST) == set()
    assert held.any_of(TO_THE_HOST) == set()
    assert set(held.seen) - set(warm.seen) - OF_THE_PLAN == set()


def test_the_guard_sees_a_tensor_made_of_a_number_and_a_value_that_is_read() -> None:
    with Operations() as held:
        x = torch.ones(2)
        x.new_tensor(0.3)
        bool(x.sum() > 1)
        x.bfloat16()
    assert held.any_of(FROM_THE_HOST) == {"aten.lift_fresh.default"}
    assert "aten._local_scalar_dense.default" in held.any_of(TO_THE_HOST)


def accumulator(parameter: Tensor) -> Any:
    """The node that adds up a parameter's gradient."""
    made = parameter.expand_as(parameter).grad_fn
    assert made is not None
    return made.next_functions[0][0]


@pytest.mark.parametrize("name", CASES)
def test_no_accumulator_of_gradients_outlives_an_iteration(name: str) -> None:
    """One that did would bring the stream it was made on into a capture on another."""
    made = CASES[name]
    engine, marked = made.engine(), list[Tensor]()
    telemetry, step = Telemetry(engine), engine._step

    def marking(phase: str, loss: Tensor) -> None:
        for parameter in engine.groups[phase].parameters:
            accumulator(parameter).metadata["made here"] = True
            marked.append(parameter)
        step(phase, loss)

    engine._step = marking
    for watch in (None, telemetry):
        marked.clear()
        telemetry.begin()
        engine.iterate(made.batches(), watch)
        if watch:
            telemetry.row(1)
        assert marked
        assert not [p for p in marked if "made here" in accumulator(p).metadata]


def test_an_accumulator_that_is_kept_would_be_seen() -> None:
    parameter = torch.nn.Parameter(torch.ones(3))
    kept = (parameter * 2).sum()
    accumulator(parameter).metadata["made here"] = True
    assert "made here" in accumulator(parameter).metadata
    del kept
    assert "made here" not in accumulator(parameter).metadata


@pytest.mark.parametrize("name", [name for name, made in CASES.items() if made.arm.optimiser.kind == "adam_tf1"])
def test_the_fused_kernel_is_given_what_it_takes_on_cuda(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its CUDA version reads all as float32, laid out as the weight is, with one step count and one rate a tensor."""
    calls, real = list[int](), torch._fused_adam_

    def checked(
        weights: Any, gradients: Any, m: Any, v: Any, largest: Any, steps: Any, *, lr: Any, **rest: Any
    ) -> None:
        calls.append(len(weights))
        assert largest == []
        for weight, *others, step in zip(weights, gradients, m, v, steps, strict=True):
            assert all(other.dtype == weight.dtype == torch.float32 for other in others)
            assert all(laid_out(other) == laid_out(weight) for other in others)
            assert torch.ops.aten.is_non_overlapping_and_dense(weight)
            assert step.dtype == torch.float32
            assert step.numel() == 1
        assert isinstance(lr, float) or lr.numel() == 1
        real(weights, gradients, m, v, largest, steps, lr=lr, **rest)

    monkeypatch.setattr(torch, "_fused_adam_", checked)
    made = CASES[name]
    played = CapturedEngine(made.engine(), lambda play: play)
    for index in range(WARM_UP + 2):
        played.iterate(made.batches(index))
    assert calls


def laid_out(tensor: Tensor) -> tuple[Any, ...]:
    """Shape and strides; an axis of length 1 has none."""
    return tuple((n, s if n > 1 else None) for n, s in zip(tensor.shape, tensor.stride(), strict=True))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", ["gan bn 2 batches", "gan mlp 2 batches", "vae-0.3 bn 2 batches", "gan bn adam"])
def test_recorded_iterations_train_as_the_engine_does(name: str, device: str) -> None:
    """On the CPU a recording is played again by hand; on CUDA it is a graph."""
    made = CASES[name]

    def trained(record: bool) -> list[Tensor]:
        engine = made.engine(device)
        played = CapturedEngine(engine, cuda_graph if device == "cuda" else lambda play: play) if record else engine
        for index in range(WARM_UP + 5):
            played.iterate(made.batches(index, device))
        return [parameter.detach().cpu() for parameter in engine.networks.parameters()]

    for ours, theirs in zip(trained(True), trained(False), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_an_iteration_that_cannot_be_recorded_is_played_and_it_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    made = case("gan", "mlp", stabilisers={"r1": {"gamma": 1.0}})

    def refuse(play: Play) -> Play:
        try:
            raise RuntimeError("operation not permitted when stream is capturing\nCompile with TORCH_USE_CUDA_DSA")
        finally:  # as CUDA ends a capture in which something was not permitted
            raise RuntimeError("operation failed due to a previous error during capture")

    plain, refused = made.engine(), made.engine()
    played = CapturedEngine(refused, refuse)
    for index in range(WARM_UP + 3):
        plain.iterate(made.batches(index))
        played.iterate(made.batches(index))
    told = capsys.readouterr().out
    assert told.count(NOT_CAPTURED.format(reason="operation not permitted when stream is capturing")) == 1
    for ours, theirs in zip(refused.networks.parameters(), plain.networks.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    adam = refused.groups["g"].optimiser
    assert isinstance(adam, AdamTF1)
    assert adam.planned is None


@pytest.mark.parametrize(("setting", "captured"), [("", True), ("1", True), ("0", False), ("false", False)])
def test_graphs_can_be_switched_off(setting: str, captured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGAN_GRAPHS", setting)
    engine = case("gan", "mlp").engine()
    assert isinstance(trainer(engine, torch.device("cuda")), CapturedEngine) == captured
    assert trainer(engine, torch.device("cpu")) is engine


def test_every_model_and_stabiliser_is_among_the_arms() -> None:
    trained = {made.arm.model.kind for made in CASES.values()}
    assert trained == {kind for kind, method in METHODS.items() if "dcgan" in method.networks}
    assert set(STABILISERS) == set(known_stabilisers()) - {REGULARISER}
