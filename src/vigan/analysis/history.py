"""Changes of a study's rules: which were changed after the runs, and which verdicts the earlier ones gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import TypeAdapter, ValidationError
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from vigan.analysis.claim_table import History, claim_table
from vigan.analysis.measured import measured
from vigan.analysis.raw import Raw
from vigan.analysis.tables import read_table
from vigan.config.base import ConfigError, differing_fields
from vigan.config.claims import Collapse, Measured, Reach, TestedClaim, Untested, arms_of, named_arms
from vigan.config.experiment import Experiment, Protocol
from vigan.config.study import Study
from vigan.describe.claims import OLDER_FORM, describe_rule
from vigan.io.files import RecordError

ADDED = "it was written after them"
JUDGED_BEFORE = "these seeds were first judged by another"
TAKEN_AWAY = "the runs were made with a rule for it, which was taken away after them"
ADDED_FIELDS = ("control_seeds", "real")
"""What records of older runs do not say of a rule."""
COLUMNS = ("id", "verdict", "n", "estimate", "low", "high", "rule")
"""Columns of a table of first verdicts."""
EVENT_RULES: Mapping[str, type[Measured]] = {"collapse": Collapse, "reach": Reach}


def history(study: Study, raw: Raw, first_verdicts: Path) -> History:
    """By claim: how its rule differs from those recorded with its runs, and the verdicts of earlier rules on them.

    Earlier verdicts are read from the table `first_verdicts`, if there is one, and derived from each recorded rule
    that can still be applied. Raises RecordError on a table that is malformed.
    """
    now = {id_: _resolved(rule) for id_, rule in study.rules().items()}
    rows = _first_rows(first_verdicts)
    recorded = [id_ for _, rules in _kept_rules(raw) for id_ in rules]
    had_rules = list(dict.fromkeys([*(row["id"] for row in rows), *recorded]))
    stated = {id_ for claim in study.claims for id_ in (claim.id, *claim.replaces)}
    withdrawn = tuple(id_ for id_ in had_rules if id_ not in stated)
    gone = [*withdrawn, *(claim.id for claim in study.claims if claim.id in had_rules and claim.id not in now)]
    others = {id_: _others(rule, _stored_rules(study, raw, id_)) for id_, rule in now.items()}
    others |= {id_: _others(None, [own[id_] for _, own in _kept_rules(raw) if id_ in own]) for id_ in gone}
    changed = {id_: "; ".join(_difference(now[id_], rule) for rule in others[id_]) for id_ in now if others[id_]}
    changed |= {id_: TAKEN_AWAY for id_ in gone if id_ not in withdrawn and id_ in recorded}
    never_tested = {row["id"] for row in rows if row["verdict"] == "not tested"}
    unjudged = _unjudged(study, recorded, set(withdrawn) - never_tested)
    judged = _verdicts_by_stored_rules(study, raw, others, len(now) + unjudged)
    earlier = _earlier_verdicts(study, rows, withdrawn)
    first = {id_: " | ".join([*earlier.get(id_, ()), *judged.get(id_, ())]) for id_ in [*earlier, *judged]}
    return History(
        dict.fromkeys(_judged_by_other_rules(study, rows), JUDGED_BEFORE) | changed,
        {id_: text for id_, text in first.items() if text},
        withdrawn,
        unjudged,
    )


def _unjudged(study: Study, recorded: Sequence[str], withdrawn: set[str]) -> int:
    """How many claims that had a rule have none now: of those recorded with the runs, and of others if withdrawn.

    A claim that replaces several stands for one of them, and of several that replace the same one does.
    """
    tested = [claim for claim in study.claims if not isinstance(claim, Untested)]
    gone = set(recorded) - {claim.id for claim in tested}
    stand_ins = [claim for claim in tested if claim.id not in recorded and not gone.isdisjoint(claim.replaces)]
    if not (gone and stand_ins):
        return len(gone | withdrawn)
    replaced = csr_array([[id_ in claim.replaces for id_ in gone] for claim in stand_ins])
    return len(gone | withdrawn) - int((maximum_bipartite_matching(replaced) >= 0).sum())


def _judged_by_other_rules(study: Study, first_rows: list[dict[Any, Any]]) -> list[str]:
    """Ids of claims with a first verdict by another rule, even if the runs have been made again since."""
    return [
        claim.id
        for claim in study.claims
        if not isinstance(claim, Untested)
        and any(row["rule"] != describe_rule(claim) for row in first_rows if row["id"] in (claim.id, *claim.replaces))
    ]


def _kept_rules(raw: Raw) -> list[tuple[str, Mapping[str, Any]]]:
    """(arm, rules of claims) as recorded with every run, and with every arm from elsewhere when it was first read."""
    trained: list[tuple[str, Mapping[str, Any]]] = [(record.spec.name, record.rules) for _, record in raw.records]
    return [*trained, *((record.arm, record.rules) for _, record in raw.elsewhere)]


def _stored_rules(study: Study, raw: Raw, id_: str) -> list[Any]:
    """The rule of a claim as recorded in each run of its arms (None where it is not), and in other runs with it.

    Where it is not, one that it replaces may be: the first of them.
    """
    claim = next(claim for claim in study.claims if claim.id == id_)
    assert not isinstance(claim, Untested)
    arms, ids = named_arms(claim), (id_, *claim.replaces)
    found = [(arm, next((rules[one] for one in ids if one in rules), None)) for arm, rules in _kept_rules(raw)]
    return [rule for arm, rule in found if arm in arms or rule is not None]


def _others(now: Mapping[str, Any] | None, kept: list[Any]) -> list[Any]:
    """Those of the recorded rules that differ from today's, each once."""
    found: list[Any] = []
    for rule in map(_resolved, kept):
        if _as_today(rule, now or {}) != now and rule not in found:
            found.append(rule)
    return found


