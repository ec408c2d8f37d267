"""Whether a device trains every kind of arm as float64 on the CPU does, eager and captured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from vigan.bench.every_arm import CASES, Case
from vigan.training.cuda_graph import WARM_UP, CapturedEngine, cuda_graph
from vigan.training.device import calculate_in_float32
from vigan.training.engine import Engine

ITERATIONS = WARM_UP + 3
EPS = 1e-3
"""Adam's, so large that a gradient of nothing but rounding moves a weight by no more than rounding."""
TOLERANCE = 2e-3
"""Of the way that all weights have gone. Float32 on a CPU is 2e-5 to 5e-4 away, TF32's rounding with BN over 2e-2."""
Error = float | str


class Kept(NamedTuple):
    """Errors of one kind of arm, relative to the way of its weights, or why there is none; captured on CUDA only."""

    eager: Error
    captured: Error | None

    @property
    def sound(self) -> bool:
        """Whether all of it was measured and is small."""
        return all(isinstance(error, float) and error < TOLERANCE for error in self if error is not None)


def check_arms(device: torch.device, cases: Mapping[str, Case] = CASES) -> dict[str, Kept]:
    """Errors of every kind of arm in float32 after a few iterations on `device`."""
    calculate_in_float32(torch.get_num_threads())
    return {name: _checked(case, device) for name, case in cases.items() if case.arm.precision == "float32"}


def _checked(case: Case, device: torch.device) -> Kept:
    both = {"optimiser": case.arm.optimiser, "d_optimiser": case.arm.d_optimiser}
    easier = {name: own.model_copy(update={"eps": EPS}) for name, own in both.items() if own}
    case = case._replace(arm=case.arm.model_copy(update=easier))
    start, exact = _weights(case.engine(dtype=torch.float64)), _trained(case, torch.device("cpu"), torch.float64)
    way = exact.sub(start).norm()

    def error(captured: bool) -> Error:
        try:
            off = f"{_trained(case, device, captured=captured).sub(exact).norm() / way:.3g}"
            return float(off) if math.isfinite(float(off)) else off
        except (RuntimeError, KeyError) as problem:
            return str(problem).strip().partition("\n")[0] or type(problem).__name__

    return Kept(error(False), error(True) if device.type == "cuda" else None)


def _trained(case: Case, device: torch.device, dtype: torch.dtype = torch.float32, *, captured: bool = False) -> Tensor:
    """Weights, in float64 on the host, after some iterations; raises what a capture raises."""
    engine = case.engine(device, dtype)
    trainer = CapturedEngine(engine, cuda_graph) if captured else engine
    for index in range(ITERATIONS):
        trainer.iterate(case.batches(index, device, dtype))
    if isinstance(trainer, CapturedEngine) and trainer.refused:
        raise RuntimeError(trainer.refused)
    return _weights(engine)


def _weights(engine: Engine) -> Tensor:
    own = [parameter for group in engine.parameters.values() for parameter in group]
    return torch.cat([parameter.detach().double().cpu().flatten() for parameter in own])
