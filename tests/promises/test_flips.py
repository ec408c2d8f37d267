"""A flipped bit in any file that a stage reads ends in the right numbers or in a refusal, never in other numbers.

Three flips in each file here; `FLIPS=500 pytest -s tests/promises/test_flips.py` makes 500 and prints their ends.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from studies import TINY, run_to_tables

from vigan.cli.parser import main
from vigan.config.load import load_study
from vigan.layout import Layout

pytestmark = pytest.mark.slow

FLIPS = int(os.environ.get("FLIPS", "3"))
ROOT = Path(__file__).parents[2]
STUDY = TINY.replace(
    "  ring: {source: ring, count: 6000}", "  ring: {source: ring, count: 600}\n  digits: {source: digits}"
)
STUDY = (
    STUDY.replace("samples: 500}", "samples: 100, redraws: 1}").replace("iterations: 60", "iterations: 20")
    + """\
  pictures:
    title: Digits
    dataset: digits
    iterations: 2
    snapshots: 1
    log_every: 1
    protocols: [{kind: pixel-bins-32, samples: 500}]
    shared:
      network: {kind: dcgan, dim: 1, latent: 4, batch_norm: true}
      reading: released
      d_batches: 1
      g_batches: 1
      batch_size: 4
    arms:
      digits: {lambda_mean: 0.0}
"""
)
RUN, PICTURES = "results/tiny/runs/plain/released/seed-0", "results/tiny/runs/digits/released/seed-0"
DEVICE = ("--device", "cpu", "--threads", "1")
EVALUATE = ("evaluate", "--arm", "plain", "--seed", "0", *DEVICE)
BINS = ("evaluate", "--arm", "digits", "--seed", "0", *DEVICE)
REFERENCE = ("reference", "--dataset", "digits", "--protocol", "pixel-bins-32/n=500/ref=train", "--device", "cpu")
TRAIN = ("train", "--arm", "digits", "--seed", "1", *DEVICE, "--no-tensorboard")
ANALYSE, FRAMES = ("analyse",), ("frames", "--experiment", "circle")
FIGURE = ("figure", "--kind", "curves", "--experiment", "circle")
REPORT = ("report", "--deviations", str(ROOT / "config/deviations.yaml"),
          "--published", str(ROOT / "config/published.yaml"))  # fmt: skip
READERS: dict[str, Sequence[tuple[str, ...]]] = {
    f"{RUN}/run.json": (ANALYSE, EVALUATE, FRAMES),
    f"{RUN}/telemetry.csv": (ANALYSE,),
    f"{RUN}/metrics.csv": (ANALYSE,),
    f"{RUN}/noise.csv": (ANALYSE,),
    f"{RUN}/measured.json": (ANALYSE, FRAMES),
    f"{RUN}/samples.npz": (FRAMES,),
    f"{RUN}/snapshots/000000020.safetensors": (EVALUATE,),
    "data/digits-*/array.npy": (REFERENCE, BINS, TRAIN),
    "data/digits-*/labels.npy": (REFERENCE,),
    "data/digits-*/manifest.json": (REFERENCE, BINS),
    "data/digits-*/reference/pixel-bins-32-n500.npz": (BINS,),
    "data/digits-*/reference/pixel-bins-32-n500.json": (ANALYSE,),
    "results/tiny/tables/claims.csv": (REPORT,),
    "results/tiny/tables/curves.csv": (FIGURE, REPORT),
    "results/tiny/tables/runs.csv": (FIGURE, REPORT),
    "results/tiny/stamps/tables.json": (FIGURE, REPORT),
    "results/tiny/stamps/curves-circle.svg.json": (REPORT,),
    "results/tiny/frames/circle.json": (REPORT,),
    "figures/tiny/curves-circle.svg": (REPORT,),
    "results/tiny/raw/metrics.csv.gz": (("audit", "tiny.yaml"),),
    "results/tiny/raw/runs.jsonl.gz": (("audit", "tiny.yaml"),),
    "results/tiny/raw/real-data.json": (("audit", "tiny.yaml"),),
}
"""Files of each kind, and the stages that read them."""
COSTS = ("timing", "report.html", "run.json", "runs.jsonl.gz", "stamps", "versions")
"""Files that tell how long something took: they differ between two makings of the same."""


def _vigan(folder: Path, stage: tuple[str, ...]) -> tuple[int, str]:
    told = io.StringIO()
    named = () if stage[0] == "audit" else ("--config", "tiny.yaml")
    with contextlib.chdir(folder), contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        return main([stage[0], *named, *stage[1:]]), told.getvalue()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of points and one of pictures, run to its page."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.yaml").write_text(STUDY)
    run_to_tables(folder / "tiny.yaml")
    layout = Layout(load_study(folder / "tiny.yaml"))
    for kind, experiment in layout.all_figures():
        assert _vigan(folder, ("figure", "--kind", kind, "--experiment", experiment))[0] == 0
    for experiment in layout.all_frames():
        assert _vigan(folder, ("frames", "--experiment", experiment))[0] == 0
    assert _vigan(folder, REPORT)[0] == 0
    return folder


@pytest.mark.parametrize("pattern", READERS)
def test_a_flipped_bit_ends_in_the_right_numbers_or_in_a_refusal(pattern: str, finished: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "copy"))
    (path,) = folder.glob(pattern)
    whole, before, draw, ends = path.read_bytes(), _numbers(folder), random.Random(pattern), Counter[str]()
    for _ in range(FLIPS):
        flipped = bytearray(whole)
        flipped[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        for stage in READERS[pattern]:
            path.write_bytes(flipped)
            code, told = _vigan(folder, stage)
            refusals = [line for line in told.splitlines() if line.startswith("vigan: ")]
            assert code == 0 or len(refusals) == 1 or stage[0] == "audit", told
            path.write_bytes(whole)
            changed = {name for name, content in _numbers(folder).items() if before.get(name, content) != content}
            assert not changed, (stage, told, changed)
            ends[f"{stage[0]}: {'right numbers' if code == 0 else 'refused'}"] += 1
    print(f"\n{pattern}: {FLIPS} flips: {dict(sorted(ends.items()))}")


def _numbers(folder: Path) -> dict[str, bytes]:
    """Content by name of all files that hold numbers."""
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if not any(cost in name for cost in COSTS)}
