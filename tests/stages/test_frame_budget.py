"""A page's pictures fit in what can be mailed: of many arms they are smaller, then fewer."""

from __future__ import annotations

from pathlib import Path

import pytest

from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.stages.frame_budget import FEWEST, IMAGE_BYTES, LEAST_BYTES, PAGE_BYTES, budget

TEXT = """\
study: many
title: Many arms
seeds: [0, 1, 2]
datasets: {{data: {{source: {source}}}}}
experiments:
  one:
    title: One
    dataset: data
    iterations: 1000
    snapshots: {snapshots}
    protocols: [{{kind: {protocol}}}]
    shared: {{network: {network}, reading: released, d_batches: 1, g_batches: 1, batch_size: 8}}
    arms:
"""
IMAGES = {"source": "folder, path: pictures", "protocol": "efflite0-128, samples: 64"}
POINTS = {"source": "ring", "protocol": "toy-modes, samples: 500"}
NETWORKS = {"folder": "{kind: dcgan, dim: 2, batch_norm: true}", "ring": "{kind: mlp, width: 8}"}


def _study(folder: Path, arms: int, snapshots: int, data: dict[str, str] = IMAGES) -> Study:
    network = NETWORKS[data["source"].split(",")[0]]
    text = TEXT.format(**data, snapshots=snapshots, network=network)
    (folder / "many.yaml").write_text(
        text + "".join(f"      a{place}: {{lambda_mean: {place}}}\n" for place in range(arms))
    )
    return load_study(folder / "many.yaml")


def _steps(study: Study) -> tuple[int, ...]:
    return study.experiments["one"].snapshot_steps


def test_few_arms_have_all_steps_of_several_seeds_at_full_size(tmp_path: Path) -> None:
    study = _study(tmp_path, 2, 10)
    assert budget(study, "one", study.seeds, _steps(study)) == (
        (0, 1, 2),
        study.experiments["one"].snapshot_steps,
        IMAGE_BYTES,
    )


@pytest.mark.parametrize("data", [IMAGES, POINTS])
@pytest.mark.parametrize(("arms", "snapshots"), [(25, 20), (100, 20), (100, 200)])
def test_of_many_arms_the_first_seeds_fit_in_the_page_from_the_first_step_to_the_last(
    tmp_path: Path, arms: int, snapshots: int, data: dict[str, str]
) -> None:
    study = _study(tmp_path, arms, snapshots, data)
    made, steps = budget(study, "one", study.seeds, _steps(study)), study.experiments["one"].snapshot_steps
    assert made.seeds == (0, 1, 2)[: len(made.seeds)]
    assert len(made.seeds) * arms * len(made.steps) * made.each <= PAGE_BYTES
    assert (made.steps[0], made.steps[-1]) == (steps[0], steps[-1])
    assert set(made.steps) <= set(steps)
    assert len(made.steps) >= min(FEWEST, len(steps))


def test_pictures_become_smaller_before_they_become_fewer(tmp_path: Path) -> None:
    study = _study(tmp_path, 25, 20)
    made = budget(study, "one", study.seeds, _steps(study))
    assert made.steps == study.experiments["one"].snapshot_steps
    assert LEAST_BYTES < made.each < IMAGE_BYTES
