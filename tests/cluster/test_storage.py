"""A study whose files are fetched from a storage and put back, as jobs in the cloud do it."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from studies import TINY
from workflow.conftest import Snakemake

ABSENT = [name for name in ("snakemake_storage_plugin_fs",) if find_spec(name) is None]
ABSENT += [name for name in ("rsync",) if shutil.which(name) is None]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(ABSENT), reason=f"not installed: {', '.join(ABSENT)}")]


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
