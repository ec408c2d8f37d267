"""The evaluator of kinds that name an estimator, a function of arrays."""

from __future__ import annotations

import pkgutil

import numpy as np

from vigan.evaluation.base import Arrays, Evaluator, Measure, Subject, named


class ByEstimator(Evaluator):
    """Numbers by the kind's estimator: a function of samples or, where the kind compares, of reals and samples."""

    def __init__(self, subject: Subject) -> None:
        assert subject.kind.estimator is not None
        self.kind = subject.kind
        self.estimator = pkgutil.resolve_name(subject.kind.estimator)

    def reference_arrays(self, reals: np.ndarray) -> dict[str, np.ndarray]:
        """The examples."""
        return {"reals": reals}

    def measure(self, arrays: Arrays) -> Measure:
        """The estimator, with its sample of reals if it takes one."""
        reals = [arrays["reals"]] if self.kind.compares else []
        return lambda samples: named(self.kind, self.estimator(*reals, samples))
