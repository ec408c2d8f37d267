"""Rules that were changed after their runs are told, with what the first ones said; nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vigan.analysis.claim_table import NO_HISTORY, History, claim_table
from vigan.analysis.history import JUDGED_BEFORE, format_verdict, history
from vigan.analysis.measured import measured
from vigan.config.claims import PairedSign
from vigan.config.study import Study
from vigan.describe.claims import describe_rule
from vigan.io.files import RecordError

from .studied import (
    CLAIMS,
    COLLAPSE,
    FALLS,
    GOOD,
    MEAN,
    OFTEN,
    REACH,
    SHARE,
    SHARES,
    SIGN,
    TIME,
    measurements,
    raw_of,
    study_of,
)

COURSES = {"plain": [FALLS] * 7 + [GOOD], "regularised": [GOOD] * 8}
MORE = {"plain": [*COURSES["plain"], *[GOOD] * 8], "regularised": [GOOD] * 16}
TWO = [{"kind": "toy-modes", "samples": 500}, {"kind": "toy-modes", "samples": 2500}]


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    return tmp_path / "first-verdicts.csv"


def _history(now: Study, kept: Study | dict[str, Any], where: Path, courses: Any = COURSES) -> History:
    return history(now, raw_of(now, courses, dict.fromkeys(range(16), kept)), where)


def _changed(claim: dict[str, Any], where: Path, *, experiment: dict[str, Any] | None = None, **change: Any) -> str:
    """How a claim's rule is told to have changed, if it was kept as `claim` and something is otherwise now."""
    now = study_of({**claim, **change}, **(experiment or {}))
    return _history(now, study_of(claim), where).changed.get(claim["id"], "")


def test_rules_that_are_as_they_were_say_nothing(nowhere: Path) -> None:
    study = study_of(*CLAIMS)
    assert _history(study, study, nowhere) == NO_HISTORY


@pytest.mark.parametrize(
    ("claim", "change", "told"),
    [
        (SIGN, {"alpha": 0.1}, "claim.alpha changed after them"),
        (SIGN, {"margin": 0.5}, "claim.margin changed after them"),
        (SIGN, {"beyond": "zero", "direction": "lower"}, "claim.beyond, claim.direction changed after them"),
        (SIGN, {"score": "best"}, "claim.score changed after them"),
        (SIGN, {"sampling": "sequential"}, "claim.sampling, seeds changed after them"),
        (SHARE, {"share": 0.5}, "claim.share changed after them"),
        (OFTEN, {"by": 0.5}, "claim.by changed after them"),
    ],
)
def test_a_claim_that_was_changed_is_told_by_its_fields(claim, change, told: str, nowhere: Path) -> None:
    assert _changed(claim, nowhere, **change) == told


@pytest.mark.parametrize("words", [{"statement": "otherwise"}, {"place": "there"}, {"replaces": ["C1"]}])
def test_words_of_a_claim_are_no_rule(words: dict[str, Any], nowhere: Path) -> None:
    assert _changed(SIGN, nowhere, **words) == ""


