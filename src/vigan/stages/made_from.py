"""What each output of a study is made from: digests by name, the same for those who write, read and plan.

The names stand in stamps (`vigan.io.stamp`) and in the lines that say what differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from vigan.config.base import digest_of
from vigan.config.elsewhere import Samples
from vigan.config.experiment import Protocol
from vigan.config.study import RunKey, Study
from vigan.elsewhere.identity import content_of
from vigan.evaluation.code import protocol_code, reporting_code
from vigan.evaluation.origin import read_floor
from vigan.io.elsewhere_record import ElsewhereFiles
from vigan.io.files import RecordError, sha256_file
from vigan.io.run_record import MEASURED, RunFiles
from vigan.io.stamp import read_stamp
from vigan.layout import Layout
from vigan.provenance import stage_digest

NOTHING = "nothing"
"""Stands for the digest of a file that is not there."""


def protocols(study: Study) -> list[Protocol]:
    """Every protocol of a study."""
    return [protocol for _, protocol in study.measured()]


def floors_of(layout: Layout) -> dict[str, Path]:
    """The files with values of real data, by the name that each has in a stamp."""
    named = zip(layout.study.measured(), layout.floors(), strict=True)
    return {f"floors.{name}.{protocol.name}": path for (name, protocol), (_, path) in named}


def of_floors(layout: Layout) -> dict[str, str]:
    """Digests of all values of real data."""
    return {name: _of_floor(path) for name, path in floors_of(layout).items()}


def of_runs(runs: Iterable[RunFiles]) -> dict[str, str]:
    """Digests of what was trained and measured, run by run."""
    return {name_of(run): _identity(run.folder / MEASURED) for run in runs}


def name_of(run: RunFiles) -> str:
    """The name of a run in a stamp."""
    return f"runs.{run.spec.name}.{run.spec.seed}"


def of_elsewhere(arms: Iterable[ElsewhereFiles]) -> dict[str, str]:
    """Digests of what was read of arms that were made elsewhere."""
    return {f"runs.{arm.name}": _identity(arm.folder / MEASURED) for arm in arms}


def of_import(layout: Layout, arm: ElsewhereFiles) -> dict[str, str]:
    """What an arm from elsewhere is made from, as it would be read today.

    Where its files are not at hand, those that were read last, by the code that read them. Raises RecordError where
    they are refused.
    """
    study, home = layout.study, layout.study.experiments[arm.experiment]
    content = content_of(arm.arm, arm.folder)
    known = {} if content else _known(arm)
    made_from = {
        "files": content or known.get("files", NOTHING),
        "arm": digest_of(arm.arm.identity),
        "experiment": digest_of([home.iterations, [p.name for p in home.protocols], study.seeds_of(arm.name)]),
    }
    if not isinstance(arm.arm.origin, Samples):
        return made_from | {"code": known.get("code") or stage_digest("elsewhere")}
    protocols = study.protocols_of(arm.name)
    real = {p.name: _of_floor(path.with_suffix(".json")) for p, path in layout.references(arm.name).items()}
    shown = {"pictures": digest_of(home.snapshot_steps)} if home.arms else {}
    return {
        **made_from,
        **shown,
        "code": known.get("code") or protocol_code("elsewhere_samples", protocols),
        **{f"references.{name}": digest for name, digest in real.items()},
    }


def _known(arm: ElsewhereFiles) -> Mapping[str, str]:
    try:
        return read_stamp(arm.folder / MEASURED, "").made_from
    except RecordError:
        return {}


def of_tables(layout: Layout) -> dict[str, str]:
    """What the tables are made from."""
    return {
        **layout.parts,
        **of_runs(layout.run_files()),
        **of_elsewhere(layout.elsewhere_files()),
        **of_floors(layout),
        "first verdicts": of_file(layout.first_verdicts),
        "code": reporting_code("analyse", protocols(layout.study)),
    }


def of_figure(layout: Layout) -> dict[str, str]:
    """What a figure is made from: the tables, which speak of the runs, too."""
    return {"tables": _identity(layout.stamp("tables")), "code": reporting_code("figures", protocols(layout.study))}


def of_pictures(layout: Layout, files: Sequence[RunFiles | ElsewhereFiles]) -> dict[str, str]:
    """What pictures of some runs, or of arms that were made elsewhere, are made from."""
    trained = [one for one in files if isinstance(one, RunFiles)]
    apart = [one for one in files if isinstance(one, ElsewhereFiles)]
    return {
        "study": pictured(layout.parts),
        **of_runs(trained),
        **of_elsewhere(apart),
        "code": stage_digest("frames"),
    }


def pictured(parts: Mapping[str, str]) -> str:
    """Digest of all that a study says but for what it claims: pictures show no verdict."""
    return digest_of({name: digest for name, digest in parts.items() if not name.startswith("claims.")})


def of_page(layout: Layout, files: Sequence[Path], templates: Sequence[Path]) -> dict[str, str]:
    """What the page is made from: tables, figures, pictures, lists of deviations and of published numbers."""
    shown = [*layout.all_figures().values(), *layout.all_frames().values()]
    return {
        **of_figure(layout),
        "pictures": digest_of([_identity(layout.stamp(path.name)) for path in shown]),
        **{path.name: of_file(path) for path in files},
        "code": reporting_code("report", protocols(layout.study), templates),
    }


def files_of(layout: Layout, experiment: str) -> list[RunFiles | ElsewhereFiles]:
    """The runs of an experiment, and those of its arms that were made elsewhere of which there are samples."""
    shown = layout.study.experiments[experiment].pictured
    apart = [arm for arm in layout.elsewhere_files() if arm.name in shown]
    return [*(run for run in layout.run_files() if run.experiment == experiment), *apart]


def first_files(layout: Layout, arms: Sequence[str], seed: int | None = None) -> list[RunFiles | ElsewhereFiles]:
    """The runs of some arms of one experiment at a seed, its first if none is named; of those arms that have it.

    Of an arm that was made elsewhere, all that was read.
    """
    study = layout.study
    chosen = study.seeds_in(study.experiment_of(arms[0]))[0] if seed is None else seed
    apart = {arm.name: arm for arm in layout.elsewhere_files()}
    return [
        apart[arm] if arm in apart else _run_of(layout, arm, chosen) for arm in arms if chosen in study.seeds_of(arm)
    ]


def _run_of(layout: Layout, arm: str, seed: int) -> RunFiles:
    study = layout.study
    place = layout.run(RunKey(arm, study.arm(arm).reading, seed))
    return RunFiles(study.experiment_of(arm), place, study.run_spec(arm, seed))


def of_file(path: Path) -> str:
    """Digest of a file's bytes, or that it is not there."""
    return sha256_file(path) if path.is_file() else NOTHING


def _of_floor(path: Path) -> str:
    try:
        return digest_of(read_floor(path)) if path.is_file() else NOTHING
    except RecordError:
        return NOTHING


def _identity(path: Path) -> str:
    """Digest of a stamp, whatever versions of libraries stood by; or that it is missing or damaged."""
    try:
        return read_stamp(path, "").identity
    except RecordError:
        return NOTHING
