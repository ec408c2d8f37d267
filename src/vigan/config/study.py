"""What a study is: data sets, experiments, their arms and seeds, read from one YAML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import AfterValidator, Field, model_validator

from vigan.config.arms import Arm, Count, Mlp, RunSpec
from vigan.config.base import ConfigError, Strict, digest_of, nearest
from vigan.config.datasets import Dataset, Digits, Grid, Ring, key

T = TypeVar("T")
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


def _distinct(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds) or min(seeds) < 0:
        raise ValueError("seeds must be distinct and not negative")
    return seeds


Seeds = Annotated[tuple[int, ...], Field(strict=False, min_length=1), AfterValidator(_distinct)]


class Protocol(Strict):
    """How a snapshot is measured: the kind of measurement and the number of samples that it takes.

    "efflite0-128": Frechet distance, precision/recall, density/coverage on EfficientNet-Lite0 features.
    "digit-modes": digits found by a classifier. "toy-modes": Gaussians found, on the ring and the grid.
    """

    kind: Literal["efflite0-128", "digit-modes", "toy-modes"]
    samples: Annotated[int, Field(ge=16)]

    @property
    def name(self) -> str:
        """Name under which the numbers stand in every table: kind, sample count, reference."""
        return f"{self.kind}/n={self.samples}/ref=train"


class Experiment(Strict):
    """Arms that are compared with one another: one data set, one length, one set of protocols."""

    title: str
    dataset: str
    iterations: Count
    snapshots: Count
    log_every: Count = 50
    protocols: Annotated[tuple[Protocol, ...], Field(strict=False, min_length=1)]
    arms: Annotated[dict[Name, Arm], Field(min_length=1)]
    seeds: Seeds | None = None

    @model_validator(mode="before")
    @classmethod
    def _share(cls, raw: Any) -> Any:
        """Write what `shared` says into every arm that does not say otherwise."""
        if not isinstance(raw, dict) or "shared" not in raw:
            return raw
        shared, arms = raw["shared"], raw.get("arms")
        if not isinstance(shared, dict):
            raise ValueError("'shared' must be a mapping of arm settings")
        own = {key: value for key, value in raw.items() if key != "shared"}
        if isinstance(arms, dict):
            own["arms"] = {name: _merge(shared, row) for name, row in arms.items()}
        return own

    @property
    def snapshot_steps(self) -> tuple[int, ...]:
        """Iterations at which the generator is kept: 0, the end, and `snapshots` - 1 even steps between them."""
        count = min(self.snapshots, self.iterations)
        return tuple(round(self.iterations * index / count) for index in range(count + 1))

    def pairs(self) -> list[tuple[str, str]]:
        """(plain, regularised) arms that differ in nothing but lambda: seed by seed, they start and go on as pairs."""
        plain = {_without_lambda(arm): name for name, arm in self.arms.items() if not arm.regularised}
        partners = ((plain.get(_without_lambda(arm)), name) for name, arm in self.arms.items() if arm.regularised)
        return [(first, second) for first, second in partners if first]


def _without_lambda(arm: Arm) -> str:
    return digest_of(arm.model_dump(mode="json", exclude={"lambda_mean", "lambda_sum"}))


def _merge(shared: Any, row: Any) -> Any:
    if not isinstance(shared, dict) or not isinstance(row, dict):
        return row
    merged = {**shared, **row}
    return {key: _merge(shared[key], row[key]) if key in shared and key in row else merged[key] for key in merged}


class RunKey(NamedTuple):
    """What tells one run of a study from another; part of every path, legend and table."""

    arm: str
    reading: str
    seed: int


class Study(Strict):
    """One study: the content of one YAML file under `config/`."""

    study: Name
    title: str
    seeds: Seeds
    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)]
    experiments: Annotated[dict[Name, Experiment], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        seen: dict[str, str] = {}
        for name, experiment in self.experiments.items():
            if experiment.dataset not in self.datasets:
                raise ValueError(
                    f"experiment '{name}' uses unknown dataset '{experiment.dataset}'"
                    + nearest(experiment.dataset, list(self.datasets))
                )
            for arm in experiment.arms:
                if arm in seen:
                    raise ValueError(f"arm '{arm}' is named in both '{seen[arm]}' and '{name}'")
                seen[arm] = name
            _check_fit(name, experiment, self.datasets[experiment.dataset])
        return self

    def experiment_of(self, arm: str) -> str:
        """Name of the experiment that holds an arm. Raises ConfigError naming the nearest arm if there is none."""
        homes = {name: key for key, experiment in self.experiments.items() for name in experiment.arms}
        return _known(homes, arm, "arm")

    def arm(self, name: str) -> Arm:
        """Arm by name. Raises ConfigError naming the nearest one if there is none."""
        return self.experiments[self.experiment_of(name)].arms[name]

    def dataset(self, name: str) -> Dataset:
        """Data set by its name, or by its folder's. Raises ConfigError naming the nearest one if there is none."""
        folders = {key(dataset): dataset for dataset in self.datasets.values()}
        return folders[name] if name in folders else _known(self.datasets, name, "dataset")

    def dataset_of(self, arm: str) -> Dataset:
        """Data set an arm is trained on."""
        return self.datasets[self.experiments[self.experiment_of(arm)].dataset]

    def protocols_of(self, arm: str) -> tuple[Protocol, ...]:
        """Protocols that measure an arm."""
        return self.experiments[self.experiment_of(arm)].protocols

    def protocol(self, name: str) -> Protocol:
        """Protocol by the name it has in the tables. Raises ConfigError naming the nearest one if there is none."""
        known = {p.name: p for experiment in self.experiments.values() for p in experiment.protocols}
        return _known(known, name, "protocol")

    def measured(self) -> list[tuple[str, Protocol]]:
        """Every (data set name, protocol) of the study, once."""
        return list(dict.fromkeys((e.dataset, p) for e in self.experiments.values() for p in e.protocols))

    def runs(self) -> Iterator[RunKey]:
        """Every run of the study: arms in the order of the file, seeds within them."""
        for experiment in self.experiments.values():
            for name, arm in experiment.arms.items():
                for seed in experiment.seeds or self.seeds:
                    yield RunKey(name, arm.reading, seed)

    def pairs(self) -> list[tuple[str, str]]:
        """(plain, regularised) arms of all experiments."""
        return [pair for experiment in self.experiments.values() for pair in experiment.pairs()]

    def run_spec(self, arm: str, seed: int) -> RunSpec:
        """Everything that decides the weights of one run. Raises ConfigError for an arm the study lacks."""
        experiment = self.experiments[self.experiment_of(arm)]
        return RunSpec(
            name=arm,
            arm=experiment.arms[arm],
            dataset=self.datasets[experiment.dataset],
            seed=seed,
            iterations=experiment.iterations,
            snapshots=experiment.snapshot_steps,
            log_every=min(experiment.log_every, experiment.iterations),
        )


def _known(table: Mapping[str, T], name: str, what: str) -> T:
    if name not in table:
        raise ConfigError(f"no {what} '{name}' in this study" + nearest(name, list(table)))
    return table[name]


_TOY_KINDS = {"toy-modes"}


def _check_fit(name: str, experiment: Experiment, dataset: Dataset) -> None:
    toy = isinstance(dataset, Ring | Grid)
    for arm_name, arm in experiment.arms.items():
        if isinstance(arm.network, Mlp) != toy:
            raise ValueError(
                f"arm '{arm_name}': network '{arm.network.kind}' does not fit dataset '{experiment.dataset}' "
                f"({dataset.source}): use mlp for ring and grid, dcgan for images"
            )
    for protocol in experiment.protocols:
        if (protocol.kind in _TOY_KINDS) != toy or (protocol.kind == "digit-modes" and not isinstance(dataset, Digits)):
            raise ValueError(f"experiment '{name}': protocol '{protocol.kind}' cannot measure '{dataset.source}' data")
