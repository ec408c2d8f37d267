"""The alarm speaks once for each fall of diversity, and nothing that it looks at moves a weight."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vigan.config.arms import RunSpec
from vigan.training.alarm import DiversityAlarm
from vigan.training.run import Run
from vigan.training.snapshots import sample
from vigan.training.telemetry import FIXED


def said(spec: RunSpec, capsys: pytest.CaptureFixture[str], *diversities: float) -> list[str]:
    alarm = DiversityAlarm(spec)
    for step, diversity in enumerate(diversities, 1):
        alarm(2 * step - 1, None, None)  # type: ignore[arg-type]
        alarm(2 * step, {"diversity": diversity}, None)  # type: ignore[arg-type]
    return capsys.readouterr().out.splitlines()


def test_it_speaks_once_when_diversity_falls_and_again_only_after_it_was_back(
    spec: Callable[..., RunSpec], capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(spec("mlp"), capsys, 0.1, 1.0, 0.4, 0.26, 1.1, 0.3) == []
    (line,) = said(spec("mlp"), capsys, 0.1, 1.6, 1.2, 0.2, 0.1, 0.01, 0.5)
    assert line == (
        "warning: mlp-arm seed 0, iteration 8: samples on fixed latents have a diversity of 0.2, which was 1.6 at 4: "
        "a sign of collapse; training goes on"
    )
    assert len(said(spec("mlp"), capsys, 1.0, 0.1, 0.6, 0.1)) == 2
    assert said(spec("mlp"), capsys, 1.0, float("nan"), 0.9) == []


@pytest.mark.parametrize("network", ["bn", "mlp"])
def test_diversity_is_the_deviation_of_samples_and_looking_at_it_moves_no_bit(
    network: str, spec: Callable[..., RunSpec], start: Callable[[RunSpec, Path], Run], tmp_path: Path
) -> None:
    often = start(spec(network, log_every=1), tmp_path / "often")
    last = often.train()
    assert last.weights_hash == start(spec(network, log_every=7), tmp_path / "seldom").train().weights_hash
    samples = sample(often.networks.generator, often.telemetry.latents).double().numpy().reshape(FIXED, -1)
    expected = np.sqrt(samples.var(axis=0, ddof=1).mean())
    assert last.telemetry[-1, last.columns.index("diversity")] == pytest.approx(expected, rel=1e-6)