def _as_today(rule: Any, now: Mapping[str, Any]) -> Any:
    """A recorded rule with what records did not say when it was written, as it is now."""
    return {name: now[name] for name in ADDED_FIELDS if name in now} | rule if isinstance(rule, dict) else rule


def _resolved(rule: Any) -> Any:
    """A rule with full protocol names in place of kinds, which do not change when other protocols are added.

    Without the claim's id: another may replace it.
    """
    if not isinstance(rule, dict):
        return rule
    names = {name.split("/")[0]: name for name in rule.get("protocols", ())}
    whole = {key: _with_whole_name(part, names) for key, part in rule.items() if key != "protocols"}
    claim = whole.get("claim")
    return {**whole, "claim": {**claim, "id": ""}} if isinstance(claim, dict) else whole


def _with_whole_name(part: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(part, dict) or part.get("protocol") not in names:
        return part
    return {**part, "protocol": names[part["protocol"]]}


def _difference(now: Mapping[str, Any], kept: Any) -> str:
    """How a rule differs from another one recorded with its runs, in words."""
    if kept is None:
        return ADDED
    if not isinstance(kept, dict):
        return OLDER_FORM
    fields, fewer = differing_fields(dict(now), _as_today(kept, now)), _added_seeds(now["seeds"], kept.get("seeds"))
    texts = [f"it named {fewer} seeds, and these are {len(now['seeds'])}"] if fewer else []
    if rest := [field for field in fields if not (fewer and field == "seeds")]:
        texts.append(f"{', '.join(rest)} changed after them")
    return "; ".join(texts)


def _added_seeds(now: Any, kept: Any) -> int | None:
    """How many seeds the recorded rule named, if seeds were only added since."""
    more = isinstance(now, list) and isinstance(kept, list) and set(kept) < set(now)
    return len(kept) if more else None


def _verdicts_by_stored_rules(
    study: Study, raw: Raw, others: Mapping[str, list[Any]], family: int
) -> dict[str, list[str]]:
    """Verdicts by the rules recorded with the runs of each claim, where they are not today's and can be applied.

    They are corrected for as many claims as today's are, `family`.
    """
    found: dict[str, list[str]] = {}
    for id_, rules in others.items():
        firsts = [(first, rule) for rule in rules if (first := _first_study(study, id_, rule))]
        rows = [_row_of(id_, rule, first, raw, family) for first, rule in firsts]
        found[id_] = [f"by the rule kept with the runs: {format_verdict(row)} ({row['rule']})" for row in rows]
    return found


def _first_study(study: Study, id_: str, kept: Any) -> Study | None:
    """The study with the recorded rule of one claim; None if it does not fit these runs and their metrics."""
    try:
        words = {"id": id_, "statement": "(as recorded)", "place": "with the runs"}
        first: TestedClaim = TypeAdapter(TestedClaim).validate_python({**kept["claim"], **words})
        rules = {name: kind.model_validate(kept[name]) for name, kind in EVENT_RULES.items() if name in kept}
        assert kept["seeds"] == "any" or all(isinstance(seed, int) for seed in kept["seeds"])
        home = study.experiment_of(arms_of(first)[0])
    except (KeyError, TypeError, ValidationError, AssertionError, ConfigError):
        return None
    experiment = study.experiments[home]
    if any(kept.get(key) != getattr(experiment, key) for key in ("iterations", "snapshots")):
        return None
    measured = [one for one in (first, *rules.values()) if isinstance(one, Measured)]
    names = {protocol.name for protocol in experiment.protocols}
    if not set(named_arms(first)) <= set(experiment.names) or any(one.protocol not in names for one in measured):
        return None
    claims = [first if other.id == id_ else other for other in study.claims]
    claims += [] if first in claims else [first]
    changed = experiment.model_copy(update={**rules, "protocols": _as_stated(experiment, kept)})
    return study.model_copy(update={"claims": tuple(claims), "experiments": {**study.experiments, home: changed}})


def _as_stated(experiment: Experiment, kept: Mapping[str, Any]) -> tuple[Protocol, ...]:
    """The protocols with the numbers of real data that were stated for a recorded rule, if it says."""
    if "real" not in kept or not any(name in kept for name in EVENT_RULES):
        return experiment.protocols
    stated: Mapping[str, Mapping[str, float]] = kept["real"]
    real = {p.name: tuple(stated.get(p.name, {}).items()) for p in experiment.protocols}
    return tuple(protocol.model_copy(update={"real": real[protocol.name]}) for protocol in experiment.protocols)


def _row_of(id_: str, kept: Mapping[str, Any], first: Study, raw: Raw, family: int) -> dict[Any, Any]:
    """The verdict on a claim by its recorded rule, on the seeds that this named, corrected for so many claims."""
    (claim,) = (claim for claim in first.claims if claim.id == id_ and not isinstance(claim, Untested))
    of_control = kept.get("control_seeds", kept["seeds"])
    named = {arm: kept["seeds"] if arm in arms_of(claim) else of_control for arm in named_arms(claim)}
    others = History({}, {}, unjudged=max(0, family - len(first.rules())))
    data = measured(raw.metrics, raw.floors, first.experiments)
    table = claim_table(first, data, others, {} if kept["seeds"] == "any" else {id_: named})
    return table.set_index("id").loc[id_].to_dict()


def _first_rows(path: Path) -> list[dict[Any, Any]]:
    """Rows of the table of first verdicts, if there is one."""
    if not path.exists():
        return []
    table = read_table(path)
    if missing := [column for column in COLUMNS if column not in table]:
        raise RecordError(
            f"{path}: has no column '{missing[0]}'; restore it, or delete it if there were no earlier verdicts"
        )
    return table.to_dict("records")


def _earlier_verdicts(study: Study, rows: list[dict[Any, Any]], withdrawn: Sequence[str]) -> dict[str, list[str]]:
    """What the table of first verdicts says of each claim, of those that it replaces, and of those withdrawn."""
    sought = {claim.id: (claim.id, *claim.replaces) for claim in study.claims} | {id_: (id_,) for id_ in withdrawn}
    return {id_: [_first(row) for one in ids for row in rows if row["id"] == one] for id_, ids in sought.items()}


def _first(row: Mapping[Any, Any]) -> str:
    return f"first judged as {row['id']}: {format_verdict(row)} ({row['rule']})"


def format_verdict(row: Mapping[Any, Any]) -> str:
    """A verdict with its estimate, interval and n: "supported, 4.88 [2.83, 6.25], n = 16"."""
    if pd.isna(row["estimate"]):
        return str(row["verdict"])
    numbers = f"{row['estimate']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"
    return f"{row['verdict']}, {numbers}, n = {row['n']:.0f}"
