"""Pairs multiplied elsewhere: the same metrics to a stated tolerance, in every thread, and only where it is asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from vigan.evaluation.products import on_device, pairs_on
from vigan.metrics import pairs
from vigan.metrics.protocols import Reference, feature_metrics

TOLERANCE = 1e-12


def features(seed: int, rows: int = 1100) -> np.ndarray:
    draw = np.random.default_rng(seed)
    made = np.abs(draw.standard_normal((rows, 40))) * draw.gamma(1.0, size=40)
    made[1:9] = made[0]  # ties
    return made.astype(np.float32)


def measured() -> dict[str, float]:
    return feature_metrics(Reference.restore(Reference(features(0)).arrays()), features(1))


def in_another_order(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Products summed in pieces, the last first, as a device's kernels may."""
    return x[:, 27:] @ y[:, 27:].T + x[:, 11:27] @ y[:, 11:27].T + x[:, :11] @ y[:, :11].T


@pytest.mark.parametrize("product", [on_device(torch.device("cpu")), in_another_order], ids=["torch", "in pieces"])
def test_metrics_of_products_summed_in_another_order_are_the_host_s_to_the_tolerance(product: pairs.Product) -> None:
    host = measured()
    with pairs.products_by(product):
        elsewhere = measured()
    assert elsewhere.keys() == host.keys()
    for name, value in host.items():
        assert elsewhere[name] == pytest.approx(value, rel=TOLERANCE, abs=TOLERANCE), name
    if product is in_another_order:
        assert elsewhere != host


def test_every_thread_multiplies_there_until_the_end_and_an_error_ends_it_too() -> None:
    calls = []

    def counted(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        calls.append(len(x))
        return x @ y.T

    rows = features(0, 30).astype(np.float64)

    def in_threads() -> None:
        with pairs.products_by(counted), ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: pairs.across(rows, rows, 10), range(2)))
            raise KeyError

    with pytest.raises(KeyError):
        in_threads()
    assert len(calls) == 18
    pairs.within(rows, 10)
    assert len(calls) == 18


def test_only_cuda_multiplies_elsewhere() -> None:
    with pairs_on(torch.device("cpu")):
        assert [pairs.on_the_host] == pairs._BY
    with pairs_on(torch.device("cuda")):
        assert len(pairs._BY) == 2
