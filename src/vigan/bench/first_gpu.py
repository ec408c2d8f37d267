"""What is to be known of a first GPU, step by step; `bench/first-gpu.sh` runs all steps, each with a limit of its own.

python -m vigan.bench.first_gpu STEP OUT.json [--small]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from vigan.bench import gpu
from vigan.bench.engine import WORKLOADS
from vigan.bench.record import processor
from vigan.bench.timing import medians
from vigan.config.load import load_study
from vigan.features import inception
from vigan.features.extractors import make_extractor
from vigan.io.files import read_json, write_json
from vigan.layout import Layout
from vigan.training.device import calculate_in_float32

ROOT = Path(__file__).parents[3]
RUN = """\
study: first-gpu
title: "One run on a first GPU: killed and gone on with, and never stopped"
seeds: [0]
datasets:
  made-up: {{source: folder, path: {images}, side: {side}}}
experiments:
  paper:
    title: "Experiment 1 on made-up images"
    dataset: made-up
    iterations: {iterations}
    snapshots: 2
    log_every: 50
    protocols:
      - {{kind: efflite0-128, samples: 64}}
    shared:
      network: {{kind: dcgan, dim: {dim}, batch_norm: true}}
      reading: released
      d_batches: 1
      g_batches: 1
      batch_size: 64
    arms:
      plain: {{lambda_mean: 0.0}}
      regularised: {{lambda_mean: 5.0}}
claims: []
"""
AT_ONCE = 4


def device() -> torch.device:
    """The first CUDA device, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def engine(small: bool) -> dict[str, Any]:
    """Images a second by mode and precision, memory, and the share of a large product's peak, at paper size."""
    workload, place = WORKLOADS["digits" if small else "paper"], device()
    count = 2 if small else 100
    seconds = gpu.by_precision(workload.arm, workload.shape, count, place, rounds=5)
    rates = {name: count / value for name, value in medians(seconds).items()}
    found: dict[str, Any] = {
        "images_per_second": {name: rate * workload.arm["batch_size"] for name, rate in rates.items()},
        "operations_an_iteration": (operations := gpu.operations(workload.arm, workload.shape)),
        "operations_per_second": {name: rate * operations for name, rate in rates.items()},
        "seconds": seconds,
    }
    return found | ({"peak_memory_bytes": torch.cuda.max_memory_allocated()} if place.type == "cuda" else {})


def processes(small: bool) -> dict[str, Any]:
    """Iterations a second of 1, 2 and 4 processes on one device, in bf16; the script runs it with and without MPS."""
    workload = WORKLOADS["digits" if small else "paper"]
    gpu.RUNS = (1, 2) if small else (1, 2, 4)
    return {"iterations_per_second": gpu.by_runs(workload.arm, workload.shape, 2 if small else 200, str(device()))}


def extraction(small: bool) -> dict[str, Any]:
    """Images a second of each extractor that is here, its memory, and how far its features are from the CPU's."""
    images = np.random.default_rng(0).integers(0, 256, (32 if small else 1024, 3, 64, 64), dtype=np.uint8)
    calculate_in_float32(1)
    names = ["efflite0-128", *(["inception-clean"] if inception.at_hand() else [])]
    return {name: _extracted(name, images) for name in names}


def _extracted(name: str, images: np.ndarray) -> dict[str, float | str]:
    place = device()
    extractor, host = make_extractor(name, str(place)), make_extractor(name, "cpu")
    extractor(images[:2])
    if place.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    begun = time.perf_counter()
    features = extractor(images)
    rate = len(images) / (time.perf_counter() - begun)
    memory = torch.cuda.max_memory_allocated() if place.type == "cuda" else 0
    off = float(np.abs(features[:16] - host(images[:16])).max())
    told = off if np.isfinite(off) else str(off)
    return {"images_per_second": rate, "peak_memory_bytes": memory, "largest_difference_to_cpu": told}