@pytest.mark.parametrize(
    ("experiment", "told"),
    [
        ({"collapse": {**COLLAPSE, "below": 0.6}}, {"time", "shares", "share", "often"}),
        ({"reach": {**REACH, "share": 0.6}}, {"time", "shares", "share", "often"}),
        ({"protocols": [{"kind": "toy-modes", "samples": 600}]}, {claim["id"] for claim in CLAIMS}),
        ({"snapshots": 6}, {claim["id"] for claim in CLAIMS}),
        ({"iterations": 120}, {claim["id"] for claim in CLAIMS}),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_what_a_rule_reads_of_its_experiment_is_told(experiment, told: set[str], nowhere: Path) -> None:
    found = _history(study_of(*CLAIMS, **experiment), study_of(*CLAIMS), nowhere)
    assert found.changed.keys() == told
    (name,) = experiment
    assert all(name.removesuffix("s") in text for text in found.changed.values())


@pytest.mark.parametrize(
    "experiment",
    [
        {"protocols": [{"kind": "toy-modes", "samples": 500, "redraws": 3}]},
        {"title": "A circle"},
        {"log_every": 10},
        {"arms": {"plain": {"lambda_sum": 0.0}, "regularised": {"lambda_sum": 1.0}, "other": {"lambda_sum": 2.0}}},
        {"more_seeds": {"other": [9]}, "arms": {
            "plain": {"lambda_sum": 0.0}, "regularised": {"lambda_sum": 1.0}, "other": {"lambda_sum": 2.0}}},
    ],
    ids=["redraws", "title", "logging", "another arm", "another arm's seeds"],
)  # fmt: skip
def test_what_no_rule_reads_changes_none(experiment: dict[str, Any], nowhere: Path) -> None:
    """Six verdicts once carried a false mark, for a protocol that no claim reads."""
    full = study_of(*CLAIMS).model_dump(mode="json", exclude_unset=True)["experiments"]["circle"]["arms"]
    arms = {name: {**full["plain"], **arm} for name, arm in experiment.get("arms", full).items()}
    assert _history(study_of(*CLAIMS, **{**experiment, "arms": arms}), study_of(*CLAIMS), nowhere).changed == {}


def test_a_protocol_that_no_claim_reads_changes_none(nowhere: Path) -> None:
    named = [{**claim, "protocol": "toy-modes/n=500/ref=train"} for claim in (SIGN, MEAN)]
    rules = {"collapse": {**COLLAPSE, "protocol": named[0]["protocol"]},
             "reach": {**REACH, "protocol": named[0]["protocol"]}}  # fmt: skip
    claims = [*named, TIME, SHARES]
    assert _history(study_of(*claims, protocols=TWO, **rules), study_of(*claims, **rules), nowhere).changed == {}


def test_seeds_that_were_added_to_a_fixed_rule_are_told(nowhere: Path) -> None:
    now, then = study_of(SIGN, seeds=16), study_of(SIGN)
    assert _history(now, then, nowhere, MORE).changed == {"sign": "it named 8 seeds, and these are 16"}


def test_seeds_that_were_added_are_told_also_by_runs_that_were_made_for_both_rules(nowhere: Path) -> None:
    """The first eight runs keep the rule of eight seeds, the eight that were added keep that of sixteen."""
    now, then = study_of(SIGN, seeds=16), study_of(SIGN)
    raw = raw_of(now, MORE, {**dict.fromkeys(range(8), then), **dict.fromkeys(range(8, 16), now)})
    assert history(now, raw, nowhere).changed == {"sign": "it named 8 seeds, and these are 16"}


def test_nothing_else_that_changed_is_passed_over_for_added_seeds(nowhere: Path) -> None:
    found = _history(study_of({**SIGN, "alpha": 0.2}, seeds=16), study_of(SIGN), nowhere, MORE)
    assert found.changed == {"sign": "it named 8 seeds, and these are 16; claim.alpha changed after them"}


def test_seeds_that_were_left_out_of_a_fixed_rule_are_told(nowhere: Path) -> None:
    assert _history(study_of(SIGN, seeds=7), study_of(SIGN), nowhere).changed == {"sign": "seeds changed after them"}


def test_a_sequential_rule_may_get_more_seeds(nowhere: Path) -> None:
    claim = {**MEAN, "sampling": "sequential"}
    assert _history(study_of(claim, seeds=16), study_of(claim), nowhere, MORE) == NO_HISTORY


def test_a_claim_that_the_runs_did_not_know_is_told(nowhere: Path) -> None:
    found = _history(study_of(SIGN, MEAN), study_of(SIGN), nowhere)
    assert found.changed == {"mean": "it was written after them"}
    assert found.first == {}


def test_rules_that_were_kept_as_digests_are_told_as_such(nowhere: Path) -> None:
    found = _history(study_of(SIGN), {"sign": "f" * 64}, nowhere)
    assert found == History({"sign": "the rule recorded with them has the form of an earlier version"}, {})


def test_only_runs_of_the_claims_arms_are_asked_its_control_among_them(nowhere: Path) -> None:
    now, then = study_of(SHARE, OFTEN), study_of(SHARE, {**OFTEN, "share": 0.5})
    raw = raw_of(now, COURSES)
    for place, (experiment, record) in enumerate(raw.records):
        if record.spec.name == "plain":
            raw.records[place] = (experiment, record.model_copy(update={"rules": then.rules("plain")}))
    assert history(now, raw, nowhere).changed == {"often": "claim.share changed after them"}
    changed = [(name, record.model_copy(update={"rules": {}})) for name, record in raw.records[:8]]
    assert history(now, raw._replace(records=[*changed, *raw.records[8:]]), nowhere).changed.keys() == {
        "share", "often",
    }  # fmt: skip


def _verdict_of(study: Study, claim: str, courses: Any = COURSES) -> dict[str, Any]:
    return claim_table(study, measurements(study, courses)).set_index("id").loc[claim].to_dict()


@pytest.mark.parametrize(
    ("claim", "change"),
    [(SIGN, {"margin": 7.5}), (OFTEN, {"share": 0.95}), (SHARES, {"beyond": "minus-margin"}), (SIGN, {"alpha": 0.001})],
    ids=["margin", "share", "boundary", "alpha"],
)
def test_the_first_rules_verdict_stands_beside_todays(claim, change, nowhere: Path) -> None:
    then, now = study_of(claim), study_of({**claim, **change})
    found = _history(now, then, nowhere)
    first = _verdict_of(then, claim["id"])
    rule = first["rule"].replace("(toy-modes, ", "(toy-modes/n=500/ref=train, ")
    assert found.first == {claim["id"]: f"by the rule kept with the runs: {format_verdict(first)} ({rule})"}
    assert first["verdict"] == "supported"


def test_other_claims_are_corrected_for_as_they_are_now(nowhere: Path) -> None:
    found = _history(study_of({**SIGN, "margin": 7.5}, MEAN), study_of(SIGN, MEAN), nowhere)
    assert found.first["sign"].startswith("by the rule kept with the runs: inconclusive, 0.875")
    assert _verdict_of(study_of(SIGN, MEAN), "sign")["p_supported"] == pytest.approx(2 * 9 / 256)


def test_a_first_rule_of_events_is_applied_with_its_own_events(nowhere: Path) -> None:
    strict = {"collapse": {**COLLAPSE, "below": 0.1}}
    now, then = study_of(OFTEN, **strict), study_of(OFTEN)
    found = _history(now, then, nowhere)
    assert found.changed == {"often": "collapse.below changed after them"}
    assert "supported, 0.875" in found.first["often"]
    assert _verdict_of(now, "often")["verdict"] == "not testable here"


@pytest.mark.parametrize("later", ["kept with the first runs alone", "kept with them and with those added"])
def test_the_first_rule_is_judged_on_its_own_seeds(later: str, nowhere: Path) -> None:
    """Optional stopping: the verdict on the seeds that were named first stands beside that on all."""
    now, then = study_of(SIGN, seeds=16), study_of(SIGN)
    added = now if later == "kept with them and with those added" else then
    raw = raw_of(now, MORE, {**dict.fromkeys(range(8), then), **dict.fromkeys(range(8, 16), added)})
    assert "supported, 0.875 [0.473, 0.997], n = 8" in history(now, raw, nowhere).first["sign"]
    assert _verdict_of(now, "sign", MORE)["verdict"] == "inconclusive"


def test_the_first_rule_is_judged_without_seeds_that_one_arm_got_since(nowhere: Path) -> None:
    now, then = study_of(OFTEN, more_seeds={"plain": [*range(8, 16)]}), study_of(OFTEN)
    found = _history(now, then, nowhere, {"plain": MORE["plain"], "regularised": COURSES["regularised"]})
    assert found.changed == {"often": "it named 8 seeds, and these are 16"}
    assert "supported, 0.875 [0.473, 0.997], n = 8" in found.first["often"]


def test_the_first_rule_is_testable_if_its_own_seeds_made_it_so(nowhere: Path) -> None:
    """None of the first eight runs collapsed, all that were added did."""
    courses = {"plain": [*[GOOD] * 8, *[FALLS] * 8], "regularised": [GOOD] * 16}
    now, then = study_of(OFTEN, seeds=16), study_of(OFTEN)
    found = _history(now, then, nowhere, courses)
    assert "not testable here, 0 [0, 0.369], n = 8" in found.first["often"]


def test_every_rule_that_was_kept_is_applied(nowhere: Path) -> None:
    now = study_of({**SIGN, "margin": 7.5})
    kept = {**dict.fromkeys(range(4), study_of(SIGN)), **dict.fromkeys(range(4, 8), study_of({**SIGN, "alpha": 0.01}))}
    found = history(now, raw_of(now, COURSES, kept), nowhere)
    assert found.changed == {"sign": "claim.margin changed after them; claim.alpha, claim.margin changed after them"}
    assert found.first["sign"].count("by the rule kept with the runs: ") == 2
    assert "supported, 0.875" in found.first["sign"]
    assert "inconclusive, 0.875" in found.first["sign"]


@pytest.mark.parametrize("experiment", [{"iterations": 120}, {"snapshots": 6}])
def test_a_first_rule_of_other_runs_is_not_applied_to_these(experiment: dict[str, Any], nowhere: Path) -> None:
    found = _history(study_of(SIGN, **experiment), study_of(SIGN), nowhere)
    assert "sign" in found.changed
    assert found.first == {}


@pytest.mark.parametrize("arms", [["plain", "gone"], ["gone", "regularised"], ["gone", "other"]])
def test_a_first_rule_of_arms_that_are_gone_is_told_and_not_applied(arms: list[str], nowhere: Path) -> None:
    rule = study_of(SIGN).rules()["sign"]
    kept = {**rule, "claim": {**rule["claim"], "arms": arms}}
    assert _history(study_of(SIGN), {"sign": kept}, nowhere) == History({"sign": "claim.arms changed after them"}, {})


def test_a_first_rule_of_a_protocol_that_is_gone_is_told_and_not_applied(nowhere: Path) -> None:
    found = _history(study_of(SIGN, protocols=[{"kind": "toy-modes", "samples": 600}]), study_of(SIGN), nowhere)
    assert found == History({"sign": "claim.protocol changed after them"}, {})


def test_a_claim_that_was_moved_to_other_arms_is_told_with_what_it_said_of_the_first(nowhere: Path) -> None:
    """Otherwise the best of many arms could be looked for after the runs."""
    base = study_of(SIGN).model_dump(mode="json", exclude_unset=True)["experiments"]["circle"]["arms"]
    arms = {f"{name}{more}": arm for more in ("", "-2") for name, arm in base.items()}
    courses = {"plain": COURSES["plain"], "regularised": COURSES["regularised"]}
    courses |= {"plain-2": [GOOD] * 8, "regularised-2": [FALLS] * 8}
    now = study_of(SIGN, arms=arms)
    then = study_of({**SIGN, "arms": ["plain-2", "regularised-2"]}, arms=arms)
    found = _history(now, then, nowhere, courses)
    assert found.changed == {"sign": "it was written after them; claim.arms changed after them"}
    assert "contradicted, 0 [0, 0.369], n = 8" in found.first["sign"]


WHOLE = {"protocol": "toy-modes/n=500/ref=train"}


def test_the_whole_name_of_the_same_protocol_is_no_other_rule(nowhere: Path) -> None:
    """Where a second protocol of its kind is added, a rule must name it by its whole name."""
    events = {"collapse": {**COLLAPSE, **WHOLE}, "reach": {**REACH, **WHOLE}}
    now = study_of({**SIGN, **WHOLE}, OFTEN, protocols=TWO, **events)
    assert _history(now, study_of(SIGN, OFTEN), nowhere) == NO_HISTORY


def test_a_first_rule_that_named_its_protocol_by_its_kind_is_applied_to_that_one(nowhere: Path) -> None:
    events = {"collapse": {**COLLAPSE, **WHOLE}, "reach": {**REACH, **WHOLE}}
    now = study_of({**SIGN, **WHOLE, "margin": 7.5}, protocols=TWO, **events)
    found = _history(now, study_of(SIGN), nowhere)
    assert found.changed == {"sign": "claim.margin changed after them"}
    assert "supported, 0.875" in found.first["sign"]


@pytest.mark.parametrize("damage", [{"claim": {"test": "log-rank"}}, {"claim": None}, {"seeds": None}])
def test_a_first_rule_of_an_older_kind_is_not_applied(damage: dict[str, Any], nowhere: Path) -> None:
    kept = {**study_of(SIGN).rules()["sign"], **damage}
    found = _history(study_of(SIGN), {"sign": kept}, nowhere)
    assert "sign" in found.changed
    assert found.first == {}


FIRST = (
    "id,verdict,n,estimate,low,high,rule\nold,supported,16,4.875,2.8,6.25,Supported if.\ngone,not tested,0,,,,None.\n"
)


def test_what_the_table_of_first_verdicts_says_is_told_of_the_claim_that_replaces_them(nowhere: Path) -> None:
    nowhere.write_text(FIRST)
    study = study_of({**SIGN, "replaces": ["old", "gone", "never"]}, MEAN)
    assert _history(study, study, nowhere) == History(
        {"sign": JUDGED_BEFORE},
        {"sign": "first judged as old: supported, 4.88 [2.8, 6.25], n = 16 (Supported if.) | "
                 "first judged as gone: not tested (None.)"},
    )  # fmt: skip


def test_a_claims_own_first_verdict_is_told_too(nowhere: Path) -> None:
    nowhere.write_text(FIRST.replace("old", "sign"))
    study = study_of(SIGN)
    assert _history(study, study, nowhere).first["sign"].startswith("first judged as sign: supported, 4.88")


def test_runs_that_are_made_again_under_a_changed_rule_do_not_hide_that_it_was_changed(nowhere: Path) -> None:
    study, later = study_of(SIGN), study_of({**SIGN, "margin": 7.5})
    claim = study.claims[0]
    assert isinstance(claim, PairedSign)
    row = FIRST.replace("old", "sign").splitlines()[1].removesuffix("Supported if.")
    nowhere.write_text(f'{FIRST.splitlines()[0]}\n{row}"{describe_rule(claim)}"\n')
    assert _history(later, later, nowhere).changed == {"sign": JUDGED_BEFORE}
    assert _history(study, study, nowhere).changed == {}


def test_a_claim_that_was_judged_and_dropped_leaves_a_row_also_when_its_runs_are_made_again(nowhere: Path) -> None:
    nowhere.write_text(FIRST)
    assert _history(study_of(SIGN), study_of(SIGN), nowhere).withdrawn == ("old", "gone")


def test_what_the_table_and_what_kept_rules_say_is_told_one_after_the_other(nowhere: Path) -> None:
    twice = FIRST + "sign,inconclusive,5,1,-2,4,Supported never.\n"
    nowhere.write_text(twice.replace("old", "sign"))
    found = _history(study_of({**SIGN, "margin": 7.5}), study_of(SIGN), nowhere).first["sign"].split(" | ")
    assert [text.split(" (")[0] for text in found] == [
        "first judged as sign: supported, 4.88 [2.8, 6.25], n = 16",
        "first judged as sign: inconclusive, 1 [-2, 4], n = 5",
        "by the rule kept with the runs: supported, 0.875 [0.473, 0.997], n = 8",
    ]


@pytest.mark.parametrize(("estimate", "told"), [(0.0, "inconclusive, 0 [-1, 0.333], n = 8"), (None, "inconclusive")])
def test_a_verdict_is_told_with_its_numbers_if_it_has_any(estimate: float | None, told: str) -> None:
    row = {"verdict": "inconclusive", "estimate": estimate, "low": -1.0, "high": 1 / 3, "n": 8.0}
    assert format_verdict(row) == told


def test_a_table_of_first_verdicts_that_is_none_is_named(nowhere: Path) -> None:
    nowhere.write_bytes(b"\xff\xfe")
    with pytest.raises(RecordError, match=r"first-verdicts\.csv: cannot be read as a table"):
        _history(study_of(SIGN), study_of(SIGN), nowhere)
    nowhere.write_text("id,verdict\nsign,supported\n")
    with pytest.raises(RecordError, match=r"csv: has no column 'n'; restore it, or delete it if there were no earlier"):
        _history(study_of(SIGN), study_of(SIGN), nowhere)


def test_a_claim_that_was_dropped_after_its_runs_leaves_a_row(nowhere: Path) -> None:
    both, one = study_of(*CLAIMS), study_of(*CLAIMS[1:])
    dropped = both.claims[0].id
    assert _history(one, both, nowhere).withdrawn == (dropped,)
    other = one.claims[0].model_copy(update={"replaces": (dropped,)})
    replaced = one.model_copy(update={"claims": (other, *one.claims[1:])})
    assert _history(replaced, both, nowhere).withdrawn == ()


def _judged(now: Study, then: Study, nowhere: Path) -> pd.DataFrame:
    """Today's claims on runs that were made with those of `then`."""
    raw = raw_of(then, COURSES)
    data = measured(raw.metrics, raw.floors, now.experiments)
    return claim_table(now, data, history(now, raw, nowhere)).set_index("id")


HOPELESS = {**MEAN, "id": "hopeless", "direction": "lower"}
UNTESTED = {"id": "hopeless", "statement": "so it is", "place": "here", "test": "none", "reason": "it was dropped"}


@pytest.mark.parametrize(
    "left",
    [
        (SIGN,),
        (SIGN, UNTESTED),
        ({**SIGN, "replaces": ["hopeless"]},),
        ({**SIGN, "id": "new", "replaces": ["sign", "hopeless"]},),
    ],
)
def test_a_claim_that_is_dropped_after_the_runs_makes_no_other_surer(left: Any, nowhere: Path) -> None:
    both = study_of(SIGN, HOPELESS)
    before, after = (_judged(now, both, nowhere) for now in (both, study_of(*left)))
    assert after["p_supported"].iloc[0] == before["p_supported"].iloc[0]
    alone = study_of(SIGN)
    assert _judged(alone, alone, nowhere)["p_supported"].iloc[0] < before["p_supported"].iloc[0]


def test_two_claims_that_replace_the_same_one_stand_for_no_other(nowhere: Path) -> None:
    """The hopeless one was withdrawn, and left the correction for a second stand-in of the other: p halved."""
    now = study_of({**SIGN, "id": "new", "replaces": ["sign"]}, {**SIGN, "id": "newer", "replaces": ["sign"]})
    assert _history(now, study_of(SIGN, HOPELESS), nowhere).unjudged == 1
    both = study_of(
        {**SIGN, "id": "new", "replaces": ["sign", "hopeless"]}, {**SIGN, "id": "newer", "replaces": ["sign"]}
    )
    assert _history(both, study_of(SIGN, HOPELESS), nowhere).unjudged == 0


def test_a_claim_that_is_no_longer_tested_keeps_what_its_rule_said(nowhere: Path) -> None:
    row = _judged(study_of(SIGN, UNTESTED), study_of(SIGN, HOPELESS), nowhere).loc["hopeless"]
    assert row["verdict"] == "not tested"
    assert row["changed"] == "the runs were made with a rule for it, which was taken away after them"
    assert row["first_verdict"].startswith("by the rule kept with the runs: contradicted, ")
    gone = _judged(study_of(SIGN), study_of(SIGN, HOPELESS), nowhere).loc["hopeless"]
    assert gone["statement"] == "(withdrawn)"
    assert gone["first_verdict"] == row["first_verdict"]


def test_a_claim_that_replaces_another_is_held_to_the_rule_of_that(nowhere: Path) -> None:
    turned = {**SIGN, "id": "new", "direction": "lower", "replaces": ["sign"]}
    row = _judged(study_of(turned), study_of(SIGN), nowhere).loc["new"]
    assert row["changed"] == "claim.direction changed after them"
    assert row["first_verdict"].startswith("by the rule kept with the runs: supported, 0.875")
    same = _judged(study_of({**SIGN, "id": "new", "replaces": ["sign"]}), study_of(SIGN), nowhere).loc["new"]
    assert (same["changed"], same["first_verdict"]) == ("", "")


def test_seeds_that_are_added_to_a_control_alone_show(nowhere: Path) -> None:
    """Three of eight runs of the control failed; one more that did would have let the claim pass."""
    then = study_of(SHARE)
    now = study_of(SHARE, more_seeds={"plain": [8]})
    courses = {"plain": [*[FALLS] * 3, *[GOOD] * 5, FALLS], "regularised": [GOOD] * 8}
    found = history(now, raw_of(now, courses, dict.fromkeys(range(9), then)), nowhere)
    assert found.changed == {"share": "control_seeds changed after them"}
    assert "not testable here, 0 [0, 0.369], n = 8" in found.first["share"]


def test_rules_of_before_say_nothing_of_what_they_did_not_hold(nowhere: Path) -> None:
    study = study_of(SHARE)
    older = {
        id_: {k: v for k, v in rule.items() if k not in ("real", "control_seeds")}
        for id_, rule in study.rules().items()
    }
    found = history(study, raw_of(study, COURSES, dict.fromkeys(range(8), older)), nowhere)
    assert found.changed == {}


def test_a_recorded_rule_is_judged_on_its_own_seeds_and_others_on_theirs(nowhere: Path) -> None:
    """`more_seeds` of one arm were given to all, whose claims then lacked seeds and made the first verdict unsure."""
    more = {"plain": list(range(8, 48))}
    then, now = study_of(SIGN, OFTEN, more_seeds=more), study_of(SIGN, {**OFTEN, "share": 0.3}, more_seeds=more)
    courses = {"plain": [*[FALLS] * 26, *[GOOD] * 22], "regularised": [GOOD] * 8}
    found = history(now, raw_of(now, courses, dict.fromkeys(range(48), then)), nowhere)
    assert found.first["often"].startswith("by the rule kept with the runs: supported, 0.542 ")


def test_numbers_of_real_data_that_are_stated_for_a_rule_are_part_of_it(nowhere: Path) -> None:
    """By ten times as far a way to real data others were on track, and the rule was the same."""

    def stating(real: float) -> Study:
        told = {"metric": "inception_score", "protocol": "elsewhere"}
        rules = {"collapse": COLLAPSE | told, "reach": REACH | told}
        protocols = [{"kind": "elsewhere", "real": {"inception_score": real}}, {"kind": "toy-modes", "samples": 500}]
        return study_of(SHARE, protocols=protocols, **rules)

    then, now = stating(8.0), stating(80.0)
    name = then.experiments["circle"].protocols[0].name
    assert then.rules()["share"]["real"] == {name: {"inception_score": 8.0}}
    raw = raw_of(then, COURSES)
    metrics = raw.metrics.assign(protocol=name, metric=raw.metrics["metric"].replace("fair_modes", "inception_score"))
    raw = raw._replace(metrics=metrics, floors=raw.floors.iloc[:0])
    found = history(now, raw, nowhere)
    assert "real" in found.changed["share"]
    first, today = (claim_table(one, measured(metrics, raw.floors, one.experiments)).iloc[0] for one in (then, now))
    assert first["verdict"] != today["verdict"]
    assert format_verdict(first.to_dict()) in found.first["share"]


def test_a_claim_that_never_had_a_rule_was_not_robbed_of_one(nowhere: Path) -> None:
    nowhere.write_text("id,verdict,n,estimate,low,high,rule\nhopeless,not tested,0,,,,None.\n")
    study = study_of(SIGN, UNTESTED)
    assert history(study, raw_of(study, COURSES), nowhere).changed == {}
