"""Draws from the generators of numpy and Python end a run in a line."""

from __future__ import annotations

import random
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from vigan.training.other_draws import NoOtherDraws, no_other_draws
from vigan.training.randomness import GlobalDrawError

ROW: dict[str, float] = {"iteration": 1.0}
NETWORKS: Any = None


DRAWS = [lambda: np.random.rand(), lambda: np.random.seed(3), random.random, lambda: random.seed(1)]


@pytest.mark.parametrize("draw", DRAWS, ids=["numpy", "numpy's seed", "Python", "Python's seed"])
def test_a_draw_between_two_logged_iterations_is_noticed(draw) -> None:
    watch = NoOtherDraws("penalised")
    watch(1, ROW, NETWORKS)
    watch(2, ROW, NETWORKS)
    draw()
    watch(3, None, NETWORKS)
    with pytest.raises(
        GlobalDrawError, match="arm 'penalised': a plug-in draws from numpy's or Python's global"
    ) as told:
        watch(4, ROW, NETWORKS)
    assert "\n" not in told.value.text


@pytest.mark.parametrize("draw", DRAWS, ids=["numpy", "numpy's seed", "Python", "Python's seed"])
def test_a_draw_in_the_first_iteration_alone_is_noticed(draw, spec, start, tmp_path) -> None:
    run = start(spec("mlp"), tmp_path)
    run.networks.discriminator.register_forward_pre_hook(lambda *_: None if run.iteration > 1 else draw() and None)
    with pytest.raises(GlobalDrawError, match="draws from numpy's or Python's global"):
        run.train()


def test_generators_of_one_s_own_are_nobody_s_business() -> None:
    watch = NoOtherDraws("penalised")
    watch(1, ROW, NETWORKS)
    np.random.default_rng(0).random()
    random.Random(0).random()
    watch(2, ROW, NETWORKS)


def test_what_libraries_draw_while_they_are_imported_is_nobody_s_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sound plug-in that imports one in its first iteration was refused."""

    def importing(name: str, draw) -> None:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
        draw()

    with no_other_draws("penalised"):
        importing("imported_late", random.random)
    with pytest.raises(GlobalDrawError), no_other_draws("penalised"):
        importing("imported_later", np.random.rand)
