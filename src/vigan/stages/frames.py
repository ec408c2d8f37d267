"""Pictures of training from the saved samples of runs: for the page's slider, as a movie, as a contact sheet."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from vigan.config.base import ConfigError
from vigan.config.datasets import Dataset, Grid, Ring
from vigan.config.experiment import Experiment
from vigan.config.study import Study
from vigan.data.toy import means
from vigan.figures import contact
from vigan.figures.frames import PER_SIDE, encode, picture
from vigan.figures.movie import PictureSequence, movie
from vigan.figures.style import NOT_TRAINED
from vigan.io.files import atomic_write, write_json
from vigan.report.frames import Frames, RunPictures
from vigan.stages.frame_budget import budget
from vigan.stages.kept_samples import Files, Missing, PicturedRun, evenly, pictured, seeds_shown
from vigan.stages.real_examples import real_examples

POINTS = 1000
"""Points in a scatter plot, of all that a run keeps."""
MOST_STEPS = 60
"""Steps that are shown where no arm is trained here, whose snapshots would say which."""

Shown = Image.Image | Missing


def write_frames(
    study: Study, experiment: str, files: Sequence[Files], out: Path, folder_of: Callable[[Dataset], Path]
) -> None:
    """Write the pictures of an experiment's runs at steps that are shown, as JSON (see `Frames`).

    `files` are those of its arms. Only the first seeds are included and, of many arms, some of the steps: see
    `frame_budget`. Real examples come from the folder of the prepared data set, if they may be shown and are there.
    """
    dataset = _dataset(study, experiment)
    every, known = seeds_shown(study, experiment, files), _steps(study, experiment, files)
    seeds, steps, each = budget(study, experiment, every, known)
    rows = [(run, _pictures(run, dataset, steps)) for run in pictured(files, dataset, seeds)]
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


def write_movie(study: Study, arms: Sequence[str], seed: int | None, files: Sequence[Files], out: Path) -> None:
    """Write a GIF of arms of one experiment side by side, at one seed.

    If none is named, it is the experiment's first that has samples. `files` are those of the arms.
    """
    experiment = study.experiment_of(arms[0])
    if {study.experiment_of(arm) for arm in arms} != {experiment}:
        raise ConfigError(f"{' and '.join(arms)} are of different experiments and share no steps")
    if missing := [arm for arm in arms if arm not in study.experiments[experiment].pictured]:
        raise ConfigError(f"arm '{missing[0]}' was made elsewhere, of numbers: it has no samples to show")
    common = [one for one in seeds_shown(study, experiment, files) if all(one in study.seeds_of(arm) for arm in arms)]
    chosen = (common or study.seeds_in(experiment))[0] if seed is None else seed
    if missing := [arm for arm in arms if chosen not in study.seeds_of(arm)]:
        raise ConfigError(f"seed {chosen} of arm '{missing[0]}' is not in this study")
    dataset, steps = _dataset(study, experiment), _steps(study, experiment, files)
    sequences = {run.arm: _sequence(run, dataset, steps) for run in pictured(files, dataset, [chosen])}
    with atomic_write(out) as stream:
        stream.write(movie([sequences[arm] for arm in arms], steps))


def write_contact(study: Study, experiment: str, files: Sequence[Files], out: Path) -> None:
    """Write the contact sheet of an experiment, every run of it, as PDF. `files` are those of its arms."""
    chosen, dataset = study.experiment(experiment), _dataset(study, experiment)
    steps = contact.columns(_steps(study, experiment, files))
    seeds = list(dict.fromkeys(seed for arm in chosen.pictured for seed in study.seeds_of(arm)))
    sequences = (_sequence(run, dataset, steps) for run in pictured(files, dataset, seeds))
    with atomic_write(out) as stream:
        contact.save(sequences, steps, f"{chosen.title}: samples{_on_latents(chosen)}", stream)


def _on_latents(experiment: Experiment) -> str:
    """What the rows of pictures share, where they are known to."""
    return "" if experiment.elsewhere else " on the same latents"


def _dataset(study: Study, experiment: str) -> Dataset:
    dataset = study.data_of(experiment)
    if dataset is None or not study.experiments[experiment].pictured:
        raise ConfigError(f"experiment '{experiment}' has no pictures: nothing of it is trained, or sampled, here")
    return dataset


def _steps(study: Study, experiment: str, files: Sequence[Files]) -> Sequence[int]:
    """Steps that are shown: the schedule of the arms that are trained here or, without any, those that were found."""
    chosen = study.experiments[experiment]
    if chosen.arms:
        return chosen.snapshot_steps
    runs = pictured(files, _dataset(study, experiment), seeds_shown(study, experiment, files))
    return evenly(sorted({step for run in runs for step in run.samples}), MOST_STEPS)


def _sequence(run: PicturedRun, dataset: Dataset, steps: Sequence[int]) -> PictureSequence:
    where = f" ({NOT_TRAINED})" if run.elsewhere else ""
    return PictureSequence(f"{run.arm}, seed {run.seed}{where}", _pictures(run, dataset, steps))


def _pictures(run: PicturedRun, dataset: Dataset, steps: Sequence[int]) -> list[Shown]:
    """A picture of each step, or why there is none."""
    modes = _modes(dataset)
    return [_shown(run.at(step), modes) for step in steps]


def _shown(samples: np.ndarray | Missing, modes: np.ndarray | None) -> Shown:
    return picture(samples, modes) if isinstance(samples, np.ndarray) else samples


def _run_pictures(run: PicturedRun, pictures: Sequence[Shown], most: int) -> RunPictures:
    return RunPictures(
        arm=run.arm,
        seed=run.seed,
        elsewhere=run.elsewhere,
        pictures=tuple(_uri(shown, most) if isinstance(shown, Image.Image) else None for shown in pictures),
        missing=tuple("" if isinstance(shown, Image.Image) else shown for shown in pictures),
    )


def _uri(shown: Image.Image, most: int) -> str:
    return f"data:image/webp;base64,{base64.b64encode(encode(shown, most)).decode()}"
