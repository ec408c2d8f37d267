"""Pictures of training from the saved samples of runs: for the page's slider, as a movie, as a contact sheet."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from vigan.config.base import ConfigError
from vigan.config.datasets import Dataset, Grid, Ring
from vigan.config.study import Study
from vigan.data.toy import means
from vigan.figures import contact
from vigan.figures.frames import PER_SIDE, encode, picture
from vigan.figures.movie import PictureSequence, movie
from vigan.io.files import atomic_write, write_json
from vigan.io.run_record import RunFiles
from vigan.report.frames import Frames, RunPictures
from vigan.stages.frame_budget import budget
from vigan.stages.kept_samples import read_samples
from vigan.stages.real_examples import real_examples

POINTS = 1000
"""Points in a scatter plot, of all that a run keeps."""

Shown = Image.Image | Literal["diverged", "not finite"]


def write_frames(
    study: Study, experiment: str, runs: Sequence[RunFiles], out: Path, folder_of: Callable[[Dataset], Path]
) -> None:
    """Write the pictures of an experiment's runs at scheduled steps, as JSON (see `Frames`).

    Only the first seeds are included and, of many arms, some of the steps: see `frame_budget`. Real examples come from
    the folder of the prepared data set, if they may be shown and are there.
    """
    study.experiment(experiment)
    dataset = _dataset(study, experiment)
    seeds, steps, each = budget(study, experiment)
    few = [run for run in runs if run.experiment == experiment and run.spec.seed in seeds]
    rows = [(run, _pictures(run, dataset, steps)) for run in few]
    whole = [shown for _, row in rows for shown in row if isinstance(shown, Image.Image)]
    width, height = whole[0].size if whole else (0, 0)
    images = len(dataset.shape) == 3
    shown = PER_SIDE**2 if images else POINTS
    frames = Frames(
        experiment=experiment,
        kind="images" if images else "points",
        shown=shown,
        width=width,
        height=height,
        steps=steps,
        runs=tuple(_run_pictures(run, row, each) for run, row in rows),
        real=_real(dataset, folder_of(dataset), shown, each),
    )
    write_json(out, frames.model_dump(mode="json"))


def _real(dataset: Dataset, data: Path, count: int, most: int) -> str | None:
    """A picture of real examples, as those of samples are."""
    examples = real_examples(dataset, data, count)
    return None if examples is None else _uri(picture(examples, _modes(dataset)), most)


def _modes(dataset: Dataset) -> np.ndarray | None:
    return means(dataset) if isinstance(dataset, Ring | Grid) else None


def write_movie(study: Study, arms: Sequence[str], seed: int | None, runs: Sequence[RunFiles], out: Path) -> None:
    """Write a GIF of arms of one experiment side by side, at one seed, the experiment's first if none is named."""
    experiment = study.experiment_of(arms[0])
    if {study.experiment_of(arm) for arm in arms} != {experiment}:
        raise ConfigError(f"{' and '.join(arms)} are of different experiments and share no steps")
    chosen = study.seeds_in(experiment)[0] if seed is None else seed
    by_arm = {run.spec.name: run for run in runs if run.spec.seed == chosen}
    if missing := [arm for arm in arms if arm not in by_arm]:
        raise ConfigError(f"seed {chosen} of arm '{missing[0]}' is not in this study")
    steps = study.experiments[experiment].snapshot_steps
    sequences = [_sequence(by_arm[arm], study.dataset_of(arm), steps) for arm in arms]
    with atomic_write(out) as stream:
        stream.write(movie(sequences, steps))


def write_contact(study: Study, experiment: str, runs: Sequence[RunFiles], out: Path) -> None:
    """Write the contact sheet of an experiment, every run of it, as PDF."""
    chosen = study.experiment(experiment)
    steps = contact.columns(chosen.snapshot_steps)
    dataset = _dataset(study, experiment)
    sequences = (_sequence(run, dataset, steps) for run in runs if run.experiment == experiment)
    with atomic_write(out) as stream:
        contact.save(sequences, steps, f"{chosen.title}: samples on the same latents", stream)


def _dataset(study: Study, experiment: str) -> Dataset:
    dataset = study.data_of(experiment)
    if dataset is None or not study.experiments[experiment].arms:
        raise ConfigError(f"experiment '{experiment}' has no pictures: nothing of it is trained here")
    return dataset


def _sequence(run: RunFiles, dataset: Dataset, steps: Sequence[int]) -> PictureSequence:
    return PictureSequence(f"{run.spec.name}, seed {run.spec.seed}", _pictures(run, dataset, steps))


def _pictures(run: RunFiles, dataset: Dataset, steps: Sequence[int]) -> list[Shown]:
    """A picture of each step, or why there is none. Raises RecordError for a run of another config, or for damage."""
    run.measured(run.record(), "samples.npz")
    modes = _modes(dataset)
    kept, samples, finite = read_samples(run)
    at = {int(step): place for place, step in enumerate(kept)}
    return [_shown(samples, finite, at.get(step), modes) for step in steps]


def _shown(samples: np.ndarray, finite: np.ndarray, place: int | None, modes: np.ndarray | None) -> Shown:
    if place is None:
        return "diverged"
    return picture(samples[place], modes) if finite[place] else "not finite"


def _run_pictures(run: RunFiles, pictures: Sequence[Shown], most: int) -> RunPictures:
    return RunPictures(
        arm=run.spec.name,
        seed=run.spec.seed,
        pictures=tuple(_uri(shown, most) if isinstance(shown, Image.Image) else None for shown in pictures),
        missing=tuple("" if isinstance(shown, Image.Image) else shown for shown in pictures),
    )


def _uri(shown: Image.Image, most: int) -> str:
    return f"data:image/webp;base64,{base64.b64encode(encode(shown, most)).decode()}"
