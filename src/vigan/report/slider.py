"""The slider through training, from the pictures of each experiment."""

from __future__ import annotations

from collections.abc import Sequence

from vigan.config.study import Study
from vigan.report.frames import Frames, Reel
from vigan.report.page import Block, Scene, Scrubber, Still

NOTE = (
    "Samples of every arm side by side, on the same latents within a seed. Move the slider, by hand or with the arrow "
    "keys, to go from the initial weights to the last iteration."
)
FEWER = " So that the page can be mailed, it holds pictures of {shown} of {all} seeds: the first, whatever they show."


def scrubber(study: Study, experiments: Sequence[Frames]) -> Scrubber:
    """The slider of a study: one scene an experiment, showing the last step of its first seed until it is moved."""
    seeds = list(dict.fromkeys(seed for frames in experiments for seed in frames.seeds))
    every = len({run.seed for run in study.runs()})
    fewer = FEWER.format(shown=len(seeds), all=every) if len(seeds) < every else ""
    return Scrubber(
        last=max(len(frames.steps) for frames in experiments) - 1,
        seeds=[str(seed) for seed in seeds],
        note=NOTE + fewer,
        scenes=[_scene(study.experiments[frames.experiment].title, frames) for frames in experiments],
        blocks=[_block(at, frames, seed) for at, frames in enumerate(experiments) for seed in frames.seeds],
    )


def _reels(frames: Frames, seed: int) -> list[Reel]:
    return [reel for reel in frames.reels if reel.seed == seed]


def _scene(title: str, frames: Frames) -> Scene:
    told = f"seed {frames.seeds[0]}, iteration {frames.steps[-1]:,}"
    stills = [
        Still(reel.arm, reel.pictures[-1] or "", reel.missing[-1], f"Samples of arm {reel.arm}, {told}")
        for reel in _reels(frames, frames.seeds[0])
    ]
    hard_edges = frames.kind == "images" and frames.width < 300
    return Scene(title, f"iteration {frames.steps[-1]:,}", frames.width, frames.height, hard_edges, stills)


def _block(scene: int, frames: Frames, seed: int) -> Block:
    arms = [
        {"name": reel.arm, "pictures": [picture or "" for picture in reel.pictures], "missing": list(reel.missing)}
        for reel in _reels(frames, seed)
    ]
    return Block(scene, str(seed), {"steps": list(frames.steps), "arms": arms})
