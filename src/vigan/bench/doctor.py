"""`vigan doctor`: what this machine can do, and what is wrong with it, in three minutes at most."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch

from vigan.bench.doctor_arms import TOLERANCE, Kept, check_arms
from vigan.bench.doctor_machine import Problem, machine, problems
from vigan.bench.engine import WORKLOADS
from vigan.bench.fixtures import batches, engine
from vigan.bench.gpu import by_precision, by_runs
from vigan.bench.record import Measurement, processor
from vigan.bench.timing import medians
from vigan.config.study import Study
from vigan.features.extractors import make_extractor
from vigan.runtime.resources import trains_on_gpu
from vigan.runtime.settings import gpus
from vigan.tools.estimate import Estimate, estimate, format_estimate, human, where
from vigan.tools.timings import keep
from vigan.training.cuda_graph import WARM_UP, trainer
from vigan.training.device import calculate_in_float32
from vigan.training.device_data import format_size

ENOUGH = 110.0
"""Seconds after which no further measurement is begun: the longest takes a minute."""
ITERATIONS = {"cpu": 1, "cuda": 50}
WORKLOAD = {False: "paper", True: "digits"}


class Visit(NamedTuple):
    """What a doctor found: facts, problems, and measurements by name; None for one there was no time for."""

    device: str
    facts: dict[str, Any]
    problems: list[Problem]
    arms: dict[str, Kept] | None
    images: dict[str, float] | None
    memory: dict[str, int] | None
    runs: dict[str, Any] | None
    study: Estimate | None
    seconds: float


def visit(study: Study, name: str = "auto", *, quick: bool = False) -> Visit:
    """Everything about this machine that a study wants to know; quick: small networks instead of the article's."""
    begun, facts = time.monotonic(), machine()
    wrong = problems(facts)
    device = torch.device("cpu" if name == "auto" and wrong and not facts["cuda"] else where(name, gains=True))
    workload = WORKLOADS[WORKLOAD[quick]]
    calculate_in_float32(1)

    def timely(measure: Callable[[], Any]) -> Any:
        return measure() if time.monotonic() - begun < ENOUGH else None

    arms = timely(lambda: check_arms(device))
    images = timely(lambda: _images(workload.arm, workload.shape, device))
    memory = timely(lambda: _memory(workload.arm, workload.shape, device)) if device.type == "cuda" else None
    found = timely(lambda: estimate(study, "auto" if device.type == "cuda" and name == "auto" else str(device)))
    if found is not None:
        if device.type == "cuda":
            found.at_once = max(1, len(gpus()))
        if facts["load"] <= facts["cores"]:  # what a busy machine took says nothing of a study
            _keep(study, found, device)
    runs = timely(lambda: by_runs(workload.arm, workload.shape, ITERATIONS["cuda"])) if device.type == "cuda" else None
    calculate_in_float32(1)
    return Visit(str(device), facts, wrong, arms, images, memory, runs, found, time.monotonic() - begun)


def _keep(study: Study, found: Estimate, device: torch.device) -> None:
    """Keep what an iteration of each arm takes, for preflight."""
    specs = (study.run_spec(arm) for arm in found.train)
    timed = [spec for spec in specs if trains_on_gpu(spec.arm) or device.type == "cpu"]
    keep(device, [(spec, found.train[spec.name] / spec.iterations) for spec in timed])


def _images(arm: dict[str, Any], shape: tuple[int, ...], device: torch.device) -> dict[str, float]:
    """Real images a second by mode and precision."""
    count = ITERATIONS[device.type]
    seconds = medians(by_precision(arm, shape, count, device, rounds=3 if device.type == "cuda" else 1))
    return {name: round(count * arm["batch_size"] / value, 1) for name, value in seconds.items()}


