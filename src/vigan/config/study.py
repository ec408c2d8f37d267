"""A study: data sets, experiments with their arms and seeds, and claims, read from one YAML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import Field, ValidationInfo, field_validator, model_validator

from vigan.config.arms import Arm, RunSpec
from vigan.config.base import ConfigError, Strict, Words, digest_of, nearest
from vigan.config.claims import Claim, Measured, OneShare, TestedClaim, Untested, arms_of, event_of, named_arms, rule_of
from vigan.config.datasets import Dataset, without_place
from vigan.config.elsewhere import READING, ElsewhereArm
from vigan.config.experiment import Experiment, Name, Protocol, Seeds
from vigan.config.validation import check_claims, check_experiments, check_seeds

T = TypeVar("T")


class RunKey(NamedTuple):
    """What identifies a run within a study; part of every path, legend and table."""

    arm: str
    reading: str
    seed: int


class Study(Strict):
    """One study: the content of one YAML file under `config/`.

    `plugins` are files beside it, whose code is in the digest of what uses them: see `vigan.config.plugins`.
    """

    study: Name
    title: Words
    seeds: Seeds
    datasets: dict[Name, Dataset] = Field(default_factory=dict)
    experiments: Annotated[dict[Name, Experiment], Field(min_length=1, max_length=1000)]
    claims: Annotated[tuple[Claim, ...], Field(strict=False, max_length=1000)] = ()
    plugins: Annotated[tuple[Words, ...], Field(strict=False, max_length=100)] = ()

    @field_validator("experiments")
    @classmethod
    def _counted(cls, experiments: dict[str, Experiment], info: ValidationInfo) -> dict[str, Experiment]:
        """The experiments, "all" reals being as many as their data set has."""
        datasets = info.data.get("datasets", {})
        return {
            name: experiment.counted(datasets[experiment.dataset]) if experiment.dataset in datasets else experiment
            for name, experiment in experiments.items()
        }

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        check_experiments(self.experiments, self.datasets)
        check_seeds(self.experiments, self.seeds)
        check_claims(self.claims, self.experiments, self.datasets)
        return self

    def rules(self, arm: str | None = None) -> dict[str, dict[str, Any]]:
        """All that determines the verdict on each claim, by its id; recorded with the runs, so that a later edit shows.

        The claim without its wording, the rules of its events with the numbers of real data that the study states for
        them, its protocols, the experiment's length and snapshots, and the seeds, its control's too, unless they may be
        added to. With `arm`, only claims whose verdict depends on that arm.
        """
        tested = [claim for claim in self.claims if not isinstance(claim, Untested)]
        return {claim.id: self._rule(claim) for claim in tested if arm is None or arm in named_arms(claim)}

    def _rule(self, claim: TestedClaim) -> dict[str, Any]:
        home = self.experiments[self.experiment_of(arms_of(claim)[0])]
        event = event_of(claim)
        needed = {None: (), "reach": ("reach",)}.get(event, ("collapse", "reach"))
        events = {name: rule for name in needed if (rule := getattr(home, name)) is not None}
        measured = [claim] if isinstance(claim, Measured) else list(events.values())
        protocols = [home.protocol_of(one.protocol) for one in measured]
        stated = {protocol.name: dict(protocol.real) for protocol in protocols if protocol and events and protocol.real}
        control = claim.control if isinstance(claim, OneShare) else None
        return {
            "claim": rule_of(claim),
            **{name: rule.model_dump(mode="json") for name, rule in events.items()},
            "protocols": sorted({protocol.name for protocol in protocols if protocol}),
            "real": stated,
            "iterations": home.iterations,
            "snapshots": home.snapshots,
            "seeds": "any" if claim.sampling == "sequential" else list(self.seeds_for(claim)),
            **({"control_seeds": list(self.seeds_of(control))} if control and claim.sampling == "fixed" else {}),
        }

    def parts(self) -> dict[str, str]:
        """Digests of all that a study says, by the place in its file ("claims.C1"): what of it changed can be told."""
        record = self.model_dump(mode="json")
        places = {name: without_place(data).model_dump(mode="json") for name, data in self.datasets.items()}
        found: dict[str, Any] = {name: record[name] for name in ("study", "title", "seeds")}
        found["order"] = list(record["experiments"])
        found |= {f"datasets.{name}": data for name, data in places.items()}
        found |= {f"claims.{claim['id']}": [place, claim] for place, claim in enumerate(record["claims"])}
        others = {name: experiment.elsewhere for name, experiment in self.experiments.items()}
        for home, experiment in record["experiments"].items():
            rest = {name: value for name, value in experiment.items() if name not in {"arms", "elsewhere"}}
            own = {f"experiments.{home}.{name}": value for name, value in rest.items()}
            arms = {f"experiments.{home}.arms.{name}": arm for name, arm in experiment["arms"].items()}
            apart = {f"experiments.{home}.arms.{name}": [arm.identity, arm.about] for name, arm in others[home].items()}
            found |= own | arms | apart | {f"experiments.{home}.order": [*arms, *apart]}
        return {name: digest_of(value) for name, value in found.items()}

    def seeds_for(self, claim: TestedClaim) -> tuple[int, ...]:
        """Seeds that all arms of a claim have."""
        own = [self.seeds_of(arm) for arm in arms_of(claim)]
        return tuple(seed for seed in own[0] if all(seed in seeds for seeds in own))

    def experiment_of(self, arm: str) -> str:
        """Name of the experiment that holds an arm. Raises ConfigError naming the nearest arm if there is none."""
        for name, experiment in self.experiments.items():
            if arm in experiment.names:
                return name
        arms = [name for experiment in self.experiments.values() for name in experiment.names]
        raise ConfigError(_unknown(arms, arm, "arm"))

    def arm(self, name: str) -> Arm:
        """Arm by name. Raises ConfigError naming the nearest one if there is none, or that it is not trained here."""
        home = self.experiments[self.experiment_of(name)]
        if name in home.elsewhere:
            raise ConfigError(f"arm '{name}' was made elsewhere: nothing here knows its settings")
        return home.arms[name]

    @property
    def elsewhere(self) -> dict[str, ElsewhereArm]:
        """The arms of all experiments that were not trained here."""
        return {name: arm for experiment in self.experiments.values() for name, arm in experiment.elsewhere.items()}

    def elsewhere_arm(self, name: str) -> ElsewhereArm:
        """An arm that was not trained here. Raises ConfigError naming the nearest one if there is none."""
        return _known(self.elsewhere, name, "arm from elsewhere")

    def dataset(self, name: str) -> Dataset:
        """Data set by its name. Raises ConfigError naming the nearest one if there is none."""
        return _known(self.datasets, name, "dataset")

    def experiment(self, name: str) -> Experiment:
        """Experiment by its name. Raises ConfigError naming the nearest one if there is none."""
        return _known(self.experiments, name, "experiment")

    def dataset_of(self, arm: str) -> Dataset:
        """Data set an arm is trained on, or compared with. Raises ConfigError where its experiment names none."""
        return self.dataset(self.experiments[self.experiment_of(arm)].dataset or "")

    def data_of(self, experiment: str) -> Dataset | None:
        """Data set of an experiment; None where all of it was made elsewhere."""
        name = self.experiments[experiment].dataset
        return None if name is None else self.datasets[name]

    def protocols_of(self, arm: str) -> tuple[Protocol, ...]:
        """Protocols that measure an arm here."""
        protocols = self.experiments[self.experiment_of(arm)].protocols
        return tuple(protocol for protocol in protocols if protocol.definition.measured)

    def protocol(self, name: str) -> Protocol:
        """Protocol by the name it has in the tables. Raises ConfigError naming the nearest one if there is none."""
        known = {p.name: p for experiment in self.experiments.values() for p in experiment.protocols}
        return _known(known, name, "protocol")

    def measured(self) -> list[tuple[str, Protocol]]:
        """Every distinct (data set name, protocol) of the study that is measured here."""
        found = ((e.dataset, p) for e in self.experiments.values() for p in e.protocols if p.definition.measured)
        return list(dict.fromkeys((dataset, protocol) for dataset, protocol in found if dataset is not None))

    def seeds_in(self, experiment: str) -> tuple[int, ...]:
        """Seeds that all arms of an experiment have."""
        return self.experiments[experiment].seeds or self.seeds

    def seeds_of(self, arm: str) -> tuple[int, ...]:
        """Seeds of an arm: those of its experiment, then its own additional ones."""
        home = self.experiment_of(arm)
        return self.seeds_in(home) + self.experiments[home].more_seeds.get(arm, ())

    def runs(self) -> Iterator[RunKey]:
        """Every run that is trained here: arms in the order of the file, seeds within them."""
        for experiment in self.experiments.values():
            for name, arm in experiment.arms.items():
                for seed in self.seeds_of(name):
                    yield RunKey(name, arm.reading, seed)

    def every_run(self) -> Iterator[RunKey]:
        """Every run of the study, those that were made elsewhere, too, whether they are found or not."""
        yield from self.runs()
        yield from (RunKey(arm, READING, seed) for arm in self.elsewhere for seed in self.seeds_of(arm))

    def pairs(self) -> list[tuple[str, str]]:
        """Arms of all experiments that are compared seed by seed: see `Experiment.pairs`."""
        return [pair for experiment in self.experiments.values() for pair in experiment.pairs()]

    def pictured_pairs(self) -> list[tuple[str, str]]:
        """Those of the pairs of which there are samples of both arms to show."""
        shown = {arm for experiment in self.experiments.values() for arm in experiment.pictured}
        return [pair for pair in self.pairs() if shown.issuperset(pair)]

    def run_spec(self, arm: str, seed: int | None = None) -> RunSpec:
        """Everything that determines the weights of one run, by default of the arm's first seed.

        Raises ConfigError for an arm that the study does not train, or a seed that the arm does not have.
        """
        experiment, known = self.experiments[self.experiment_of(arm)], self.seeds_of(arm)
        if seed is not None and seed not in known:
            raise ConfigError(f"arm '{arm}' has no seed {seed} in this study; known: {', '.join(map(str, known))}")
        return RunSpec(
            name=arm,
            arm=self.arm(arm),
            dataset=self.dataset_of(arm),
            seed=known[0] if seed is None else seed,
            iterations=experiment.iterations,
            snapshots=experiment.snapshot_steps,
            log_every=min(experiment.log_every, experiment.iterations),
            keep_discriminator=experiment.keep_discriminator,
        )


def _known(table: Mapping[str, T], name: str, what: str) -> T:
    if name not in table:
        raise ConfigError(_unknown(list(table), name, what))
    return table[name]


def _unknown(known: list[str], name: str, what: str) -> str:
    return f"no {what} '{name}' in this study" + nearest(name, known)
