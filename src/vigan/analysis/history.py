"""What became of a study's rules: which were changed after their runs, and which verdicts the first ones gave."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from vigan.analysis import estimates, events
from vigan.analysis.claim_table import History, claim_table
from vigan.analysis.outcomes import Measurements
from vigan.analysis.raw import Raw
from vigan.analysis.tables import read_table
from vigan.config.base import differing_fields
from vigan.config.claims import Collapse, Reach, TestedClaim, Untested, arms_of, named_arms
from vigan.config.study import Study

ADDED = "it was written after them"
UNTOLD = "the rule that they kept is of an older kind"
COLUMNS = ("id", "verdict", "n", "estimate", "low", "high", "rule")


def history(study: Study, raw: Raw, first_verdicts: Path) -> History:
    """By claim: how its rule differs from the one kept with its runs, and what earlier rules said of the same runs.

    Earlier verdicts come from the kept rule where that can still be applied, and from the table `first_verdicts`, if
    there is one, for rules that no longer can. Raises RecordError on a table that is malformed.
    """
    kept = _kept_rules(study, raw)
    now = study.rules()
    changed = {id_: text for id_, rule in now.items() if (text := _change(rule, kept[id_]))}
    return History(changed, _judged_before(study, raw, kept, changed) | _told_before(study, first_verdicts))


def _kept_rules(study: Study, raw: Raw) -> dict[str, list[Any]]:
    """The distinct rules kept with the runs that each claim depends on, None where a run has none."""
    found: dict[str, list[Any]] = {}
    for claim in study.claims:
        if isinstance(claim, Untested):
            continue
        arms = named_arms(claim)
        rules = [record.rules.get(claim.id) for _, record in raw.records if record.spec.name in arms]
        found[claim.id] = [rule for place, rule in enumerate(rules) if rule not in rules[:place]]
    return found


def _change(now: Mapping[str, Any], kept: list[Any]) -> str:
    """What differs between a rule and those kept with its runs, in words; nothing if it is the same."""
    texts = dict.fromkeys(_difference(now, rule) for rule in kept)
    return "; ".join(text for text in texts if text)


def _difference(now: Mapping[str, Any], kept: Any) -> str:
    if kept is None:
        return ADDED
    if not isinstance(kept, dict):
        return UNTOLD
    if fewer := _added_seeds(now["seeds"], kept.get("seeds")):
        return f"it named {fewer} seeds, and these are {len(now['seeds'])}"
    fields = differing_fields(dict(now), kept)
    return f"{', '.join(fields)} changed after them" if fields else ""


def _added_seeds(now: Any, kept: Any) -> int | None:
    """How many seeds a fixed rule named, if more were added since."""
    more = isinstance(now, list) and isinstance(kept, list) and set(kept) < set(now)
    return len(kept) if more else None


def _judged_before(study: Study, raw: Raw, kept: Mapping[str, list[Any]], changed: Mapping[str, str]) -> dict[str, str]:
    """The verdict by the rule kept with the runs, of each claim whose rule was changed and can still be applied."""
    found = {}
    for claim in study.claims:
        if claim.id not in changed or isinstance(claim, Untested) or len(kept[claim.id]) != 1:
            continue
        first = _first_study(study, claim, kept[claim.id][0])
        if first is not None:
            row = _table_of(first, raw).set_index("id").loc[claim.id]
            found[claim.id] = f"by the rule kept with the runs: {tell_verdict(row.to_dict())} ({row['rule']})"
    return found


def _first_study(study: Study, claim: TestedClaim, kept: Any) -> Study | None:
    """The study with the kept rule of one claim; none if these runs were not made for that rule."""
    home = study.experiment_of(arms_of(claim)[0])
    now = study.rules()[claim.id]
    if not isinstance(kept, dict) or any(kept.get(k) != now[k] for k in ("protocols", "iterations", "snapshots")):
        return None
    try:
        words = {"statement": claim.statement, "place": claim.place}
        first: TestedClaim = TypeAdapter(TestedClaim).validate_python({**kept["claim"], **words})
        rules: dict[str, object] = {}
        if "collapse" in kept:
            rules["collapse"] = Collapse.model_validate(kept["collapse"])
        if "reach" in kept:
            rules["reach"] = Reach.model_validate(kept["reach"])
        seeds = {} if kept["seeds"] == "any" else {"seeds": tuple(kept["seeds"]), "more_seeds": {}}
    except (KeyError, TypeError, ValidationError):
        return None
    experiment = study.experiments[home].model_copy(update={**rules, **seeds})
    claims = tuple(first if other.id == claim.id else other for other in study.claims)
    return study.model_copy(update={"claims": claims, "experiments": {**study.experiments, home: experiment}})


def _table_of(study: Study, raw: Raw) -> pd.DataFrame:
    happened = events.events(raw.metrics, raw.floors, study.experiments)
    return claim_table(study, Measurements(estimates.run_scores(raw.metrics), happened))


def _told_before(study: Study, path: Path) -> dict[str, str]:
    """What the table of first verdicts says of each claim, or of those that it replaces."""
    if not path.exists():
        return {}
    rows = read_table(path).set_index("id")
    found = {}
    for claim in study.claims:
        before = [id_ for id_ in (claim.id, *claim.replaces) if id_ in rows.index]
        if before:
            found[claim.id] = " | ".join(_first(id_, dict(rows.loc[id_])) for id_ in before)
    return found


def _first(id_: str, row: Mapping[Any, Any]) -> str:
    return f"first judged as {id_}: {tell_verdict(row)} ({row['rule']})"


def tell_verdict(row: Mapping[Any, Any]) -> str:
    """A verdict with its estimate, interval and n: "supported, 4.88 [2.83, 6.25], n = 16"."""
    if pd.isna(row["estimate"]):
        return str(row["verdict"])
    numbers = f"{row['estimate']:.3g} [{row['low']:.3g}, {row['high']:.3g}]"
    return f"{row['verdict']}, {numbers}, n = {row['n']:.0f}"
