"""Gaussians found, on the ring and the grid."""

from __future__ import annotations

from vigan.config.datasets import Grid, Ring
from vigan.data.toy import means
from vigan.evaluation.base import Arrays, Evaluator, Measure, Subject
from vigan.metrics.modes import toy_modes


class ToyModes(Evaluator):
    """`vigan.metrics.modes.toy_modes` of points, by the data set's own means and deviation."""

    def __init__(self, subject: Subject) -> None:
        assert isinstance(subject.dataset, Ring | Grid)
        self.centres, self.std = means(subject.dataset), subject.dataset.std

    def measure(self, arrays: Arrays) -> Measure:  # noqa: ARG002
        """`toy_modes` of points."""
        return lambda samples: toy_modes(samples, self.centres, self.std)
