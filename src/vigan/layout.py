"""All paths of a study, defined only here and shared by the command line and the workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from vigan.config.datasets import Dataset, key
from vigan.config.experiment import Protocol
from vigan.config.study import RunKey, Study
from vigan.contents import LONG_TABLES, RAW_FILES, TABLES, figures_of
from vigan.io.elsewhere_record import SAMPLES, ElsewhereFiles
from vigan.io.files import write_text
from vigan.io.run_record import RunFiles

FIRST_VERDICTS = "first-verdicts.csv"
"""In a folder of results: verdicts by earlier rules."""


@dataclass(frozen=True)
class Layout:
    """Paths of one study, relative to the project's root."""

    study: Study
    state_root: Path = Path("state")
    keys: Mapping[str, str] = field(default_factory=dict)
    """Folders of prepared data sets that are told by more than their description, by the digest of that."""

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """Digests of all that the study says: see `Study.parts`."""
        return self.study.parts()

    @property
    def results(self) -> Path:
        """All results of a study except its figures."""
        return Path("results") / self.study.study

    @property
    def figures(self) -> Path:
        """The study's figures."""
        return Path("figures") / self.study.study

    @property
    def tables(self) -> Path:
        """The study's tables, CSV."""
        return self.results / "tables"

    @property
    def raw(self) -> Path:
        """The study's raw numbers, compressed, from which its tables follow."""
        return self.results / "raw"

    def raw_files(self) -> list[Path]:
        """Every file of raw numbers."""
        return [self.raw / name for name in RAW_FILES]

    def stamp(self, name: str) -> Path:
        """What tables ("tables"), a figure, pictures or the page, by the name of the file, were made from."""
        return self.stamp_in(self.results, name)

    @staticmethod
    def stamp_in(results: Path, name: str) -> Path:
        """The same in a study's folder of results, wherever that is."""
        return results / "stamps" / f"{name}.json"

    @property
    def first_verdicts(self) -> Path:
        """Verdicts by earlier rules, if there were any."""
        return self.results / FIRST_VERDICTS

    @property
    def report(self) -> Path:
        """The report."""
        return self.results / "report.html"

    @property
    def small_report(self) -> Path:
        """The report without its slider, with linked figures: small enough for a repository."""
        return self.results / "report-small.html"

    def data(self, dataset: Dataset) -> Path:
        """A prepared data set, shared by all studies that describe it alike."""
        return Path("data") / self._key(dataset)

    def description(self, dataset: Dataset) -> Path:
        """What a data set is described as: see `vigan.stages.settle`."""
        return self.data(dataset) / "spec.json"

    def dataset(self, name: str) -> Dataset:
        """A data set of the study by its folder's name, or by its own. Raises ConfigError if there is none."""
        folders = {self._key(dataset): dataset for dataset in self.study.datasets.values()}
        return folders.get(name) or self.study.dataset(name)

    def _key(self, dataset: Dataset) -> str:
        return self.keys.get(dataset.digest) or key(dataset)

    def reference(self, dataset: Dataset, protocol: Protocol) -> Path:
        """What a protocol needs of the real data, and its values on real data."""
        return self.data(dataset) / "reference" / f"{protocol.file}.npz"

    def references(self, arm: str) -> dict[Protocol, Path]:
        """Reference of every protocol that measures an arm."""
        dataset = self.study.dataset_of(arm)
        return {protocol: self.reference(dataset, protocol) for protocol in self.study.protocols_of(arm)}

    def run(self, run: RunKey) -> Path:
        """A run's record, telemetry, snapshots, metrics and samples."""
        return self.results / "runs" / run.arm / run.reading / f"seed-{run.seed}"

    def elsewhere(self, arm: str) -> Path:
        """What was read of an arm that was made elsewhere."""
        return self.results / "elsewhere" / arm

    def elsewhere_files(self) -> list[ElsewhereFiles]:
        """Every arm that was made elsewhere, with its experiment, in the order of the study."""
        return [
            ElsewhereFiles(self.study.experiment_of(name), name, self.elsewhere(name), arm)
            for name, arm in self.study.elsewhere.items()
        ]

    def spec(self, arm: str) -> Path:
        """An arm's spec, which the workflow writes whenever it changes."""
        return self.results / "specs" / f"{arm}.json"

    def spec_text(self, arm: str) -> str:
        """An arm's spec as JSON."""
        return self.study.run_spec(arm).model_dump_json(exclude={"seed"}, indent=2) + "\n"

    def write_specs(self) -> None:
        """Write every arm's spec that is missing or has changed.

        Its time stamp then tells Snakemake that runs of the arm are outdated, even if Snakemake's own metadata was
        lost.
        """
        for experiment in self.study.experiments.values():
            for arm in experiment.arms:
                path, spec = self.spec(arm), self.spec_text(arm)
                if not path.exists() or path.read_bytes() != spec.encode():
                    write_text(path, spec)

    def state(self, run: RunKey, digest: str) -> Path:
        """A run's checkpoints while it trains; its name changes with its config, code and data."""
        return self.state_root / self.study.study / f"{run.arm}-{run.reading}-seed-{run.seed}-{digest[:12]}"

    def tensorboard(self, run: RunKey) -> Path:
        """TensorBoard event files of a run."""
        return Path("logs") / "tensorboard" / self.study.study / run.arm / run.reading / f"seed-{run.seed}"

    def figure(self, kind: str, experiment: str) -> Path:
        """One figure of one experiment."""
        return self.figures / f"{kind}-{experiment}.svg"

    def all_figures(self) -> dict[tuple[str, str], Path]:
        """Every figure of the study by (kind, experiment)."""
        return {
            (kind, name): self.figure(kind, name)
            for name, experiment in self.study.experiments.items()
            for kind in figures_of(experiment)
        }

    def all_table_pages(self) -> dict[str, Path]:
        """Every short table as a page of its own, for `snakemake --report`."""
        return {name: self.tables / "pages" / f"{name}.html" for name in TABLES if name not in LONG_TABLES}

    def frames(self, experiment: str) -> Path:
        """The pictures behind the report's slider."""
        return self.results / "frames" / f"{experiment}.json"

    def all_frames(self) -> dict[str, Path]:
        """The pictures of every experiment, by its name, that has any: of what is trained, or sampled, here."""
        return {name: self.frames(name) for name, experiment in self.study.experiments.items() if experiment.pictured}

    def movie(self, first: str, second: str) -> Path:
        """Training of two arms side by side."""
        return self.figures / f"movie-{first}_vs_{second}.gif"

    def all_movies(self) -> dict[tuple[str, str], Path]:
        """The movie of every pair of arms that are trained, or sampled, here."""
        return {pair: self.movie(*pair) for pair in self.study.pictured_pairs()}

    def contact(self, experiment: str) -> Path:
        """Every run of an experiment at a few steps, for papers."""
        return self.figures / f"contact-{experiment}.pdf"

    def all_contacts(self) -> dict[str, Path]:
        """The contact sheet of every experiment, by its name, that has pictures."""
        return {name: self.contact(name) for name in self.all_frames()}

    def all_tables(self) -> dict[str, Path]:
        """Every table of the study by name."""
        return {name: self.tables / f"{name}.csv" for name in TABLES}

    def samples(self, experiment: str, seeds: Sequence[int] | None = None) -> list[Path]:
        """Sample files of an experiment's runs, by default of all, and of its arms that were made elsewhere."""
        chosen = self.study.experiments[experiment]
        trained = [
            self.run(RunKey(name, arm.reading, seed)) / SAMPLES
            for name, arm in chosen.arms.items()
            for seed in seeds or self.study.seeds_of(name)
        ]
        return trained + [self.elsewhere(name) / SAMPLES for name in chosen.pictured if name in chosen.elsewhere]

    def first_samples(self, experiment: str) -> list[Path]:
        """Sample files of the first seed of each of an experiment's arms, and of those made elsewhere."""
        return self.samples(experiment, [self.study.seeds_in(experiment)[0]])

    def run_files(self) -> list[RunFiles]:
        """Every run's experiment and folder, in the order of the study."""
        return list(self._run_files)

    @cached_property
    def _run_files(self) -> tuple[RunFiles, ...]:
        return tuple(
            RunFiles(self.study.experiment_of(run.arm), self.run(run), self.study.run_spec(run.arm, run.seed))
            for run in self.study.runs()
        )

    def pending(self) -> tuple[list[RunKey], list[Dataset]]:
        """Runs that are still to be trained, and data sets still to be prepared, however old what is there may be."""
        datasets = self.study.datasets.values()
        return (
            [run for run in self.study.runs() if not (self.run(run) / "run.json").exists()],
            [dataset for dataset in datasets if not (self.data(dataset) / "manifest.json").exists()],
        )

    def floors(self) -> list[tuple[str, Path]]:
        """(data set, file with its floor) of every protocol."""
        return [
            (name, self.reference(self.study.datasets[name], protocol).with_suffix(".json"))
            for name, protocol in self.study.measured()
        ]
