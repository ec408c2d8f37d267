"""The settings of an experiment: arms compared on one data set, protocols, and the rules of events."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    field_validator,
    model_serializer,
    model_validator,
)

from vigan.config.arm_rows import whole_rows
from vigan.config.arms import Arm, Ledger
from vigan.config.base import Count, Strict, Words, digest_of, nearest
from vigan.config.claims import ON_TRACK, Collapse, Reach
from vigan.config.counts import most_examples
from vigan.config.datasets import CELEBA_COUNT, Dataset
from vigan.config.elsewhere import READING, ElsewhereArm, Samples
from vigan.config.samplers import with_both
from vigan.config.sweep import MOST_ARMS
from vigan.protocols.base import ProtocolKind
from vigan.protocols.registry import KINDS

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Called = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._=+:/()@,%#*-]{0,62}$")]
"""What others call their way of measuring."""

MOST_SNAPSHOTS = 10_000


def _distinct(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds) or min(seeds) < 0 or max(seeds) >= 2**63:
        raise ValueError("seeds must be distinct, not negative and below 2**63")
    return seeds


Seeds = Annotated[tuple[int, ...], Field(strict=False, min_length=1, max_length=10_000), AfterValidator(_distinct)]


def _omit_usual(sampler: str | None) -> str | None:
    """What is measured without a word is what is sampled: an average where there is one."""
    return None if sampler == "average" else sampler


Stated = Annotated[
    tuple[tuple[str, float], ...],
    Field(strict=False),
    BeforeValidator(lambda raw: tuple(raw.items()) if isinstance(raw, dict) else raw),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "number"}}),
]
"""Numbers by name, as pairs: a protocol is a key of tables."""


class Protocol(Strict):
    """How a snapshot is measured: a kind of `vigan.protocols` and its number of samples.

    They are compared with as many real examples, or with as many as `reference` says: a number, or "all" of the
    training data, as clean-fid and others have it. An arm that keeps an average of G (`ema`) is sampled from that; with
    `sampler: generator` G itself is measured, as a second sampler of the same run. Where an arm keeps an average, every
    protocol that names no sampler stands for both; `average` asks for what is sampled alone, and records omit it. The
    last snapshot is measured again on `redraws` further sets of latents, to tell the metric's own noise from that of
    seeds.

    Of numbers that were measured elsewhere: `samples` is how many each is of, where that is known; `called` tells one
    way of measuring from another; `real` is what real data have, by metric.
    """

    kind: str
    samples: Annotated[int, Field(ge=0, le=10**9)] = 0
    redraws: Annotated[int, Field(ge=0, le=10_000)] = 0
    reference: Literal["all"] | Count | None = None
    sampler: Annotated[Literal["generator", "average"] | None, AfterValidator(_omit_usual)] = None
    called: Called | None = None
    real: Stated = ()

    @property
    def name(self) -> str:
        """Name under which the numbers stand in every table: kind, sample count, reference.

        Without `reals` there are as many reals as samples; without `of` they are an arm's usual samples. What was
        measured elsewhere has nothing but its own name and its number of samples, as far as the study says them.
        """
        if not self.definition.measured:
            told = (self.kind, self.called, f"n={self.samples}" if self.samples else None)
            return "/".join(word for word in told if word)
        reals = f"/reals={self.reference}" if self.reference else ""
        return f"{self.kind}/n={self.samples}/ref=train{reals}" + (f"/of={self.sampler}" if self.sampler else "")

    @property
    def file(self) -> str:
        """The same as part of a file's name."""
        reals = f"-reals-{self.reference}" if self.reference else ""
        return f"{self.kind}-n{self.samples}{reals}" + (f"-of-{self.sampler}" if self.sampler else "")

    def counted(self, dataset: Dataset) -> Protocol:
        """This protocol with the number of examples that "all" are, where that is known before the files are seen."""
        most = most_examples(dataset) if self.reference == "all" else None
        return self if most is None else self.model_copy(update={"reference": most})

    @property
    def rows(self) -> int:
        """The larger of the numbers of samples and of reals; where nobody knows how many "all" are, that of CelebA."""
        return max(self.samples, CELEBA_COUNT if self.reference == "all" else self.reference or 0)

    @model_serializer(mode="wrap")
    def _record(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Fields without those that are absent: protocols made before there were any keep their digests."""
        return {name: value for name, value in dump(self).items() if value or name not in _ABSENT}

    @property
    def definition(self) -> ProtocolKind:
        """The record of its kind."""
        return KINDS[self.kind]

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in KINDS:
            raise ValueError(f"unknown protocol kind '{kind}'" + nearest(kind, list(KINDS)))
        return kind

    @model_validator(mode="after")
    def _as_declared(self) -> Protocol:
        if self.definition.measured and (self.called or self.real):
            raise ValueError(f"'{self.kind}' is measured here: it takes no 'called' and no 'real'")
        for name in dict(self.real):
            if name not in self.definition.metrics:
                raise ValueError(
                    f"'{self.kind}' gives no metric '{name}'" + nearest(name, list(self.definition.metrics))
                )
        if not self.samples and self.definition.least:
            raise ValueError(f"'samples' is missing: '{self.kind}' needs at least {self.definition.least}")
        if self.samples < self.definition.least:
            raise ValueError(f"'{self.kind}' needs at least {self.definition.least} samples, not {self.samples}")
        if self.redraws and self.definition.input != "samples":
            raise ValueError(f"'{self.kind}' does not measure samples alone: it takes no 'redraws'")
        if self.sampler and self.definition.input != "samples":
            raise ValueError(f"'{self.kind}' does not measure samples alone: it takes no 'sampler'")
        if self.reference and self.definition.real_samples < 2:
            raise ValueError(f"'{self.kind}' compares samples with no others: it takes no 'reference'")
        if isinstance(self.reference, int) and self.reference < self.definition.least:
            raise ValueError(f"'{self.kind}' needs at least {self.definition.least} reals, not {self.reference}")
        return self


_ABSENT = frozenset({"reference", "sampler", "called", "real"})
"""Fields of a protocol that records omit where they say nothing."""
_NO_MORE = frozenset({"dataset", "elsewhere"})
"""The same of an experiment."""


class Experiment(Strict):
    """Arms that are compared with one another: one data set, one length, one set of protocols.

    `keep_discriminator` saves D with each snapshot of G, which doubles its size. `seeds` are those of all its arms,
    where they are not the study's; `more_seeds` are additional ones of some arms. `collapse` and `reach` say when a run
    counts as collapsed and as on track; without them there are no such events. `baseline` names the arm that all
    others are compared with, whatever they differ in; without it, arms are compared that differ only in lambda.
    `elsewhere` are the arms that the file writes under `arms`, too, with `from`: they are read and not trained. Where
    there are no others, and all numbers were measured elsewhere, too, `dataset` and `snapshots` say nothing and may be
    left out.
    """

    title: Words
    dataset: str | None = None
    iterations: Count
    snapshots: Annotated[int, Field(ge=1, le=MOST_SNAPSHOTS)]
    log_every: Count = 50
    keep_discriminator: bool = False
    protocols: Annotated[tuple[Protocol, ...], Field(strict=False, min_length=1, max_length=100)]
    arms: Annotated[dict[Name, Arm], Field(max_length=MOST_ARMS)]
    elsewhere: Annotated[dict[Name, ElsewhereArm], Field(max_length=MOST_ARMS)] = Field(default_factory=dict)
    seeds: Seeds | None = None
    more_seeds: dict[str, Seeds] = Field(default_factory=dict)
    baseline: str | None = None
    collapse: Collapse | None = None
    reach: Reach | None = None

    @model_serializer(mode="wrap")
    def _omit_absent(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in dump(self).items() if value or name not in _NO_MORE}

    @model_validator(mode="before")
    @classmethod
    def _shared_apart(cls, raw: Any) -> Any:
        """Arms with `from` in a place of their own; `sweep` and `random` as arms, and `shared` in all others."""
        rows = raw.get("arms") if isinstance(raw, dict) else None
        if not isinstance(raw, dict) or "elsewhere" in raw or not isinstance(rows, dict):
            return with_both(whole_rows(raw))
        apart = {name: row for name, row in rows.items() if isinstance(row, dict) and "from" in row}
        if not apart:
            return with_both(whole_rows(raw))
        own = {**raw, "arms": {name: row for name, row in rows.items() if name not in apart}}
        alone = not own["arms"] and not {"sweep", "random"} & set(own)
        return {**({"snapshots": 1} if alone else {}), **with_both(whole_rows(own)), "elsewhere": apart}

    @model_validator(mode="after")
    def _some_arm(self) -> Experiment:
        if not self.names:
            raise ValueError("'arms' is empty: name at least one")
        return self

    @property
    def names(self) -> list[str]:
        """All arms: those that are trained, then those that were made elsewhere."""
        return [*self.arms, *self.elsewhere]

    @property
    def pictured(self) -> list[str]:
        """The arms of which there are samples to show: all that are trained, and of those made elsewhere some."""
        return [*self.arms, *(name for name, arm in self.elsewhere.items() if isinstance(arm.origin, Samples))]

    def data_name(self, own: str) -> str:
        """The name of its data set in tables; its `own` where it has none."""
        return self.dataset or own

    def reading_of(self, arm: str) -> str:
        """The reading of an arm, in tables and paths."""
        return self.arms[arm].reading if arm in self.arms else READING

    def ledger(self, arm: str, iterations: int) -> Ledger | None:
        """What an arm cost until then; None where nobody here knows."""
        return Ledger.of(self.arms[arm], iterations) if arm in self.arms else None

    @property
    def snapshot_steps(self) -> tuple[int, ...]:
        """Iterations at which the generator is saved: 0, the end, and `snapshots` - 1 evenly spaced ones between."""
        count = min(self.snapshots, self.iterations)
        return tuple(round(Fraction(self.iterations * index, count)) for index in range(count + 1))

    def counted(self, dataset: Dataset) -> Experiment:
        """This experiment with the number of examples in the place of "all"; see `Protocol.counted`."""
        return self.model_copy(update={"protocols": tuple(one.counted(dataset) for one in self.protocols)})

    def protocol_of(self, name: str) -> Protocol | None:
        """The protocol of that name, or the only one of that kind; None if there is none.

        A kind's name means an arm's usual samples, where there is a protocol of G itself, too. Raises ValueError if
        several are of that kind: the name is ambiguous.
        """
        found = [protocol for protocol in self.protocols if name in (protocol.kind, protocol.name)]
        found = [protocol for protocol in found if not protocol.sampler] or found
        if len(found) > 1:
            names = " or ".join(f"'{protocol.name}'" for protocol in found)
            raise ValueError(f"'{name}' could be any of {len(found)} protocols: write {names}")
        return found[0] if found else None

    @property
    def on_track(self) -> float:
        """Share of an arm's runs that must get on track before claims about their collapse are tested."""
        return self.collapse.on_track if self.collapse else ON_TRACK

    @property
    def on_track_by_level(self) -> bool:
        """Whether a level of the rule `collapse` stands for a rule `reach`, as for logs without a number at step 0."""
        return bool(self.elsewhere and self.reach is None and self.collapse and self.collapse.once_above)

    def rule(self, event: str) -> Collapse | Reach | None:
        """The rule of an event, "collapse" or "reach"."""
        return self.collapse if event == "collapse" else self.reach

    def pairs(self) -> list[tuple[str, str]]:
        """Arms that are compared seed by seed: (baseline, other), or (plain, regularised) that differ only in lambda.

        Arms of one seed see the same data and latents in the same order; they start equal if their networks are.
        """
        if self.baseline is not None:
            return [(self.baseline, name) for name in self.names if name != self.baseline]
        plain = {_without_lambda(arm): name for name, arm in self.arms.items() if not arm.regularised}
        partners = ((plain.get(_without_lambda(arm)), name) for name, arm in self.arms.items() if arm.regularised)
        return [(first, second) for first, second in partners if first]


def _without_lambda(arm: Arm) -> str:
    return digest_of(arm.model_dump(mode="json", exclude={"lambda_mean", "lambda_sum"}))
