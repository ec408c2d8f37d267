"""Whoever is killed leaves no process behind, and no half-written file for good."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from waiting import wait_until

from .nursery import Nursery
from .processes import NEEDED, group

pytestmark = [pytest.mark.slow, NEEDED]

PATIENCE = 60.0
ROOT = Path(__file__).parents[3]
STUDY = """\
study: pictures
title: A folder of pictures
seeds: [0]
datasets:
  pictures: {source: folder, path: pictures, side: 64}
experiments:
  faces:
    title: Pictures
    dataset: pictures
    iterations: 10
    snapshots: 1
    protocols: [{kind: pixel-bins-32, samples: 500}]
    shared: {network: {kind: dcgan, dim: 2, batch_norm: true}, reading: released, d_batches: 1, g_batches: 1}
    arms:
      plain: {lambda_mean: 0.0}
"""
PREPARE = ("prepare", "--config", "study.yaml", "--dataset", "pictures")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A study of a folder with a thousand links to one large picture."""
    (tmp_path / "study.yaml").write_text(STUDY)
    (tmp_path / "pictures").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (500, 500, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "pictures" / "0.jpg")
    for number in range(1, 1000):
        (tmp_path / "pictures" / f"{number}.jpg").symlink_to("0.jpg")
    return tmp_path


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_preparation_leaves_no_worker_and_its_half_written_array_is_swept_up(
    number: signal.Signals, pictures: Path, nursery: Nursery
) -> None:
    parts = pictures / "data"
    killed = nursery.start(pictures, *PREPARE, "--threads", "2")
    wait_until(
        lambda: any(p.stat().st_size > 0 for p in parts.rglob(".array.npy.*.part")), PATIENCE, "no array was begun"
    )
    assert len(group(killed.pid)) >= 3
    killed.signal(number)
    assert killed.wait() == -number
    wait_until(lambda: group(killed.pid) == [], PATIENCE, "workers outlived their parent")
    assert len(list(parts.rglob("*.part"))) == 1
    assert not list(parts.rglob("manifest.json"))
    nursery.vigan(pictures, *PREPARE)
    assert not list(parts.rglob("*.part"))
    assert list(parts.rglob("manifest.json"))


def test_output_that_nobody_reads_is_no_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vigan.cli", "deviations", "--file", str(ROOT / "config" / "deviations.yaml")]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        listing.stdout.close()
        assert listing.stderr.read() == b""
        assert listing.wait(PATIENCE) == 141
