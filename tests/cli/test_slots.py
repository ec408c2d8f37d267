"""Which commands take a slot of a GPU, and which gain nothing by one and leave it alone."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from vigan.cli import pipeline, slots

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Slots taken, by what for."""
    kinds: list[str] = []

    @contextmanager
    def slot(work: str) -> Any:
        kinds.append(work)
        yield "0"

    monkeypatch.setattr(slots, "reserve_gpu", slot)
    return kinds


def options(study: str, **given: Any) -> argparse.Namespace:
    return argparse.Namespace(**{"config": CONFIG / f"{study}.yaml", "device": "auto", "seed": 0, **given})


TRAIN = slots.with_gpu("train", pipeline._training_gains)
EVALUATE = slots.with_gpu("eval", pipeline._measuring_gains)
REFERENCE = slots.with_gpu("eval", pipeline._reference_gains)


@pytest.mark.parametrize(
    ("command", "given", "slots", "device"),
    [
        (TRAIN, options("paper", arm="bn-plain"), ["train"], "auto"),
        (TRAIN, options("ring", arm="ring-plain"), [], "cpu"),
        (TRAIN, options("family", arm="ring-em"), [], "cpu"),
        (TRAIN, options("ring", arm="ring-plain", device="cuda"), [], "cuda"),
        (EVALUATE, options("paper", arm="bn-plain"), ["eval"], "auto"),
        (EVALUATE, options("ring", arm="ring-plain"), [], "cpu"),
        (EVALUATE, options("paper", seed=None, images="a", reference="b"), ["eval"], "auto"),
        (REFERENCE, options("paper", protocol="inception-clean/n=10000/ref=train"), ["eval"], "auto"),
    ],
)
def test_slots_are_taken_by_what_gains_by_a_gpu_unless_a_device_is_named(
    command: Any, given: argparse.Namespace, slots: list[str], device: str, taken: list[str]
) -> None:
    seen = []
    command(lambda options: seen.append(options.device))(given)
    assert taken == slots
    assert seen == [device]
