"""A flipped bit in any file that a stage reads ends in the right numbers or in a refusal, never in other numbers.

Three flips in each file here; `FLIPS=500 pytest -s tests/promises/test_flips.py` makes 500 and prints their ends. What
lies there while a run trains: `stages/test_train.py`; images: `data/test_load_images.py`.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from flips import flipped, how_many, tell
from studies import TINY, run_to_tables

from vigan.cli.parser import main
from vigan.config.load import load_study
from vigan.layout import Layout

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EVENTS = """\
    collapse: {metric: modes, protocol: toy-modes, below: 0.5}
    reach: {metric: high_quality, protocol: toy-modes, share: 0.2}
"""
STUDY = TINY.replace(
    "  ring: {source: ring, count: 6000}", "  ring: {source: ring, count: 600}\n  digits: {source: digits}"
)
STUDY = (
    STUDY.replace("samples: 500}", "samples: 100, redraws: 1}")
    .replace("iterations: 60", "iterations: 20")
    .replace("    shared:", EVENTS + "    shared:")
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
claims:
  - {id: C1, statement: more modes, place: here, test: paired-sign, arms: [plain, regularised], metric: modes,
     protocol: toy-modes, score: last, direction: higher, margin: 1.0}
  - {id: C2, statement: often, place: here, test: share, arm: plain, event: collapse, direction: more, share: 0.4}
"""
)
RUN, PICTURES = "results/tiny/runs/plain/released/seed-0", "results/tiny/runs/digits/released/seed-0"
DEVICE = ("--device", "cpu", "--threads", "1")
EVALUATE = ("evaluate", "--arm", "plain", "--seed", "0", *DEVICE)
BINS = ("evaluate", "--arm", "digits", "--seed", "0", *DEVICE)
REFERENCE = ("reference", "--dataset", "digits", "--protocol", "pixel-bins-32/n=500/ref=train", "--device", "cpu")
TRAIN = ("train", "--arm", "digits", "--seed", "1", *DEVICE, "--no-tensorboard")
ANALYSE, FRAMES = ("analyse",), ("frames", "--experiment", "circle")
MOVIE, CONTACT = ("movie", "plain", "regularised"), ("contact", "--experiment", "circle")
FIGURE, SURVIVAL, SAMPLES, TELEMETRY, SEEDS = (
    ("figure", "--experiment", "circle", "--kind", kind)
    for kind in ("curves", "survival", "samples", "telemetry", "seeds")
)
REPORT = ("report", "--deviations", str(ROOT / "config/deviations.yaml"),
          "--published", str(ROOT / "config/published.yaml"))  # fmt: skip
