"""docs/how-to-add.md, followed to the letter in a copy of the package: one file a stabiliser, two a model."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from studies import TINY
from workflow.conftest import Snakemake

import vigan
from vigan.config.load import load_study
from vigan.config.plugins import use_files
from vigan.tools.check_plugin import check

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "how-to-add.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([\w/]+\.py)`[.:]\n\n```python\n(.*?)```", GUIDE, re.DOTALL))
ARMS = re.findall(r"An arm now says `(.+?)`", GUIDE)

TRAIN = """
import sys
from pathlib import Path
import numpy as np
import torch
import yaml
from vigan.config.arms import Arm, RunSpec
from vigan.config.datasets import Ring
from vigan.describe.arms import explain
from vigan.provenance import stage_digest
from vigan.training.run import Run

import vigan
assert Path(vigan.__file__).is_relative_to(sys.argv[1])
row = yaml.safe_load("{" + sys.argv[2] + "}")
arm = Arm.model_validate({"network": {"kind": "mlp", "width": 8}, "reading": "released", "d_batches": 1, "g_batches": 1,
                          "batch_size": 4, "lambda_mean": 1.0, **row})
spec = RunSpec(name="new", arm=arm, dataset=Ring(source="ring"), seed=0, iterations=6, snapshots=(0, 6), log_every=1)
points = np.random.default_rng(0).standard_normal((19, 2)).astype(np.float32)
outcome = Run(spec, points, Path(sys.argv[3]), torch.device("cpu")).train()
rows = dict(zip(outcome.columns, outcome.telemetry.T))
print(outcome.status, outcome.weights_hash, stage_digest("train", arm.modules), float(rows.get("d_penalty", [0])[-1]))
print(explain("new", arm, 2, 6))
"""


class Copy(NamedTuple):
    """A copy of the package to which files were added."""

    root: Path

    def add(self, *names: str) -> None:
        for name in names:
            file = self.root / "vigan" / name
            assert not file.exists()
            file.write_text(FILES[name], encoding="utf-8")

    def run(self, *command: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        done = subprocess.run(
            [sys.executable, *command], env=environment, capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def train(self, arm: str, folder: str) -> list[str]:
        return self.run("-c", TRAIN, str(self.root), arm, str(self.root / folder)).splitlines()


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    source = Path(vigan.__file__).parent
    passing = shutil.ignore_patterns(".code-digests*")  # written by other processes meanwhile
    shutil.copytree(source, tmp_path / "vigan", ignore=passing)  # with its bytecode
    return Copy(tmp_path)


def test_the_guide_has_one_file_for_a_stabiliser_and_two_for_a_model() -> None:
    assert list(FILES) == ["objectives/stabilisers/zero_centred.py", "config/methods/wgan.py", "objectives/wgan.py"]
    assert ARMS == ["stabilisers: {zero_centred: {weight: 1.0}}", "model: {kind: wgan}"]


@pytest.mark.slow
def test_a_stabiliser_is_one_file_and_trains_the_same_weights_in_every_process(copy: Copy) -> None:
    copy.add("objectives/stabilisers/zero_centred.py")
    first, *told = copy.train(ARMS[0], "first")
    again, *_ = copy.train(ARMS[0], "again")
    assert first == again
    assert first.startswith("completed ")
    assert float(first.split()[-1]) > 0
    assert "  stabilisers: zero_centred (weight 1)" in told
    plain, *_ = copy.train("", "plain")
    assert not set(plain.split()[1:3]) & set(first.split()[1:3])
    checked = copy.run("-m", "pytest", "-q", "-k", "zero_centred", "tests/objectives/test_every_stabiliser.py")
    assert " passed" in checked


def test_the_study_of_one_s_own_images_is_a_study(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(study:.*?)```", GUIDE, re.DOTALL)
    (file := tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    assert load_study(file).pairs() == [("plain", "regularised")]
    assert len(text.splitlines()) <= 15


def test_the_source_of_data_from_outside_is_sound(tmp_path: Path) -> None:
    (text,) = re.findall(r"```python\n(\"\"\"Points on a spiral.*?)```", GUIDE, re.DOTALL)
    (file := tmp_path / "spiral.py").write_text(text, encoding="utf-8")
    try:
        ((part, results),) = check(str(file))
    finally:
        use_files([])
    assert (part.sort, part.name) == ("source", "spiral")
    assert [failure for _, failure in results] == [""]


@pytest.mark.slow
def test_a_study_of_a_source_from_outside_is_made_once(tmp_path: Path) -> None:
    for name, begin in (("spiral", "Points on a spiral"), ("point_frechet", "How far the points are")):
        (text,) = re.findall(rf"```python\n(\"\"\"{begin}.*?)```", GUIDE, re.DOTALL)
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    (told,) = re.findall(r"a study may say `(datasets: .*?)`", GUIDE)
    study = TINY.replace("datasets:\n  ring: {source: ring, count: 6000}", told).replace("toy-modes", "point-frechet")
    study = study.replace("dataset: ring", "dataset: spiral") + "plugins: [spiral.py, point_frechet.py]\n"
    (tmp_path / "study.yaml").write_text(study, encoding="utf-8")
    made, again = (
        Snakemake(tmp_path)("--until", "train", "--configfile", str(tmp_path / "study.yaml"), *words)
        for words in ((), ("--dry-run",))
    )
    assert made.returncode == 0, made.stdout[-3000:]
    assert len(list(tmp_path.glob("results/tiny/runs/*/*/*/run.json"))) == 4
    assert again.returncode == 0, again.stdout[-3000:]
    assert not re.search(r"^(local)?rule (prepare|train):", again.stdout, re.MULTILINE)


@pytest.mark.slow
def test_a_model_is_two_files(copy: Copy) -> None:
    copy.add("config/methods/wgan.py", "objectives/wgan.py")
    first, *told = copy.train(ARMS[1], "first")
    plain, *_ = copy.train("", "plain")
    assert first.startswith("completed ")
    assert not set(plain.split()[1:3]) & set(first.split()[1:3])
    assert told[0].startswith("new: model 'wgan', reading 'released'")
    assert "  losses: D mean D(G(z)) - mean D(x); G -mean D(G(z))" in told


@pytest.mark.slow
def test_the_model_s_row_is_all_that_its_test_needs(copy: Copy) -> None:
    copy.add("config/methods/wgan.py", "objectives/wgan.py")
    shutil.copytree(ROOT / "tests" / "training", copy.root / "training", ignore=shutil.ignore_patterns("__pycache__"))
    module = copy.root / "training" / "test_every_model.py"
    ((model, by_hand),) = re.findall(r"in `MODELS`, `(.*?)`, in `BY_HAND`, `(.*?)`", GUIDE, re.DOTALL)
    (updates,) = re.findall(r"```python\n(def wgan_by_hand.*?)```", GUIDE, re.DOTALL)
    text = module.read_text(encoding="utf-8")
    for start, added in (
        ("MODELS: dict[str, dict[str, Any]] = {\n", f"    {model}\n"),
        ("BY_HAND: dict[str, Callable[..., None]] = {\n", f"    {' '.join(by_hand.split())}\n"),
    ):
        assert start in text
        text = text.replace(start, start + added)
    module.write_text(text.replace("BY_HAND: dict", f"{updates}\n\nBY_HAND: dict"), encoding="utf-8")
    command = ("-m", "pytest", "-q", "-c", str(ROOT / "pyproject.toml"), "-k", "wgan and not cuda", str(module))
    assert " passed" in copy.run(*command, "-p", "no:cacheprovider")


@pytest.mark.slow
def test_a_stabiliser_that_draws_from_torch_s_own_generator_is_refused(copy: Copy) -> None:
    copy.add("objectives/stabilisers/zero_centred.py")
    file = copy.root / "vigan" / "objectives" / "stabilisers" / "zero_centred.py"
    text = file.read_text(encoding="utf-8")
    assert "view.draws.rand(len(real))" in text
    text = text.replace("view.draws.rand(len(real))", "torch.rand(len(real))")
    file.write_text(
        text.replace("from torch import Tensor", "import torch\nfrom torch import Tensor"), encoding="utf-8"
    )
    with pytest.raises(AssertionError, match="draws from torch's global generator"):
        copy.train(ARMS[0], "refused")