def _memory(arm: dict[str, Any], shape: tuple[int, ...], device: torch.device) -> dict[str, int]:
    """Peak bytes on a CUDA device of a run in float32 and of an extraction."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    trained, given = trainer(engine(arm, shape, "float32", device), device), batches(arm, shape, device)
    for _ in range(WARM_UP + 2):
        trained.iterate(given)
    run = torch.cuda.max_memory_allocated(device)
    del trained, given
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    make_extractor("efflite0-128", str(device))(np.zeros((256, *shape), dtype=np.uint8))
    return {"run": run, "evaluation": torch.cuda.max_memory_allocated(device)}


def measurement(found: Visit) -> Measurement:
    """A visit as a record."""
    name = torch.cuda.get_device_name(0) if found.device.startswith("cuda") else processor()
    study = found.study and {**vars(found.study), "share": round(found.study.share, 4)}
    summary = {
        "problems": [problem._asdict() for problem in found.problems],
        "arms_sound": None if found.arms is None else all(arm.sound for arm in found.arms.values()),
        "images_per_second": found.images,
        "memory_bytes": found.memory,
        "iterations_per_second_by_runs": found.runs,
        "seconds": round(found.seconds, 1),
    }
    arms = {name: arm._asdict() for name, arm in (found.arms or {}).items()}
    return Measurement(name, {"tolerance": TOLERANCE, "facts": found.facts}, summary, {"arms": arms, "study": study})


def page(found: Visit, study: str) -> str:
    """A visit as a page to read."""
    return "\n".join(
        [*_of_machine(found.facts), "", *_of_arms(found), "", *_of_speed(found), "", *_of_study(found, study), "",
         *_of_problems(found), f"({found.seconds:.0f} s)"]
    )  # fmt: skip


def _of_machine(facts: dict[str, Any]) -> Iterator[str]:
    yield f"machine    {facts['processor']}, {facts['cores']} cores, {format_size(facts['memory_bytes'])}"
    yield f"python     {facts['python']}, torch {facts['torch']} for CUDA {facts['torch_cuda'] or 'none'}"
    nvml = "answers" if facts["nvml"] else "is absent"
    yield f"driver     {facts['driver'] or 'none'}; NVML {nvml}; MPS {facts['mps']}"
    for card, capability in zip(facts["cards"], [*facts["capabilities"], *["?"] * len(facts["cards"])], strict=False):
        free, all_of_it = format_size(card["free"]), format_size(card["memory"])
        yield f"GPU        {card['name']} (compute capability {capability}), {free} of {all_of_it} free"
    yield f"jobs take  {'GPU ' + ', '.join(facts['used']) if facts['used'] else 'the CPU'}"


def _of_arms(found: Visit) -> Iterator[str]:
    if found.arms is None:
        yield "arms       not checked: no time left"
        return
    unsound = {name: arm for name, arm in found.arms.items() if not arm.sound}
    modes = "eager and captured" if found.device.startswith("cuda") else "eager"
    errors = [part for arm in found.arms.values() for part in arm if isinstance(part, float)]
    error = f"largest error {max(errors):.1g} of the way" if errors else "no error could be measured"
    sound = len(found.arms) - len(unsound)
    yield f"arms       {sound} of {len(found.arms)} kinds train on {found.device}, {modes}, as float64 does ({error})"
    for name, arm in unsound.items():
        yield f"           not {name}: eager {arm.eager}, captured {arm.captured}"


def _of_speed(found: Visit) -> Iterator[str]:
    for name, rate in (found.images or {"not measured": float("nan")}).items():
        yield f"images/s   {name.replace('_', ' '):<18} {rate:>10,.1f}"
    for name, size in (found.memory or {}).items():
        yield f"memory     {name:<18} {format_size(size):>10}"
    for count, rate in (found.runs or {}).items():
        yield f"together   {count + ' runs':<18} {rate:>10} iterations/s"


def _of_study(found: Visit, study: str) -> list[str]:
    if found.study is None:
        return [f"study '{study}': not timed, no time left; vigan estimate says it"]
    return [f"study '{study}' on {found.device}:", format_estimate(found.study, found.facts["cores"])]


def _of_problems(found: Visit) -> list[str]:
    wrong = [f"wrong      {problem.what}\n           type: {problem.remedy}" for problem in found.problems]
    unknown = [] if found.facts["inception"] else ["note       Inception is not here: the FID will fetch it"]
    long = []
    if found.study and not found.device.startswith("cuda"):
        total = found.study.total(found.study.train) / found.facts["cores"]
        long = [f"note       no GPU is used: training alone would take {human(total)} with all cores"]
    load, cores = found.facts["load"], found.facts["cores"]
    busy = [f"note       a load of {load:g} on {cores} cores: what was timed is too slow"] if load > cores else []
    return [*(wrong or ["wrong      nothing"]), *busy, *unknown, *long]
