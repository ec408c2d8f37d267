"""Rules that no run could meet are refused; those just within what can be are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from studies import TINY

from vigan.config.base import ConfigError
from vigan.config.load import load_study

RULES = """\
    collapse: {metric: fair_modes, protocol: toy-modes, below: 0.5}
    reach: {metric: fair_modes, protocol: toy-modes, share: 0.5}
"""
SHARE = """\
claims:
  - {id: C1, statement: it, place: there, test: share, arm: plain, event: reach, direction: less, share: 0.5}
"""
SIGN = """\
claims:
  - {id: C1, statement: it, place: there, test: paired-sign, arms: [plain, regularised], metric: fair_modes,
     protocol: toy-modes, direction: higher, margin: 1.0}
"""
STUDY = TINY.replace("    shared:\n", RULES + "    shared:\n")
"""Eight modes, and evaluations at 0, 20, 40 and 60 of 60 iterations."""
READ = """\
study: read
title: Numbers of others
seeds: [0, 1]
experiments:
  reported:
    title: As reported
    iterations: 100
    protocols: [{kind: elsewhere, real: {reported_precision: 0.9}}]
    collapse: {metric: reported_recall, protocol: elsewhere, below: 0.5, consecutive: 9}
    arms: {theirs: {from: {format: table, path: a.csv}}}
"""


def _load(tmp_path: Path, text: str) -> None:
    (tmp_path / "tiny.yaml").write_text(text)
    load_study(tmp_path / "tiny.yaml")


@pytest.mark.parametrize(
    ("text", "written", "within", "beyond", "told"),
    [
        (STUDY, "below: 0.5}", "below: 0.5, once_above: 8.0}", "below: 0.5, once_above: 8.1}",
         "'once_above' is 8.1, and 'fair_modes' lies from 0 to 8"),
        (STUDY, "below: 0.5}", "below: 0.5, consecutive: 3}", "below: 0.5, consecutive: 4}",
         "'consecutive' is 4, and of a run 3 evaluations count"),
        (STUDY, "below: 0.5}", "below: 0.5, consecutive: 2, after: 0.5}", "below: 0.5, consecutive: 2, after: 0.7}",
         "'consecutive' is 2, and of a run 1 evaluation counts"),
        (STUDY, "below: 0.5}", "below: 0.5, on_track_by: 0.34}", "below: 0.5, on_track_by: 0.33}",
         "'on_track_by' is 0.33 of training, and a run is first measured after 0.333333"),
        (STUDY + SHARE, "share: 0.5}\n", "share: 0.5, by: 0.34}\n", "share: 0.5, by: 0.1}\n",
         "claim 'C1': 'by' is 0.1 of training, and a run is first measured after 0.333333"),
        (STUDY.replace("below: 0.5}", "below: 0.5, after: 0.4}") + SHARE.replace("reach", "collapse"),
         "share: 0.5}\n", "control: regularised, share: 0.5, by: 0.4}\n",
         "control: regularised, share: 0.5, by: 0.39}\n", "by 'after' no run collapses before 0.4"),
        (STUDY.replace("below: 0.5}", "below: 0.5, on_track_by: 0.7}") + SHARE.replace("reach", "bad-end"),
         "share: 0.5}\n", "control: regularised, share: 0.5, by: 0.7}\n",
         "control: regularised, share: 0.5, by: 0.6}\n", "never on track is known after 0.7 of it"),
        (STUDY + SIGN, "margin: 1.0", "margin: 7.9", "margin: 8.0",
         "claim 'C1': no two values of 'fair_modes' differ by more than 8, and 'margin' is 8"),
        (READ, "consecutive: 9", "consecutive: 9, once_above: 0.5", "consecutive: 9, once_above: 1.5",
         "'once_above' is 1.5, and 'reported_recall' lies from 0 to 1"),
        (READ, "reported_recall, ", "inception_score, ", "score, ", "'score' may be negative, where no value"),
        (READ, "0.9", "1.0", "95", "'real: reported_precision' is 95, and 'reported_precision' lies from 0 to 1"),
    ],
)  # fmt: skip
def test_what_no_run_can_meet_is_refused(
    text: str, written: str, within: str, beyond: str, told: str, tmp_path: Path
) -> None:
    """Runs measured at a quarter of training were said not to be on track at a tenth: SUPPORTED."""
    assert written in text
    end = text.rindex(written)
    _load(tmp_path, text[:end] + within + text[end + len(written) :])
    with pytest.raises(ConfigError) as refused:
        _load(tmp_path, text[:end] + beyond + text[end + len(written) :])
    assert told in str(refused.value)
