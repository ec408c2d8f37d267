"""A study whose files are fetched from a storage and put back, as jobs in the cloud do it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from studies import TINY
from workflow.conftest import Snakemake

from .needs import skip_without

pytestmark = [pytest.mark.slow, skip_without(modules=("snakemake_storage_plugin_fs",), programs=("rsync",))]


def test_every_file_a_job_reads_is_fetched_and_every_one_it_makes_is_put_back(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(TINY)
    bucket = tmp_path / "bucket"
    storage = ("--default-storage-provider", "fs", "--default-storage-prefix", str(bucket))
    done = Snakemake(tmp_path, OMP_NUM_THREADS="1")("--configfile", str(tmp_path / "study.yaml"), *storage)
    assert done.returncode == 0, done.stdout[-3000:]
    assert (bucket / "results" / "tiny" / "report.html").exists()
    assert len(list(bucket.glob("results/tiny/runs/*/*/*/metrics.csv"))) == 4
    assert not (tmp_path / "data").exists()
    assert {path.name for path in (tmp_path / "results" / "tiny").iterdir()} == {"specs"}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The folder of a study of a thousand images, all damaged."""
    (tmp_path / "pictures").mkdir()
    for number in range(1000):
        (tmp_path / "pictures" / f"face-{number:03d}.png").write_bytes(b"no image")
    folder = f"{{source: folder, path: {tmp_path / 'pictures'}, side: 32}}"
    images = TINY.replace("{source: ring, count: 6000}", folder)
    images = images.replace("{kind: toy-modes, samples: 500}", "{kind: pixel-bins-32, samples: 500}")
    (tmp_path / "study.yaml").write_text(images.replace("{kind: mlp, width: 16}", "{kind: dcgan, batch_norm: true}"))
    return tmp_path


def test_what_a_job_failed_of_is_told_from_its_log_in_the_storage(pictures: Path) -> None:
    storage = ("--default-storage-provider", "fs", "--default-storage-prefix", str(pictures / "bucket"))
    done = Snakemake(pictures)("--configfile", str(pictures / "study.yaml"), *storage)
    told = re.findall(r"^  prepare \(.+/bucket/logs/data/folder-\w+\.log\): (.+)$", done.stdout, re.MULTILINE)
    assert len(told) == 1, done.stdout[-3000:]
    assert "face-000.png" in told[0]


def test_with_a_storage_a_plan_says_that_changed_images_are_not_seen(pictures: Path) -> None:
    storage = ("--default-storage-provider", "fs", "--default-storage-prefix", str(pictures / "bucket"))
    plan = Snakemake(pictures)("--configfile", str(pictures / "study.yaml"), "--dry-run", *storage)
    assert plan.returncode == 0, plan.stdout[-3000:]
    told = "with a storage, images are told by their description alone; if they changed, add --forcerun prepare"
    assert plan.stdout.count(told) == 1
