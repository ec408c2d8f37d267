"""The slider through training, from the pictures of each experiment."""

from __future__ import annotations

from collections.abc import Sequence

from vigan.config.study import Study
from vigan.report.frames import Frames, RunPictures
from vigan.report.page import Block, Slider, SliderArm, SliderExperiment

NOTE = (
    "Samples of every arm side by side, on the same latents within a seed. Move the slider, by hand or with the arrow "
    "keys, to go from the initial weights to the last iteration."
)
APART = " Latents of arms that were not trained here are not known: shown are some of the samples that were given."
FEWER = " So that the page can be mailed, it holds pictures of {shown} of {all} seeds: the first, whatever they show."


def slider(study: Study, experiments: Sequence[Frames]) -> Slider:
    """The slider of a study, with all experiments; it first shows the last step of the first seed."""
    seeds = list(dict.fromkeys(seed for frames in experiments for seed in frames.seeds))
    every = len({run.seed for run in study.every_run()})
    fewer = FEWER.format(shown=len(seeds), all=every) if len(seeds) < every else ""
    return Slider(
        last=max(len(frames.steps) for frames in experiments) - 1,
        seeds=[str(seed) for seed in seeds],
        note=NOTE + (APART if any(run.elsewhere for frames in experiments for run in frames.runs) else "") + fewer,
        experiments=[_experiment(study.experiments[frames.experiment].title, frames) for frames in experiments],
        blocks=[_block(at, frames, seed) for at, frames in enumerate(experiments) for seed in frames.seeds],
    )


def _runs_of(frames: Frames, seed: int) -> list[RunPictures]:
    return [run for run in frames.runs if run.seed == seed]


def _experiment(title: str, frames: Frames) -> SliderExperiment:
    where = f"seed {frames.seeds[0]}, iteration {frames.steps[-1]:,}"
    arms = [
        SliderArm(
            run.arm,
            run.pictures[-1] or "",
            run.missing[-1],
            f"Samples of arm {run.arm}, {where}",
            "not trained here" if run.elsewhere else "",
        )
        for run in _runs_of(frames, frames.seeds[0])
    ]
    hard_edges = frames.kind == "images" and frames.width < 300
    step = f"iteration {frames.steps[-1]:,}"
    return SliderExperiment(title, step, frames.width, frames.height, hard_edges, frames.real or "", arms)


def _block(experiment: int, frames: Frames, seed: int) -> Block:
    arms = [
        {"name": run.arm, "pictures": [picture or "" for picture in run.pictures], "missing": list(run.missing)}
        for run in _runs_of(frames, seed)
    ]
    return Block(experiment, str(seed), {"steps": list(frames.steps), "arms": arms})
