"""How many pictures of samples a page holds, and how large each may be, so that the page can be mailed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vigan.config.study import Study
from vigan.figures.frames import LARGEST
from vigan.stages.kept_samples import evenly

PAGE_BYTES = 5_000_000
"""Size limit of all pictures of a study's page; in the page each takes a third more."""
SMALL_BYTES, IMAGE_BYTES, CLOUD_BYTES = 11_000, 24_000, 4_500
"""Size limit of a picture of images smaller than `LARGEST` pixels, and of others; usual size of a scatter plot."""
LEAST_BYTES = 5_000
"""Limit below which no picture of images is forced: fewer steps are shown instead."""
FEWEST = 5
"""Steps below which no run's pictures are thinned."""


class Budget(NamedTuple):
    """The seeds and steps of an experiment whose pictures the page holds, and the most bytes of each picture."""

    seeds: tuple[int, ...]
    steps: tuple[int, ...]
    each: int


def budget(study: Study, experiment: str, seeds: Sequence[int], steps: Sequence[int]) -> Budget:
    """The first `seeds`, as many as fit in the experiment's share of the page, but at least one; some of the `steps`.

    Of many arms even that is too much: their pictures are smaller, then fewer.
    """
    chosen, dataset = study.experiments[experiment], study.data_of(experiment)
    share = PAGE_BYTES // len(study.experiments)
    arms = len(chosen.pictured)
    images = dataset is not None and len(dataset.shape) == 3
    large = dataset is not None and dataset.shape[-1] >= LARGEST
    usual, least = (IMAGE_BYTES if large else SMALL_BYTES, LEAST_BYTES) if images else (CLOUD_BYTES, CLOUD_BYTES)
    each = max(least, min(usual, share // (arms * len(steps))))
    kept = tuple(evenly(steps, max(FEWEST, share // (arms * each))))
    return Budget(tuple(seeds[: max(1, share // (arms * each * len(kept)))]), kept, each)