SMALL, CLAIMS, AUDIT = (*REPORT, "--small"), ("claims", "tiny"), ("audit", "tiny.yaml")
MERGED = "merged"
MERGE = ("merge", "results/tiny", "--out", MERGED)
READERS: dict[str, Sequence[tuple[str, ...]]] = {
    f"{RUN}/run.json": (ANALYSE, EVALUATE, FRAMES, MERGE),
    f"{RUN}/telemetry.csv": (ANALYSE, MERGE),
    f"{RUN}/metrics.csv": (ANALYSE, MERGE),
    f"{RUN}/noise.csv": (ANALYSE, MERGE),
    f"{RUN}/measured.json": (ANALYSE, FRAMES, MERGE),
    f"{RUN}/samples.npz": (FRAMES, SAMPLES, MOVIE, CONTACT, MERGE),
    f"{RUN}/snapshots/000000020.safetensors": (EVALUATE, MERGE),
    "data/digits-*/array.npy": (REFERENCE, BINS, TRAIN),
    "data/digits-*/labels.npy": (REFERENCE,),
    "data/digits-*/manifest.json": (REFERENCE, BINS, TRAIN),
    "data/digits-*/reference/pixel-bins-32-n500.npz": (BINS,),
    "data/digits-*/reference/pixel-bins-32-n500.json": (ANALYSE, BINS),
    "results/tiny/tables/claims.csv": (REPORT, SMALL, CLAIMS),
    "results/tiny/tables/curves.csv": (FIGURE, REPORT),
    "results/tiny/tables/runs.csv": (FIGURE, REPORT),
    "results/tiny/tables/survival.csv": (SURVIVAL, REPORT),
    "results/tiny/tables/telemetry-curves.csv": (TELEMETRY,),
    "results/tiny/tables/scores.csv": (SEEDS,),
    "results/tiny/stamps/tables.json": (FIGURE, REPORT, SMALL, CLAIMS, AUDIT),
    "results/tiny/stamps/survival-circle.svg.json": (REPORT, SMALL),
    "results/tiny/stamps/circle.json.json": (REPORT,),
    "results/tiny/frames/circle.json": (REPORT,),
    "figures/tiny/survival-circle.svg": (REPORT, SMALL),
    "results/tiny/raw/metrics.csv.gz": (AUDIT,),
    "results/tiny/raw/noise.csv.gz": (AUDIT,),
    "results/tiny/raw/telemetry.csv.gz": (AUDIT,),
    "results/tiny/raw/runs.jsonl.gz": (AUDIT,),
    "results/tiny/raw/real-data.json": (AUDIT,),
}
"""Files of each kind, and the stages that read them."""
COSTS = ("timing", "run.json", "runs.jsonl.gz", "stamps", "versions")
"""Files that tell how long something took: they differ between two makings of the same.

A page is made again from the same runs, whose cost it tells: it does not.
"""
PRINTED = (CLAIMS, AUDIT)
"""Stages that show their numbers by printing them."""


def _vigan(folder: Path, stage: tuple[str, ...]) -> tuple[int, str]:
    told = io.StringIO()
    named = () if stage[0] in ("audit", "merge", "claims") else ("--config", "tiny.yaml")
    if stage == MERGE:
        shutil.rmtree(folder / MERGED, ignore_errors=True)
    with contextlib.chdir(folder), contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        return main([stage[0], *named, *stage[1:]]), told.getvalue()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of points and one of pictures, run to its page."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.yaml").write_text(STUDY)
    run_to_tables(folder / "tiny.yaml")
    layout = Layout(load_study(folder / "tiny.yaml"))
    figures = [("figure", "--experiment", experiment, "--kind", kind) for kind, experiment in layout.all_figures()]
    frames = [("frames", "--experiment", experiment) for experiment in layout.all_frames()]
    for stage in (*figures, *frames, MOVIE, CONTACT, REPORT, SMALL, MERGE):
        code, told = _vigan(folder, stage)
        assert code == 0, told
    return folder


@pytest.mark.parametrize("pattern", READERS)
def test_a_flipped_bit_ends_in_the_right_numbers_or_in_a_refusal(pattern: str, finished: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "copy"))
    (path,) = folder.glob(pattern)
    whole, before, ends = path.read_bytes(), _numbers(folder), Counter[str]()
    printed = {stage: _vigan(folder, stage)[1] for stage in READERS[pattern] if stage in PRINTED}
    for content in flipped(whole, how_many(3), pattern):
        for stage in READERS[pattern]:
            path.write_bytes(content)
            code, told = _vigan(folder, stage)
            refusals = [line for line in told.splitlines() if line.startswith("vigan: ")]
            assert code == 0 or len(refusals) == 1 or stage == AUDIT, told
            assert "Traceback" not in told
            assert code != 0 or told == printed.get(stage, told)
            path.write_bytes(whole)
            changed = {name for name, content in _numbers(folder).items() if before.get(name, content) != content}
            assert not changed, (stage, told, changed)
            ends[f"{stage[0]}: {'right numbers' if code == 0 else 'refused'}"] += 1
    tell(pattern, ends)


def _numbers(folder: Path) -> dict[str, bytes]:
    """Content by name of all files that hold numbers; of what was merged, all of them."""
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    timed = {name for name in files if not name.startswith(MERGED) and any(cost in name for cost in COSTS)}
    return {name: path.read_bytes() for name, path in files.items() if name not in timed}
