"""The declaration of a kind of protocol: metrics, sources, evaluator, cost, and notes for the report."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

IMAGES, POINTS = "images", "points"
"""Among a kind's `sources`: all sources of images, all sources of points."""

HERE = "here"
"""The source of a metric that was defined in this project."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric's title, its definition in one sentence, the paper it is from, its better direction and its range.

    `better` is "none" where more is no better: noise raises density, Vendi score and diversity. `of_modes` gives the
    highest value from the number of modes of the data, where it follows from that. A `check` describes the
    measurement, not the samples: it is neither plotted nor compared. Below `least` samples it may be absent.
    """

    title: str
    definition: str
    source: str
    better: Literal["lower", "higher", "none"]
    low: float = 0.0
    high: float = math.inf
    of_modes: Callable[[int], float] | None = None
    check: bool = False
    least: int = 0

    def highest(self, modes: int | None) -> float:
        """Its highest value on data with so many modes (None: unknown number); infinite without a bound."""
        return self.of_modes(modes) if self.of_modes and modes else self.high

    def bounded(self, modes: int | None) -> bool:
        """Whether it has a lowest and a highest value on data with so many modes (None: unknown number)."""
        return math.isfinite(self.low) and math.isfinite(self.highest(modes))

    @property
    def sign(self) -> int:
        """1 where higher is better, -1 where lower is, 0 where neither."""
        return {"lower": -1, "none": 0, "higher": 1}[self.better]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """An upper estimate of the cost of measuring one snapshot, for time limits of a scheduler.

    `start` seconds, then `samples_per_second`; in addition `operations` of a network for each sample and
    `pair_operations` for each pair of samples.
    """

    start: float = 5.0
    samples_per_second: float = 500.0
    operations: float = 0.0
    pair_operations: float = 0.0

    def seconds(self, samples: int, speed: float) -> float:
        """Seconds for so many samples on a machine that makes `speed` operations a second."""
        work = self.operations * samples + self.pair_operations * samples**2
        return self.start + samples / self.samples_per_second + work / speed


@dataclass(frozen=True, kw_only=True, eq=False)
class ProtocolKind:
    """A kind of protocol, by the `name` that a study gives it; a protocol is a kind at a number of samples.

    - `metrics`: what it gives, by name, in the order in which figures and tables show them;
    - `sources`: the sources of data it can measure, by name; `IMAGES` and `POINTS` stand for all of a sort;
    - `notes`: (term, words) for the report; "{n}" becomes the number of samples;
    - `estimator`: "module:function" from samples, or, where the kind compares, from a sample of reals and samples, to
      numbers by name, or to the number of its only metric; or else `evaluator`: "module:callable" from a
      `vigan.evaluation.base.Subject` to an `Evaluator`;
    - `extractor`: "module:class" of the network whose features are compared, if it compares features;
    - `libraries`: distributions that its numbers depend on, beside those that all measuring rests on: after an upgrade
      of one everything is measured again;
    - `features`: the name of that network, if it is not the kind's own;
    - `of_features`: "module:function" from features of reals and of samples to numbers, where it is not all metrics;
    - `distance`: what a Fréchet distance of these features is called, and whether it is an FID;
    - `input`: what is measured: "samples" of the generator, or the "decoded" codes of the very reals it compares with;
      or D's logits of training examples, held-out ones and fakes, which are "judged"; or nothing, where numbers come
      from "elsewhere";
    - `compares`: whether samples are compared with a sample of real data, the reference;
    - `least`: the fewest samples; `cost`: of measuring one snapshot;
    - `place`: its place in figures and tables; kinds of one place follow by name.

    Raises ValueError if what is declared cannot be.
    """

    name: str
    metrics: Mapping[str, Metric]
    sources: frozenset[str]
    notes: tuple[tuple[str, str], ...]
    estimator: str | None = None
    evaluator: str = "vigan.evaluation.estimator:ByEstimator"
    extractor: str | None = None
    features: str | None = None
    of_features: str | None = None
    libraries: tuple[str, ...] = ()
    distance: str = ""
    input: Literal["samples", "decoded", "judged", "elsewhere"] = "samples"
    compares: bool = True
    least: int = 16
    cost: Cost = Cost()
    place: int = 100

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", self.name):
            raise ValueError(f"'{self.name}': the name of a kind of protocol is made of a-z, 0-9, . and -")
        if not self.metrics or not self.sources:
            raise ValueError(f"'{self.name}': a kind of protocol gives at least one metric, of at least one source")
        by_none = self.estimator is None and self.evaluator == ProtocolKind.evaluator
        by_both = self.estimator is not None and self.evaluator != ProtocolKind.evaluator
        if by_both or by_none == self.measured:
            raise ValueError(f"'{self.name}': give either an 'estimator' or an 'evaluator' of its own")
        if self.input == "decoded" and not self.compares:
            raise ValueError(f"'{self.name}': decoded codes are compared with the reals they are codes of")
        if self.input == "judged" and self.compares:
            raise ValueError(f"'{self.name}': what D says is compared with no sample of real data: `compares=False`")

    @property
    def measured(self) -> bool:
        """Whether it is measured here; else its numbers are read from files."""
        return self.input != "elsewhere"

    @property
    def real_samples(self) -> int:
        """How many disjoint samples of real data it takes, each of as many examples as there are samples.

        Two where samples are compared with a reference: the other is measured against it and gives the value of real
        data. Decoded codes are measured against their own examples, and what compares nothing needs one to measure.
        """
        return 2 if self.compares and self.input == "samples" else 1

    def given(self, samples: int) -> list[str]:
        """Names of the metrics that it gives of any so many samples."""
        return [name for name, metric in self.metrics.items() if samples >= metric.least]

    @property
    def network(self) -> str:
        """The name of the network whose features it compares."""
        return self.features or self.name

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules that are imported by name to measure."""
        return tuple(name.partition(":")[0] for name in self.imports)

    @property
    def imports(self) -> tuple[str, ...]:
        """What is imported by name to measure, each "module:name"."""
        named = (self.evaluator, self.estimator, self.extractor, self.of_features) if self.measured else ()
        return tuple(name for name in named if name)

    @property
    def computation(self) -> str:
        """The fields that determine numbers, as text: without wording, ranges and costs."""
        return f"{self.name} {' '.join(self.imports)} {self.input} {'compares' if self.compares else 'alone'}"
