"""Memory and time limits of jobs for a cluster's scheduler, estimated from the study alone.

Too much makes a job wait longer, or is more than a cluster ever gives; too little stops it. A stopped training resumes
from its last checkpoint, with more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from vigan.config.arms import Arm, Dcgan, Mixture, RunSpec
from vigan.config.counts import most_examples, most_in_all
from vigan.config.datasets import CELEBA_COUNT, Dataset
from vigan.config.experiment import Protocol
from vigan.config.study import Study

FLOPS = {True: 2e12, False: 4e10}
"""Assumed operations per second, with a GPU (an old one) and on one core."""

UPDATE_SECONDS = 0.003
"""Seconds of an update with the smallest networks."""

STARTING_MINUTES = 10
MOST_MEMORY = 4
"""Times the estimate that a job asks for at most: attempts are ended for other reasons, too, such as a preemption."""

LIBRARIES_MB = {True: 6000, False: 1500}
"""Memory of a process with its libraries loaded, with CUDA and without."""

FEATURES = 2048
SEVERAL = 6
"""Arrays of features that a measurement holds at once; distances of pairs are held by tiles."""

MANY_SAMPLES = 5000
RUN_ROWS_MB = 0.25


class Resources(NamedTuple):
    """Memory (MB) and time limit (minutes) of a job."""

    mem_mb: int
    runtime: int

    def at(self, attempt: int, longest: int) -> Resources:
        """What a job asks for in an attempt, the first being 1: twice as much in each, as far as that helps.

        It may run for `longest` minutes; a training that needs more is stopped there and resumes in its next attempt.
        """
        growth = 2 ** (attempt - 1)
        return Resources(self.mem_mb * min(growth, MOST_MEMORY), min(self.runtime * growth, longest))


def trains_on_gpu(arm: Arm) -> bool:
    """Whether an arm gains by a GPU: perceptrons and mixtures are so small that the CPU is as fast."""
    return isinstance(arm.network, Dcgan)


def measures_on_gpu(protocols: Iterable[Protocol]) -> bool:
    """Whether measuring gains by a GPU: where a network makes features."""
    return any(protocol.definition.extractor for protocol in protocols)


def for_preparing(dataset: Dataset) -> Resources:
    """Resources for preparing a data set, which is written in blocks."""
    return Resources(
        LIBRARIES_MB[False] + 1000, STARTING_MINUTES + round((most_in_all(dataset) or CELEBA_COUNT) / 1000)
    )


def for_training(spec: RunSpec, *, gpu: bool) -> Resources:
    """Resources for one run: its data set in memory, and the operations of all its updates."""
    seconds = spec.iterations * iteration_seconds(spec, gpu=gpu)
    data = _examples(spec.dataset) * math.prod(spec.dataset.shape) * 4 / 1e6
    return Resources(LIBRARIES_MB[gpu] + round(data), _minutes(seconds))


def for_measuring(study: Study, arm: str, *, gpu: bool) -> Resources:
    """Resources for measuring all snapshots of a run: `protocol_seconds` for each."""
    experiment = study.experiments[study.experiment_of(arm)]
    steps = len(experiment.snapshot_steps)
    seconds = sum(protocol_seconds(p, gpu=gpu) * (steps + p.redraws) for p in experiment.protocols)
    at_once = snapshots_at_once(study, arm)
    return Resources(max(_measuring_mb(p, gpu, at_once) for p in experiment.protocols), _minutes(seconds))


def snapshots_at_once(study: Study, arm: str) -> int:
    """Number of snapshots measured concurrently, which affects no result: several where one takes long."""
    return 4 if any(protocol.samples >= MANY_SAMPLES for protocol in study.protocols_of(arm)) else 1


def for_reference(protocol: Protocol, *, gpu: bool) -> Resources:
    """Resources for measuring the real data: reading them in blocks, and both samples of the floor."""
    return Resources(_measuring_mb(protocol, gpu), _minutes(20 * protocol_seconds(protocol, gpu=gpu)))


def for_joining(study: Study) -> Resources:
    """Resources for analysis, figures and report, which grow with the number of runs."""
    runs = sum(1 for _ in study.runs())
    return Resources(LIBRARIES_MB[False] + round(RUN_ROWS_MB * runs), STARTING_MINUTES + round(runs / 50))


def iteration_seconds(spec: RunSpec, *, gpu: bool) -> float:
    """Upper estimate of an iteration's seconds: its passes through both networks, and an overhead per update.

    A D update is 7 passes of a batch (G; forward and backward through D, of real and fake), a G update 6, G_o one.
    """
    arm = spec.arm
    g_updates = arm.g_batches * arm.k
    passes = 7 * arm.d_batches + 6 * g_updates + arm.g_batches
    work = 2 * passes * arm.batch_size * pass_products(arm, spec.dataset)
    return work / FLOPS[gpu] + UPDATE_SECONDS * (arm.d_batches + g_updates)


def pass_products(arm: Arm, dataset: Dataset) -> float:
    """Multiplications in one example's pass through G or D, whose three inner 5x5 convolutions cost the same."""
    network = arm.network
    if isinstance(network, Dcgan):
        return 25 * (network.dim * dataset.shape[-1]) ** 2 * (3 / 8)
    if isinstance(network, Mixture):
        return 10.0 * network.components
    return float(network.width**2 + 4 * network.width)


def protocol_seconds(protocol: Protocol, *, gpu: bool) -> float:
    """Seconds that a snapshot takes at most, by what its kind says of its cost."""
    return protocol.definition.cost.seconds(protocol.rows, FLOPS[gpu])


def _measuring_mb(protocol: Protocol, gpu: bool, at_once: int = 1) -> int:
    """Memory for the reals, which all snapshots share, and for the samples of as many as are measured at once."""
    rows = protocol.rows + (at_once - 1) * protocol.samples
    return LIBRARIES_MB[gpu] + round(SEVERAL * 8 * rows * FEATURES / 1e6)


def _minutes(seconds: float) -> int:
    return STARTING_MINUTES + math.ceil(seconds / 60)


def _examples(dataset: Dataset) -> int:
    return most_examples(dataset) or CELEBA_COUNT
