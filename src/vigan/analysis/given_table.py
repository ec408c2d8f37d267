"""A table of numbers from memory as the long table of a study: what it says is checked, nothing is made up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from vigan.analysis.elsewhere import UNFINISHED, real_value
from vigan.analysis.metric_bounds import bounds_of
from vigan.config.base import ConfigError, nearest
from vigan.config.claims import Reach, Untested, arms_of, event_of
from vigan.config.counts import modes_of
from vigan.config.elsewhere import READING
from vigan.config.experiment import Experiment
from vigan.config.study import Study
from vigan.elsewhere.numbers import LARGEST, LARGEST_SEED, short
from vigan.protocols.registry import METRICS, checks

COLUMNS = ("arm", "seed", "step", "metric", "value")
"""Columns of a table of numbers: which run, after how many iterations, which number."""
FLOORS = ("dataset", "protocol", "metric", "value")
"""Columns of the numbers of real data."""
RUN = ["arm", "seed", "protocol"]
SERIES = [*RUN, "metric"]
PLACE = [*SERIES, "step"]


def long_table(study: Study, frame: Any) -> pd.DataFrame:
    """The long table of a study from a frame with `COLUMNS` and, if it has them, protocol and status.

    An infinite value, or "nan" as text, is a divergence of its run; an empty one (NaN) was not measured, unless the
    status of its run says that it diverged. A number that ends before the experiment does has the status "unfinished".
    Rows of other arms, unknown metrics and later steps are left out. Raises ConfigError, in one line, for a column that
    is missing and for rows that say what cannot be.
    """
    table = _of_arms(study, frame)
    table["seed"] = _whole(table["seed"], "seed", LARGEST_SEED)
    table["step"] = _whole(table["step"], "step", LARGEST)
    table["value"] = _numbers(table["value"])
    table["protocol"] = _protocols(study, table)
    table["status"] = _statuses(table)
    homes = {arm: study.experiment_of(arm) for arm in table["arm"].unique()}
    table["experiment"] = table["arm"].map(homes)
    table = _known_metrics(_each_once(table), {home: modes_of(study.data_of(home)) for home in homes.values()})
    own = table["arm"].map({arm: study.experiments[home].reading_of(arm) for arm, home in homes.items()})
    table["reading"] = own.where(_is_whole(table), READING)
    ends = table["arm"].map({arm: study.experiments[home].iterations for arm, home in homes.items()})
    if (table["step"] > ends).all():
        raise ConfigError(
            f"the table begins at step {table['step'].min()}, after step {ends.max()}, the last of the study: give "
            "steps in the unit of its 'iterations'"
        )
    table = _measured(_with_diverged(table[table["step"] <= ends]))
    return _with_finite(_with_unfinished(table, ends[table.index]))


def _of_arms(study: Study, frame: Any) -> pd.DataFrame:
    if not isinstance(frame, pd.DataFrame):
        raise ConfigError(f"the table is a {type(frame).__name__}; hand over a pandas DataFrame")
    if missing := [column for column in COLUMNS if column not in frame.columns]:
        raise ConfigError(f"the table has no column '{missing[0]}'; it needs {', '.join(COLUMNS)}")
    named = list(frame.columns)
    if twice := [column for column in (*COLUMNS, "protocol", "status") if named.count(column) > 1]:
        raise ConfigError(f"the table has two columns '{twice[0]}'; drop one")
    arms = [arm for experiment in study.experiments.values() for arm in experiment.names]
    table = frame[frame["arm"].isin(arms)].reset_index(drop=True)
    if table.empty:
        raise ConfigError(f"the table has no row of an arm of study '{study.study}', which are {', '.join(arms)}")
    return table.assign(arm=table["arm"].astype(str), metric=table["metric"].astype(str))


def _whole(column: pd.Series, what: str, most: int) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = ~((numbers >= 0) & (numbers <= most) & (numbers % 1 == 0)).fillna(False).to_numpy(bool)
    _refuse(column, wrong, f"{what} {{}} is not a whole number from 0 on, or too large")
    return numbers.astype(np.int64)


def _numbers(column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    wrong = numbers.isna().to_numpy() & ~column.isna().to_numpy() & (column.astype(str).str.lower() != "nan").to_numpy()
    _refuse(column, wrong, "value {} is no number")
    return numbers.mask(numbers.isna() & ~column.isna(), np.inf)  # "nan" as text


def _refuse(column: pd.Series, wrong: np.ndarray, line: str) -> None:
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise ConfigError(f"row {place} of the study's arms in the table: {line.format(repr(column.iloc[place]))}")


def _protocols(study: Study, table: pd.DataFrame) -> pd.Series:
    """Each row's protocol by its name in tables; that of the arm's experiment, where the row says none."""
    said = table["protocol"] if "protocol" in table.columns else pd.Series(None, table.index, dtype=object)
    said = said.astype(object).where(said.notna(), None)
    pairs = dict.fromkeys(zip(table["arm"], said, strict=True))
    known = {(arm, name): _protocol(study.experiments[study.experiment_of(arm)], arm, name) for arm, name in pairs}
    return pd.Series([known[pair] for pair in zip(table["arm"], said, strict=True)], table.index)


def _protocol(experiment: Experiment, arm: str, name: object) -> str:
    names = [protocol.name for protocol in experiment.protocols]
    if name is None:
        usual = [protocol.name for protocol in experiment.protocols if not protocol.sampler]
        if len(usual) != 1:
            listed = ", ".join(f"'{one}'" for one in names)
            raise ConfigError(f"the table needs a column 'protocol': arm '{arm}' is measured by {listed}")
        return usual[0]
    try:
        found = experiment.protocol_of(str(name))
    except ValueError as error:
        raise ConfigError(f"column 'protocol' of the table, arm '{arm}': {error}") from None
    if found is None:
        known = [*names, *(protocol.kind for protocol in experiment.protocols)]
        raise ConfigError(f"arm '{arm}' has no protocol '{short(str(name))}'{nearest(str(name), known)}")
    return found.name


def _statuses(table: pd.DataFrame) -> pd.Series:
    if "status" not in table.columns:
        return pd.Series("completed", table.index)
    wrong = ~table["status"].isin(["completed", "diverged", UNFINISHED]).to_numpy()
    _refuse(table["status"], wrong, "status {} is neither 'completed' nor 'diverged'")
    return table["status"].astype(str).replace(UNFINISHED, "completed")  # which numbers those are is found here


def _each_once(table: pd.DataFrame) -> pd.DataFrame:
    """Rows without those that say the same again, or nothing beside a value.

    Raises ConfigError for two values of one place.
    """
    empty = table["value"].isna() & table.groupby(PLACE)["value"].transform("count").gt(0)
    once = table[~empty].drop_duplicates([*PLACE, "value"])
    twice = once.duplicated(PLACE, keep=False)
    if twice.any():
        one, other = (once[twice].sort_values(PLACE).iloc[place] for place in range(2))
        raise ConfigError(
            f"the table has two values of arm '{one['arm']}', seed {one['seed']}, step {one['step']}, "
            f"'{one['metric']}': {one['value']:g} and {other['value']:g}; drop one"
        )
    return once


def _known_metrics(table: pd.DataFrame, modes: Mapping[str, int | None]) -> pd.DataFrame:
    """Rows of metrics that are known, in experiments on data of so many modes.

    Raises ConfigError if there are none, or for a value that one cannot have.
    """
    known = table[table["metric"].isin(METRICS)]
    if known.empty or known["metric"].isin(checks()).all():
        name = str(table["metric"].iloc[0])
        raise ConfigError(
            f"the table has no metric that is known, such as '{short(name)}'{nearest(name, list(METRICS))}"
        )
    places = list(zip(known["metric"], known["experiment"], strict=True))
    bounds = {place: bounds_of(place[0], modes[place[1]]) for place in dict.fromkeys(places)}
    low, high = (pd.Series([bounds[place][end] for place in places], known.index, dtype=float) for end in (0, 1))
    outside = np.isfinite(known["value"]) & ~known["value"].between(low - 1e-9, high + 1e-9)
    if outside.any():
        row, (least, most) = known[outside].iloc[0], (low[outside].iloc[0], high[outside].iloc[0])
        raise ConfigError(
            f"arm '{row['arm']}', seed {row['seed']}, step {row['step']}: {row['value']:g} is no value of "
            f"'{row['metric']}', which lies from {least:g} to {most:g}"
        )
    return known.copy()


def _is_said(table: pd.DataFrame) -> np.ndarray:
    """Rows of steps of which the table itself says whether samples were finite, as tables of this package do."""
    said = pd.MultiIndex.from_frame(table.loc[table["metric"] == "finite", [*RUN, "step"]])
    return pd.MultiIndex.from_frame(table[[*RUN, "step"]]).isin(said)


def _is_whole(table: pd.DataFrame) -> np.ndarray:
    """Rows of runs of which the table says all that it does of runs trained here; others may lack what was measured."""
    silent = pd.MultiIndex.from_frame(table.loc[~_is_said(table), ["arm", "seed"]])
    return ~pd.MultiIndex.from_frame(table[["arm", "seed"]]).isin(silent)


def _with_diverged(table: pd.DataFrame) -> pd.DataFrame:
    """Runs with an infinite value have diverged, where nothing else is said; so a run has one status."""
    bad = (np.isinf(table["value"]) & ~_is_said(table)) | (table["status"] == "diverged")
    diverged = pd.MultiIndex.from_frame(table.loc[bad, ["arm", "seed"]])
    is_one = pd.MultiIndex.from_frame(table[["arm", "seed"]]).isin(diverged)
    return table.assign(status=np.where(is_one, "diverged", table["status"]))


def _measured(table: pd.DataFrame) -> pd.DataFrame:
    """Rows without empty values, as frames that are made of wide ones have them: they were not measured.

    Of a run that diverged those after its last number tell when. Raises ConfigError if none is left.
    """
    alive = table["step"].where(np.isfinite(table["value"])).groupby([table["arm"], table["seed"]]).transform("max")
    lost = (table["status"] == "diverged") & ~(table["step"] <= alive)
    kept = table[table["value"].notna() | lost | _is_said(table)]
    if kept.empty:
        raise ConfigError("the table has no value of a metric that is known: all are empty")
    return kept


def _with_unfinished(table: pd.DataFrame, ends: pd.Series) -> pd.DataFrame:
    """Numbers of runs that end before the experiment, without a word on why, are not judged."""
    last = table.groupby(SERIES)["step"].transform("max")
    failed = table[(table["metric"] == "finite") & (table["value"] == 0)].groupby(RUN)["step"].max()
    failing = pd.Series(pd.MultiIndex.from_frame(table[RUN]).map(failed.to_dict()), table.index, dtype=float)
    early = (last < ends) & ~(failing > last) & (table["status"] != "diverged")
    if early.all():
        raise ConfigError(
            f"the table ends at step {last.max()}, before step {ends.iloc[0]}, the last of the study: nothing is judged"
        )
    return table.assign(status=table["status"].mask(early, UNFINISHED))


def _with_finite(table: pd.DataFrame) -> pd.DataFrame:
    """The same with `finite` at every step that was measured, where the table does not say it, and finite values."""
    said = _is_said(table)
    silent = table[~said]
    found = silent.assign(finite=np.isfinite(silent["value"]), early=silent["status"] == UNFINISHED)
    whole, early = (found.groupby([*RUN, "step"])[name].transform("all") for name in ("finite", "early"))
    status = silent.groupby(RUN)["status"].transform("min").where(~early, UNFINISHED)  # it comes after all others
    added = silent.assign(metric="finite", value=whole.astype(float), status=status).drop_duplicates([*RUN, "step"])
    return pd.concat([table[said | np.isfinite(table["value"])], added], ignore_index=True)


def real_values(study: Study, table: pd.DataFrame, floors: pd.DataFrame | None) -> pd.DataFrame:
    """The numbers of real data as a study's tables have them.

    Raises ConfigError for a column that is missing, and where a claim on events needs a number that is not there.
    """
    real = pd.DataFrame(columns=list(FLOORS)) if floors is None else floors
    if missing := [column for column in FLOORS if column not in real.columns]:
        raise ConfigError(f"the floors have no column '{missing[0]}'; they need {', '.join(FLOORS)}")
    pairs = list(zip(real["dataset"], real["protocol"], strict=True))
    names = {pair: _real_protocol(study, *map(str, pair)) for pair in dict.fromkeys(pairs)}
    real = real.assign(protocol=[names[pair] for pair in pairs])
    for claim in study.claims:
        if not isinstance(claim, Untested) and event_of(claim) is not None:
            _check_real(study.experiment_of(arms_of(claim)[0]), study, table, real)
    return real


def _real_protocol(study: Study, dataset: str, name: str) -> str:
    """The full name of a protocol that some experiment on a data set has; as it is written if none has it."""
    homes = [experiment for experiment in study.experiments.values() if experiment.dataset == dataset]
    try:
        found = dict.fromkeys(one.name for home in homes if (one := home.protocol_of(name)) is not None)
    except ValueError as error:
        raise ConfigError(f"column 'protocol' of the floors, data set '{dataset}': {error}") from None
    if len(found) > 1:
        raise ConfigError(f"column 'protocol' of the floors: '{name}' could be any of {', '.join(found)}; write which")
    return next(iter(found), name)


def _check_real(home: str, study: Study, table: pd.DataFrame, real: pd.DataFrame) -> None:
    experiment = study.experiments[home]
    rules = {"collapse": experiment.collapse, "reach": experiment.reach}
    for name, rule in rules.items():
        if rule is None or home not in set(table["experiment"]):
            continue
        protocol = experiment.protocol_of(rule.protocol)
        compares = isinstance(rule, Reach) or rule.relative_to == "real"
        if compares and protocol is not None and np.isnan(real_value(real, experiment, protocol.name, rule.metric)):
            raise ConfigError(
                f"the rule '{name}' of experiment '{home}' compares with real data: hand over `floors` with a row "
                f"(dataset '{experiment.dataset}', protocol '{protocol.name}', metric '{rule.metric}')"
            )