def resume(small: bool) -> dict[str, Any]:
    """Whether a run that was killed and gone on with is, bit for bit, one that was never stopped; and their seconds."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        study = _made_up(home, small)
        vigan(home, "prepare", "--dataset", "made-up", study=study)
        train = ["train", "--arm", "regularised", "--seed", "0", "--no-tensorboard"]
        killed = _killed(home, [*train, "--save-every", "0" if small else "0.5"], study)
        vigan(home, *train, study=study)
        stopped = _record(home, study)
        vigan(home, *train, "--state", "other", study=study)
        whole = _record(home, study)
    return {
        "killed_after_a_checkpoint": killed,
        "same_weights": stopped["weights_sha256"] == whole["weights_sha256"],
        "status": whole["status"],
        "seconds": {"killed and gone on with": stopped["seconds"], "never stopped": whole["seconds"]},
        "device": whole["device"],
        "joules": whole["joules"],
    }


def _made_up(home: Path, small: bool) -> Path:
    draw, images = np.random.default_rng(0), home / "images"
    images.mkdir()
    for index in range(256):
        coarse = Image.fromarray(draw.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        coarse.resize((64, 64), Image.Resampling.BICUBIC).save(images / f"{index:03}.png")
    study = home / "study.yaml"
    sizes = {"side": 32, "iterations": 60, "dim": 8} if small else {"side": 64, "iterations": 400, "dim": 64}
    study.write_text(RUN.format(images=images, **sizes))
    return study


def _killed(home: Path, command: list[str], study: Path) -> bool:
    """Start a run and kill it once it has a checkpoint; False if it was done before."""
    run = subprocess.Popen([*_vigan(command, study)], cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while run.poll() is None and not list((home / "state").rglob("checkpoint-*.json")):
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    return run.wait() == -signal.SIGKILL


def _record(home: Path, study: Path) -> dict[str, Any]:
    layout = Layout(load_study(study))
    (run,) = (run for run in layout.study.runs() if run.arm == "regularised")
    return read_json(home / layout.run(run) / "run.json")


def studies(small: bool) -> dict[str, Any]:
    """Seconds of the smoke study, ring and digits, from nothing to its verdicts, stage by stage, and how runs ended."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        study = home / "smoke.yaml"
        text = (ROOT / "config" / "smoke.yaml").read_text(encoding="utf-8")
        study.write_text(text.replace("iterations: 2000", "iterations: 100") if small else text, encoding="utf-8")
        return _by_stage(home, study, small)


def _by_stage(home: Path, study: Path, small: bool) -> dict[str, Any]:
    made = load_study(study)
    runs = [run for run in made.runs() if not small or (run.arm, run.seed) == ("ring-plain", 0)]
    datasets = ["ring"] if small else list(made.datasets)
    each = [["--arm", run.arm, "--seed", str(run.seed)] for run in runs]
    references = [["--dataset", data, "--protocol", p.name] for data, p in made.measured() if data in datasets]
    stages = {
        "prepare": [["prepare", "--dataset", data] for data in datasets],
        "reference": [["reference", *which] for which in references],
        "train": [["train", *run, "--no-tensorboard"] for run in each],
        "evaluate": [["evaluate", *run, "--threads", "1"] for run in each],
        "analyse": [] if small else [["analyse"]],
    }
    seconds = {stage: _together(home, commands, study) for stage, commands in stages.items()}
    records = [read_json(home / Layout(made).run(run) / "run.json") for run in runs]
    return {
        "seconds": seconds,
        "runs": {f"{r['spec']['name']} {r['spec']['seed']}": [r["device"], r["seconds"], r["status"]] for r in records},
    }


def _together(home: Path, commands: Iterable[list[str]], study: Path) -> float:
    begun = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda command: vigan(home, *command, study=study), commands))
    return round(time.monotonic() - begun, 2)


def vigan(home: Path, *command: str, study: Path) -> None:
    """Run one command of vigan in a folder. Raises RuntimeError with the end of what it said if it fails."""
    done = subprocess.run(_vigan(command, study), cwd=home, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"vigan {' '.join(command)}: {done.stdout[-500:]}{done.stderr[-1500:]}")


def _vigan(command: Iterable[str], study: Path) -> list[str]:
    name, *rest = command
    return [sys.executable, "-m", "vigan.cli", name, "--config", str(study), *rest]


STEPS: dict[str, Callable[[bool], dict[str, Any]]] = {
    step.__name__: step for step in (engine, processes, extraction, resume, studies)
}


def main() -> None:
    """Run one step and write what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("out", type=Path)
    parser.add_argument("--small", action="store_true", help="small networks, to try the script itself")
    options = parser.parse_args()
    for name in ("VIGAN_SLOTS_PER_GPU", "VIGAN_EVALS_PER_GPU"):
        os.environ.setdefault(name, str(AT_ONCE))
    begun = time.monotonic()
    found = STEPS[options.step](options.small)
    name = torch.cuda.get_device_name(0) if device().type == "cuda" else processor()
    about = {"step": options.step, "device": name, "small": options.small}
    write_json(options.out, {**about, "seconds": round(time.monotonic() - begun, 1), "found": found})
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
