"""CIFAR-10 from a local copy, laid out as torchvision lays it out, from its files to the report.

The images are made up. Nothing is replaced but the digests by which torchvision knows its files: those of the published
ones are in `torchvision.datasets.CIFAR10`, and made-up files can have no such digests. Jobs are processes of their own,
so that it is done where Python starts (`sitecustomize`).
"""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vigan.config.load import load_study
from vigan.data.store import load
from vigan.layout import Layout

from .conftest import Snakemake

pytestmark = pytest.mark.smoke

STUDY = """\
study: cifar
title: CIFAR-10 from a local copy
seeds: [0]
datasets:
  cifar: {source: torchvision, name: CIFAR10, part: train}
experiments:
  cifar:
    title: A DCGAN on CIFAR-10
    dataset: cifar
    iterations: 4
    snapshots: 2
    log_every: 2
    protocols: [{kind: pixel-bins-32, samples: 500}]
    shared:
      network: {kind: dcgan, dim: 2, batch_norm: true}
      reading: released
      d_batches: 1
      g_batches: 1
      batch_size: 16
    arms: {plain: {lambda_mean: 0.0}, regularised: {lambda_mean: 1.0}}
"""
DIGESTS = """\
import importlib.machinery
import json
import sys


class Digests:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "torchvision.datasets.cifar":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            known, kind = json.loads({digests!r}), module.CIFAR10
            kind.train_list = [[name, known[name]] for name, _ in kind.train_list]
            kind.test_list = [[name, known[name]] for name, _ in kind.test_list]
            kind.meta = {{**kind.meta, "md5": known[kind.meta["filename"]]}}

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Digests)
"""
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def write_copy(root: Path) -> dict[str, str]:
    """Five batches of 10,000 made-up images, one to test with and the names of classes; their MD5 digests by name."""
    folder, digests = root / "cifar-10-batches-py", {}
    folder.mkdir(parents=True)
    for place, name in enumerate([*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]):
        labels = np.random.default_rng(place).permutation(np.repeat(np.arange(10), 1000))
        data = np.repeat(25 * labels.astype(np.uint8), 3072).reshape(10_000, 3072)
        data[:, 1], data[:, 2] = np.arange(10_000) % 250, np.arange(10_000) // 250  # no two are alike
        batch = {
            "batch_label": name,
            "labels": labels.tolist(),
            "data": data,
            "filenames": [f"{n}.png" for n in labels],
        }
        (folder / name).write_bytes(pickle.dumps(batch, protocol=4))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": CLASSES, "num_cases_per_batch": 10_000}))
    for path in folder.iterdir():
        digests[path.name] = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    return digests


def test_a_local_copy_of_cifar10_goes_all_the_way_and_one_that_is_not_the_published_is_refused(tmp_path: Path) -> None:
    digests = write_copy(tmp_path / "sets")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(DIGESTS.format(digests=json.dumps(digests)))
    (tmp_path / "cifar.yaml").write_text(STUDY)
    words = ("--configfile", str(tmp_path / "cifar.yaml"), "--config", f"torchvision={tmp_path / 'sets'}", "cpu=true")

    published, ours = Snakemake(tmp_path), Snakemake(tmp_path, PYTHONPATH=str(tmp_path / "site"))
    published.fresh = ours.fresh = True
    refused = published(*words)
    assert refused.returncode != 0
    assert "no CIFAR10 that can be read (Dataset not found or corrupted" in refused.stdout
    done = ours(*words)
    assert done.returncode == 0, done.stdout[-3000:]

    layout = Layout(load_study(tmp_path / "cifar.yaml"))
    prepared = load(tmp_path / layout.data(layout.study.dataset("cifar")), verify=True)
    assert prepared.array.shape == (50_000, 3, 32, 32)
    assert prepared.labels is not None
    np.testing.assert_array_equal(prepared.array[:, 0, 0, 0], 25 * prepared.labels)
    metrics = pd.read_csv(tmp_path / layout.tables / "metrics.csv")
    assert set(metrics["step"]) == {0, 2, 4}
    assert (tmp_path / layout.report).stat().st_size > 100_000
