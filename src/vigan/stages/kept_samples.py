"""The samples that are stored for figures: of a run that was trained here, and of an arm that was made elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from vigan.config.datasets import Dataset
from vigan.config.study import Study
from vigan.io.arrays import read_npz
from vigan.io.elsewhere_record import SAMPLES, ElsewhereFiles
from vigan.io.files import RecordError, atomic_write
from vigan.io.run_record import RunFiles
from vigan.stages.freshness import check_kept_samples

Missing = Literal["diverged", "not finite", "no samples"]
"""Why there is no picture of a step."""


class PicturedRun(NamedTuple):
    """A run's samples by step, uint8 images (n, C, side, side) or points (n, 2), or why a step has none.

    `absent` says it of all other steps; `elsewhere`: the run was not trained here.
    """

    arm: str
    seed: int
    samples: Mapping[int, np.ndarray | Missing]
    absent: Missing
    elsewhere: bool = False

    def at(self, step: int) -> np.ndarray | Missing:
        """The samples of a step, or why there are none."""
        return self.samples.get(step, self.absent)


Files = RunFiles | ElsewhereFiles
Run = tuple[int, int]
"""(seed, step) of a snapshot."""


def pictured(
    files: Iterable[Files], dataset: Dataset, seeds: Collection[int], *, checked: bool = True
) -> Iterator[PicturedRun]:
    """The runs of some seeds, of arms of one experiment, one after the other; those not found have no samples.

    Raises RecordError naming samples that are missing or of another data set and, where it is to be `checked`,
    that are not what was written.
    """
    for one in files:
        if checked and (isinstance(one, ElsewhereFiles) or one.spec.seed in seeds):
            check_kept_samples(one)
        if isinstance(one, ElsewhereFiles):
            found = {run.seed: run for run in of_arm(one, dataset)}
            nothing = PicturedRun(one.name, 0, {}, "no samples", elsewhere=True)
            yield from (found.get(seed, nothing._replace(seed=seed)) for seed in seeds)
        elif one.spec.seed in seeds:
            yield of_run(one)


def seeds_shown(study: Study, experiment: str, files: Iterable[Files]) -> tuple[int, ...]:
    """The seeds of an experiment in the order in which their samples are shown.

    Without an arm that is trained here: first those of which an arm has samples.
    """
    chosen, seeds, dataset = study.experiments[experiment], study.seeds_in(experiment), study.data_of(experiment)
    if chosen.arms or dataset is None:
        return seeds
    every = tuple(dict.fromkeys(seed for arm in chosen.pictured for seed in study.seeds_of(arm)))
    found = {run.seed for run in pictured(files, dataset, every, checked=False) if run.samples}
    return tuple(sorted(every, key=lambda seed: seed not in found))


def of_run(run: RunFiles) -> PicturedRun:
    """A run that was trained here. Raises RecordError for samples that are none of it."""
    path, remedy, shape = run.folder / SAMPLES, "evaluate the run again", run.spec.dataset.shape
    kept = read_npz(path, ("steps", "samples", "finite"), remedy=remedy)
    steps, samples, finite = kept["steps"], kept["samples"], kept["finite"]
    sound = finite.dtype == bool and steps.shape == finite.shape == samples.shape[:1] and _fit(steps, samples, shape)
    if not sound:
        raise RecordError(f"{path}: not the samples of this run; {remedy}")
    found = zip(steps, samples, finite, strict=True)
    by_step: dict[int, np.ndarray | Missing] = {int(step): own if whole else "not finite" for step, own, whole in found}
    return PicturedRun(run.spec.name, run.spec.seed, by_step, "diverged")


def of_arm(arm: ElsewhereFiles, dataset: Dataset) -> list[PicturedRun]:
    """The runs of an arm that was made elsewhere, of which some samples were kept. Raises RecordError for others."""
    path = arm.folder / SAMPLES
    kept = read_npz(path, ("seeds", "steps", "counts", "samples"), remedy=arm.mend)
    seeds, steps, counts, samples = (kept[name] for name in ("seeds", "steps", "counts", "samples"))
    if not (seeds.shape == steps.shape == counts.shape == samples.shape[:1] and _fit(steps, samples, dataset.shape)):
        raise RecordError(f"{path}: not the samples of this arm; {arm.mend}")
    found: dict[int, dict[int, np.ndarray | Missing]] = {}
    for seed, step, count, own in zip(seeds, steps, counts, samples, strict=True):
        found.setdefault(int(seed), {})[int(step)] = own[: int(count)]
    return [PicturedRun(arm.name, seed, by_step, "no samples", elsewhere=True) for seed, by_step in found.items()]


def keep(arm: ElsewhereFiles, few: Mapping[Run, np.ndarray], dataset: Dataset, dtype: np.dtype) -> None:
    """Write some samples of an arm that was made elsewhere; `counts` says how many of a row are samples."""
    runs, counts = np.array(list(few), np.int64).reshape(-1, 2), [len(samples) for samples in few.values()]
    kept = np.zeros((len(few), max(counts, default=0), *dataset.shape), dtype)
    for place, samples in enumerate(few.values()):
        kept[place, : len(samples)] = samples
    with atomic_write(arm.folder / SAMPLES) as stream:
        np.savez_compressed(stream, seeds=runs[:, 0], steps=runs[:, 1], counts=np.array(counts, np.int64), samples=kept)


def _fit(steps: np.ndarray, samples: np.ndarray, shape: Sequence[int]) -> bool:
    """Whether samples are as a data set stores its examples, and steps whole numbers."""
    images = len(shape) == 3
    return (
        steps.dtype.kind in "iu"
        and samples.dtype == (np.uint8 if images else np.float32)
        and samples.shape[2:] == tuple(shape)
        and (images or bool(np.isfinite(samples).all()))
    )


def evenly(steps: Sequence[int], most: int) -> list[int]:
    """At most so many of some steps, evenly spaced, the first and the last among them."""
    places = np.linspace(0, len(steps) - 1, min(most, len(steps)))
    return [steps[round(place)] for place in places]
