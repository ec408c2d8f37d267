"""Arms with `from` in a study file: what they may say, and what is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.config.study import RunKey, Study

STUDY = """\
study: theirs
title: Runs made elsewhere
seeds: [0, 1]
experiments:
  faces:
    title: Theirs
    iterations: 100
    protocols:
      - {kind: elsewhere, called: fid50k, samples: 50000, real: {fid: 2.0}}
    baseline: plain
    arms:
      plain: {from: {format: stylegan, path: runs/plain}, about: "config-f"}
      other: {from: runs/other.csv}
"""
RING = """\
study: both
title: Ours and theirs
seeds: [0, 1]
datasets: {ring: {source: ring}}
experiments:
  ring:
    title: A ring
    dataset: ring
    iterations: 60
    snapshots: 3
    protocols: [{kind: toy-modes, samples: 500}]
    shared:
      network: {kind: mlp, width: 16}
      reading: released
      d_batches: 1
      g_batches: 1
    arms:
      ours: {lambda_sum: 0.0}
      theirs: {from: {format: table, path: theirs.csv, protocol: toy-modes}}
"""


def study(tmp_path: Path, text: str = STUDY) -> Study:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return load_study(path)


def test_arms_from_elsewhere_are_apart_from_those_that_are_trained(tmp_path: Path) -> None:
    both = study(tmp_path, RING)
    assert list(both.runs()) == [RunKey("ours", "released", 0), RunKey("ours", "released", 1)]
    assert list(both.every_run())[2:] == [RunKey("theirs", "elsewhere", 0), RunKey("theirs", "elsewhere", 1)]
    assert both.experiments["ring"].names == ["ours", "theirs"]
    assert both.pictured_pairs() == []
    with pytest.raises(ConfigError, match="'theirs' was made elsewhere: nothing here knows its settings"):
        both.run_spec("theirs", 0)


def test_a_study_of_nothing_but_such_arms_needs_no_data_set(tmp_path: Path) -> None:
    theirs = study(tmp_path)
    assert theirs.datasets == {}
    assert theirs.measured() == []
    assert theirs.experiments["faces"].protocols[0].name == "elsewhere/fid50k/n=50000"
    assert theirs.pairs() == [("plain", "other")]


def test_where_the_files_lie_decides_nothing_and_how_they_are_read_does(tmp_path: Path) -> None:
    parts = study(tmp_path).parts()
    assert study(tmp_path, STUDY.replace("runs/plain", "/elsewhere")).parts() == parts
    other = study(tmp_path, STUDY.replace("path: runs/plain", "path: runs/plain, metrics: {fid50k: fid}")).parts()
    assert {name for name in parts if parts[name] != other[name]} == {"experiments.faces.arms.plain"}


def test_a_study_without_such_arms_is_recorded_as_before_there_were_any(tmp_path: Path) -> None:
    ours = study(tmp_path, "\n".join(line for line in RING.splitlines() if "theirs:" not in line))
    record = ours.model_dump(mode="json")["experiments"]["ring"]
    assert "elsewhere" not in record
    assert record["protocols"] == [{"kind": "toy-modes", "samples": 500, "redraws": 0}]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("runs/other.csv", "runs/other", r"line 13: experiments\.faces\.arms\.other\.from.*write \{format: table \| "),
        ("format: stylegan", "format: stylegun", r"line 12: .*arms\.plain\.from"),
        ("path: runs/plain", "pth: runs/plain", "unknown key 'pth'; did you mean 'path'"),
        ('about: "config-f"', "lambda_sum: 1.0", "unknown key 'lambda_sum'; known: about, from$"),
        (
            "format: stylegan, path: runs/plain",
            "path: runs/plain",
            r"line 12: .*plain\.from: 'format' is missing",
        ),
        ("path: runs/plain", "path: runs/plain, metrics: {fid50k: fidd}", "unknown metric 'fidd'; did you mean 'fid'"),
        ("path: runs/plain", "path: runs/plain, seeds: {a: -1}", "greater than or equal to 0"),
        ("path: runs/plain", "path: runs/plain, protocol: kid", "no protocol 'kid'"),
        ("real: {fid: 2.0}", "real: {fud: 2.0}", "'elsewhere' gives no metric 'fud'"),
        ("baseline: plain", "baseline: plane", "'baseline' is no arm of it: 'plane'; did you mean 'plain'"),
        (
            "kind: elsewhere, called: fid50k, samples: 50000, real: {fid: 2.0}",
            "kind: toy-modes, samples: 500",
            "'dataset' is missing",
        ),
        (
            "real: {fid: 2.0}}",
            "real: {fid: 2.0}}\n      - {kind: elsewhere, called: other}",
            "write 'protocol: elsewhere/fid50k/n=50000' or 'protocol: elsewhere/other' beside its path",
        ),
        (
            "real: {fid: 2.0}}\n",
            "}\n    reach: {metric: fid, protocol: elsewhere, share: 0.5}\n",
            r"needs the value of real data, which was not measured here: write 'real: \{fid: \.\.\.\}'",
        ),
        ("format: stylegan, path: runs/plain", "format: samples, path: runs", "names nothing that measures"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(old: str, new: str, words: str, tmp_path: Path) -> None:
    assert old in STUDY
    with pytest.raises(ConfigError, match=words) as told:
        study(tmp_path, STUDY.replace(old, new))
    assert "\n" not in told.value.text


def test_the_advice_on_protocols_can_be_followed(tmp_path: Path) -> None:
    """A kind beside the path was advised, and refused there."""
    two = STUDY.replace("real: {fid: 2.0}}", "real: {fid: 2.0}}\n      - {kind: elsewhere, called: other}")
    assert two.count("path: runs/plain") == two.count("runs/other.csv") == 1
    for name in ("elsewhere/fid50k/n=50000", "elsewhere/other"):
        text = two.replace("path: runs/plain", f"path: runs/plain, protocol: {name}")
        text = text.replace("from: runs/other.csv", f"from: {{format: table, path: runs/other.csv, protocol: {name}}}")
        assert study(tmp_path, text).experiments["faces"].elsewhere["plain"].origin.protocol == name


def test_a_level_may_stand_for_a_start_that_logs_do_not_have(tmp_path: Path) -> None:
    rule = "    collapse: {metric: share, protocol: elsewhere, below: 0.5}\n    baseline: plain\n"
    claim = (
        "claims:\n  - {id: A, statement: it, place: there, test: paired-shares, arms: [plain, other], event: EVENT, "
        "direction: less, margin: 0.2}\n"
    )
    text = STUDY.replace("    baseline: plain\n", rule) + claim
    level = text.replace("below: 0.5", "below: 0.5, once_above: 0.5")
    assert study(tmp_path, level.replace("EVENT", "bad-end")).claims
    with pytest.raises(ConfigError, match=r"needs a rule 'reach' .*; write one there, or 'once_above' into its rule"):
        study(tmp_path, text.replace("EVENT", "bad-end"))
    with pytest.raises(ConfigError, match=r"'reach' needs a rule 'reach' in its experiment; write one there$"):
        study(tmp_path, level.replace("EVENT", "reach"))


def test_one_that_is_trained_needs_a_data_set_and_what_measures_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'dataset' is missing"):
        study(tmp_path, RING.replace("    dataset: ring\n", ""))
    with pytest.raises(ConfigError, match="'protocols' measures nothing of the arms that are trained here"):
        study(
            tmp_path,
            RING.replace("kind: toy-modes, samples: 500", "kind: elsewhere").replace("toy-modes}", "elsewhere}"),
        )


def test_what_is_measured_here_takes_nothing_that_was_measured_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'toy-modes' is measured here: it takes no 'called' and no 'real'"):
        study(tmp_path, RING.replace("samples: 500", "samples: 500, real: {modes: 8}"))
    with pytest.raises(ConfigError, match="'samples' is missing: 'toy-modes' needs at least 16"):
        study(tmp_path, RING.replace("kind: toy-modes, samples: 500", "kind: toy-modes"))


@pytest.mark.parametrize("kind", ["reconstruction", "discriminator"])
def test_samples_from_elsewhere_have_no_networks_to_measure(kind: str, tmp_path: Path) -> None:
    protocols = f"[{{kind: toy-modes, samples: 500}}, {{kind: {kind}, samples: 500}}]"
    text = RING.replace("[{kind: toy-modes, samples: 500}]", protocols).replace(
        "iterations: 60", "iterations: 60\n    keep_discriminator: true"
    )
    text = text.replace("{source: ring}", "{source: ring, held_out: 500}").replace(
        "lambda_sum: 0.0", "lambda_sum: 0.0, model: {kind: gan}"
    )
    samples = text.replace("{format: table, path: theirs.csv, protocol: toy-modes}", "{format: samples, path: theirs}")
    with pytest.raises(
        ConfigError, match=f"arm 'theirs': '{kind}' measures networks of a run, and it has samples alone"
    ):
        study(tmp_path, samples)


def test_real_data_have_one_value_by_one_protocol(tmp_path: Path) -> None:
    """One experiment's page showed the other's value, by which its runs were not judged."""
    again = STUDY[STUDY.index("  faces:") :].replace("faces:", "more:").replace("plain", "plain2").replace("other", "o")
    assert len(study(tmp_path, STUDY + again).experiments) == 2  # no data set, so each has its own real data
    of_one = (STUDY + again).replace("title: Theirs", "title: Theirs\n    dataset: ring")
    of_one = of_one.replace("experiments:", "datasets: {ring: {source: ring}}\nexperiments:", 1)
    study(tmp_path, of_one)
    with pytest.raises(ConfigError) as refused:
        study(tmp_path, of_one.replace("2.0", "9.0", 1))
    assert (
        "experiment 'more': by 'elsewhere/fid50k/n=50000', 'fid' of the same real data is 2.0, and 9.0 in 'faces'; "
        "tell the two protocols apart by 'called'" in str(refused.value)
    )
    apart = of_one.replace("2.0", "9.0", 1).replace("called: fid50k", "called: fid50k-tf", 1)
    assert len(study(tmp_path, apart).experiments) == 2
