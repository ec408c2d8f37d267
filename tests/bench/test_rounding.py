"""Emulated precisions: what is rounded, how, and how a difference is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from vigan.bench import rounding
from vigan.bench.fixtures import batches, engine
from vigan.bench.rounded import MANTISSA, PRODUCTS, Rounding, rounded
from vigan.bench.rounding import compared, judged

ARM: dict[str, Any] = {
    "reading": "released", "d_batches": 1, "g_batches": 1, "batch_size": 4, "lambda_mean": 5.0,
    "network": {"kind": "dcgan", "dim": 2, "latent": 3, "batch_norm": True},
}  # fmt: skip


def test_numbers_are_rounded_to_the_nearest_ties_to_even_as_bf16_is() -> None:
    x = torch.randn(10_000, generator=torch.Generator().manual_seed(0)) * torch.logspace(-30, 30, 10_000)
    x = torch.cat([x, torch.tensor([0.0, -0.0, 1.0, 1 + 2**-8, 1 + 3 * 2**-8, -(1 + 2**-8)])])
    assert torch.equal(rounded(x, MANTISSA["bf16"]), x.bfloat16().float())
    near = torch.rand(10_000, generator=torch.Generator().manual_seed(1)) + 1
    assert torch.equal(rounded(near, MANTISSA["tf32"]), near.half().float())  # ten bits, too, between 1 and 2
    assert rounded(x, MANTISSA["float32"]) is x


@pytest.mark.parametrize("precision", MANTISSA)
def test_products_see_rounded_inputs_and_add_what_is_whole(precision: str) -> None:
    bits, draws = MANTISSA[precision], torch.Generator().manual_seed(0)
    a, b, bias = (torch.randn(shape, generator=draws) for shape in ((5, 7), (3, 7), (3,)))
    maps, kernel = torch.randn(2, 3, 8, 8, generator=draws), torch.randn(4, 3, 5, 5, generator=draws)
    with Rounding(precision):
        linear, convolved, summed = F.linear(a, b, bias), F.conv2d(maps, kernel), a + a
    assert torch.equal(linear, F.linear(rounded(a, bits), rounded(b, bits), bias))
    assert torch.equal(convolved, F.conv2d(rounded(maps, bits), rounded(kernel, bits)))
    assert torch.equal(summed, a + a)


def test_gradients_are_products_of_rounded_inputs() -> None:
    maps = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    layer, outer = nn.Conv2d(3, 4, 5), torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(1))
    with Rounding("bf16"):
        layer(maps).backward(outer)
    by_hand = torch.nn.grad.conv2d_weight(rounded(maps, 7), (4, 3, 5, 5), rounded(outer, 7))
    torch.testing.assert_close(layer.weight.grad, by_hand, rtol=1e-6, atol=1e-6)


def test_every_product_of_an_iteration_is_known() -> None:
    seen: set[Any] = set()

    class Names(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Tensor:
            seen.add(func)
            return func(*args, **(kwargs or {}))

    with Names():
        engine(ARM, (1, 32, 32), "float32").iterate(batches(ARM, (1, 32, 32)))
    products = {func for func in seen if any(word in str(func) for word in ("conv", "mm", "matmul", "linear"))}
    assert products <= PRODUCTS
    assert len(products) >= 4


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(-0.9, 0.9, "equivalent"), (-0.2, 1.1, "open"), (1.1, 1.5, "moved"), (-3.0, -1.5, "moved"), (-2.0, 2.0, "open")],
)
def test_a_difference_is_judged_by_its_whole_interval(low: float, high: float, verdict: str) -> None:
    assert judged(low, high) == verdict


def test_differences_are_of_pairs_in_deviations_of_float32_and_all_must_be_within_the_margin() -> None:
    draws = np.random.default_rng(0)
    plain = [{"a": value, "b": value} for value in 5 + 2 * draws.standard_normal(24)]
    same = [{"a": run["a"] + 0.02, "b": run["b"]} for run in plain]
    other = [{"a": run["a"] + 0.02, "b": run["b"] + 6} for run in plain]
    assert compared(plain, same)["verdict"] == "equivalent"
    assert compared(plain, same)["a"]["median"] == pytest.approx(
        0.02 / np.std([r["a"] for r in plain], ddof=1), abs=1e-4
    )
    assert compared(plain, other)["b"]["verdict"] == compared(plain, other)["verdict"] == "moved"
    assert compared(plain, other)["a"]["verdict"] == "equivalent"


@pytest.mark.slow
def test_a_study_goes_on_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = str(Path(__file__).parents[2] / "config" / "precision.yaml")
    games = {
        "digits": rounding.QUICK["digits"]._replace(study=study, seeds=5, iterations=8, precisions=("float32", "tf32"))
    }
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rounding, "WORKLOADS", games)
    monkeypatch.setenv("VIGAN_STATE", str(tmp_path))
    first = rounding.measure(quick=False)
    assert capsys.readouterr().out.count(": done") == 2 * 5
    (tmp_path / "rounding" / "digits" / "tf32" / "seed-1.json").unlink()
    assert rounding.measure(quick=False) == first
    assert capsys.readouterr().out == "float32-regularised tf32 seed 1: done\n"
    tf32 = first.summary["digits"]["tf32"]
    assert {name for name in tf32 if name != "verdict"} == {"frechet"} | {
        f"{column} {span}" for column in rounding.COLUMNS for span in rounding.SPANS
    }
    assert first.details["digits"]["tf32"] != first.details["digits"]["float32"]
