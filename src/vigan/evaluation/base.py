"""The interface of evaluators, which turn samples into numbers."""

from __future__ import annotations

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from vigan.config.datasets import Dataset
from vigan.data.store import Prepared
from vigan.protocols.base import ProtocolKind

Arrays = Mapping[str, np.ndarray]
Measure = Callable[[np.ndarray], dict[str, float]]
"""Maps what a protocol measures (uint8 NCHW images, float32 points, decoded codes, D's logits) to named numbers."""


class Subject(NamedTuple):
    """What is to be measured: a kind of protocol on a data set, the torch device that networks run on.

    `samples` is how many are compared with the reference, where they are not as many as that has examples.
    """

    kind: ProtocolKind
    dataset: Dataset
    prepared: Prepared
    device: str
    samples: int | None = None


class Evaluator(ABC):
    """How one kind of protocol measures; it has reference arrays only if the kind compares with real data."""

    def key(self) -> dict[str, str]:
        """What its arrays depend on besides data and sample count."""
        return {}

    def reference_arrays(self, reals: np.ndarray) -> dict[str, np.ndarray]:  # noqa: ARG002
        """Arrays computed once from a sample of real examples; the examples themselves as "reals" if decoded."""
        return {}

    def left_out(
        self,
        reals: np.ndarray,
        arrays: Arrays,  # noqa: ARG002
        rows: np.ndarray,
        others: np.ndarray,
    ) -> dict[str, float]:
        """Numbers of the reals in `rows`, and of `others`, against the rest; `arrays` was taken of all the reals."""
        rest = self.reference_arrays(np.delete(reals, rows, axis=0))
        return self.measure(rest)(np.concatenate([reals[rows], others]))

    @abstractmethod
    def measure(self, arrays: Arrays) -> Measure:
        """The measurement, ready for any number of snapshots."""


def make_evaluator(subject: Subject) -> Evaluator:
    """The evaluator of a subject's kind, imported by the name that the kind declares."""
    return pkgutil.resolve_name(subject.kind.evaluator)(subject)


def named(kind: ProtocolKind, found: Mapping[str, float] | float) -> dict[str, float]:
    """Numbers by name, of a kind's estimator that gives them so, or gives the number of the kind's only metric."""
    if isinstance(found, Mapping):
        return dict(found)
    (name,) = kind.metrics
    return {name: float(found)}
