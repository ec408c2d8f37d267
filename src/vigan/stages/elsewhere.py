"""Read an arm whose runs were made elsewhere, and whose numbers were measured there, too."""

from __future__ import annotations

from typing import Any

from vigan.config.counts import modes_of
from vigan.config.elsewhere import Samples
from vigan.config.study import Study
from vigan.elsewhere.fit import Fitted, Names, Place, fit
from vigan.elsewhere.read import names_of, read
from vigan.io.elsewhere_record import (
    METRICS,
    RECORD,
    ElsewhereFiles,
    ElsewhereRecord,
    read_first_rules,
    write_first_rules,
)
from vigan.io.files import RecordError, write_json, write_text


def place_in(study: Study, arm: ElsewhereFiles) -> Place:
    """Where an arm is fitted in."""
    experiment = study.experiments[arm.experiment]
    return Place(arm.name, experiment, study.seeds_of(arm.name), modes_of(study.data_of(arm.experiment)))


def take_numbers(study: Study, arm: ElsewhereFiles, content: str) -> ElsewhereRecord:
    """Write what was read of an arm into its folder, and return its record. Raises RecordError naming what is wrong."""
    origin = arm.arm.origin
    if isinstance(origin, Samples):
        raise TypeError("samples are measured by `elsewhere_samples`")
    names = Names(names_of(origin), origin.protocol)
    return write(study, arm, content, fit(read(arm.arm), names, place_in(study, arm)))


def write(study: Study, arm: ElsewhereFiles, content: str, fitted: Fitted) -> ElsewhereRecord:
    """Write an arm's record and table.

    The rules are those of the first reading, of whatever files: one that is written or edited later shows.
    """
    record = ElsewhereRecord(
        arm=arm.name,
        identity=arm.arm.identity,
        content=content,
        runs=fitted.runs,
        rules=_first_rules(study, arm),
        told=fitted.told,
    )
    write_text(arm.folder / METRICS, fitted.table.to_csv(index=False, lineterminator="\n"))
    write_json(arm.folder / RECORD, record.model_dump(mode="json"))
    return record


def _first_rules(study: Study, arm: ElsewhereFiles) -> dict[str, Any]:
    if (kept := read_first_rules(arm.folder)) is not None:
        return kept
    try:
        rules = arm.last_record().rules
    except (RecordError, OSError):
        rules = study.rules(arm.name)
    write_first_rules(arm.folder, rules)
    return rules
