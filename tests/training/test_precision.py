from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from vigan.config import schedule as told
from vigan.config.arms import Arm, RunSpec
from vigan.io.files import RecordError
from vigan.training.device import calculate_in
from vigan.training.engine import Update

Maker = Callable[..., Any]


def test_records_of_a_float32_arm_read_as_before_there_was_a_choice(spec: Callable[..., RunSpec]) -> None:
    plain, bf16 = spec("bn"), spec("bn", precision="bf16")
    assert "precision" not in plain.model_dump(mode="json")["arm"]
    assert bf16.model_dump(mode="json")["arm"]["precision"] == "bf16"
    assert plain.digest != bf16.digest
    for made in (plain, bf16):
        assert RunSpec.model_validate(made.model_dump(mode="json")) == made
        assert Arm.model_validate_json(made.arm.model_dump_json()) == made.arm


def test_another_precision_is_another_computation(arm: Callable[..., Arm]) -> None:
    assert told.computation(arm(), 4) == told.computation(arm(precision="float32"), 4)
    assert told.computation(arm(), 4) != told.computation(arm(precision="bf16"), 4)


@pytest.mark.parametrize("network", ["bn", "nobn", "mlp"])
@pytest.mark.parametrize("batches", [1, 3])
def test_in_bf16_losses_weights_moments_and_averages_stay_float32(network: str, batches: int, game: Maker) -> None:
    made, updates = game(network, batches=batches, precision="bf16"), list[Update]()
    for index in range(2):
        made.engine.iterate(made.batches(index), updates.append)
    seen = [t for u in updates for t in (u.loss, u.adversarial, *u.terms.values(), *u.logits, u.drift) if t is not None]
    kept = [*made.state().values(), *(p.grad for p in made.networks.generator.parameters())]
    moments = [m for state in made.engine.groups["g"].optimiser.state.values() for m in state.values()]
    assert {tensor.dtype for tensor in (*seen, *kept, *moments)} == {torch.float32}
    assert all(bool(tensor.isfinite().all()) for tensor in seen)


@pytest.mark.parametrize("network", ["bn", "nobn", "mlp"])
def test_bf16_rounds_products_to_three_digits_and_nothing_more(network: str, game: Maker) -> None:
    losses = []
    for precision in ("float32", "bf16"):
        made, updates = game(network, precision=precision), list[Update]()
        made.engine.iterate(made.batches(0), updates.append)
        losses.append(torch.stack([update.loss.detach() for update in updates]))
    assert not torch.equal(losses[0], losses[1])
    torch.testing.assert_close(losses[0], losses[1], rtol=2e-2, atol=2e-2)


def test_tf32_is_refused_where_there_is_none() -> None:
    with pytest.raises(RecordError, match="'tf32' needs a CUDA device, not 'cpu'"):
        calculate_in("tf32", 1, torch.device("cpu"))


@pytest.mark.parametrize(("precision", "allowed"), [("float32", False), ("bf16", False), ("tf32", True)])
def test_only_tf32_allows_tf32(precision: Any, allowed: bool) -> None:
    before = torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic
    try:
        calculate_in(precision, 1, torch.device("cuda"))
        assert torch.backends.cuda.matmul.allow_tf32 == torch.backends.cudnn.allow_tf32 == allowed
    finally:
        calculate_in("float32", 1, torch.device("cpu"))
        torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = before
