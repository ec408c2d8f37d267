from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from vigan.analysis.inference import infer
from vigan.analysis.multiplicity import holm
from vigan.analysis.outcomes import Differences, Occurrences, Outcome
from vigan.config.arms import Arm, Ledger, Mlp
from vigan.config.base import ConfigError
from vigan.config.claims import OneShare, PairedShares, TestedClaim, Untested, sign_of
from vigan.config.counts import modes_of, most_examples
from vigan.config.datasets import CelebA, Dataset, Digits, Grid, ImageFolder, Ring, StackedDigits, key
from vigan.config.experiment import Experiment, Protocol
from vigan.config.load import load_study
from vigan.config.study import Study

CONFIG = Path(__file__).parents[2] / "config"
TUNED = {"ring-tuning", "ring-tuned", "ali-tuning", "ali-tuned"}
"""Studies in which the term is one way of several, each with settings of its own."""
FILES = sorted(set(CONFIG.glob("*.yaml")) - {CONFIG / "deviations.yaml", CONFIG / "published.yaml"})


def paper_study() -> Study:
    return load_study(CONFIG / "paper.yaml")


def example() -> Study:
    return load_study(Path(__file__).parent / "example.yaml")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_study_of_the_project_loads_and_is_named_after_its_file(file: Path) -> None:
    loaded = load_study(file)
    assert loaded.study == file.stem
    runs = list(loaded.runs())
    assert len(runs) == len(set(runs))
    for run in runs:
        spec = loaded.run_spec(run.arm, run.seed)
        assert (spec.name, spec.arm.reading, spec.seed) == run
        assert spec.dataset == loaded.dataset_of(run.arm)


@pytest.mark.parametrize("file", [file for file in FILES if file.stem not in TUNED], ids=lambda file: file.stem)
def test_every_regularised_arm_has_a_plain_partner_that_differs_in_lambda_alone(file: Path) -> None:
    loaded = load_study(file)
    arms = [arm for experiment in loaded.experiments.values() for arm in experiment.arms.values()]
    assert len(loaded.pictured_pairs()) == sum(arm.regularised for arm in arms)
    for plain, regularised in loaded.pictured_pairs():
        first, second = loaded.arm(plain), loaded.arm(regularised)
        assert (first.regularised, second.regularised) == (False, True)
        lambdas = {"lambda_mean", "lambda_sum"}
        assert first.model_dump(exclude=lambdas) == second.model_dump(exclude=lambdas)


def test_the_paper_study_says_what_the_released_scripts_do() -> None:
    paper = paper_study()
    assert 158_250 == 50 * (202_599 // 64)
    faces = paper.datasets["celeba"].model_dump()
    assert (faces["crop"], faces["side"], faces["resize"], faces["count"]) == (108, 64, "released", 202_599)
    for name, batches, batch_norm in (("bn", 1, True), ("nobn", 5, False)):
        for arm_name, weight in ((f"{name}-plain", 0.0), (f"{name}-regularised", 5.0)):
            arm, spec = paper.arm(arm_name), paper.run_spec(arm_name, 0)
            assert spec.iterations == 158_250
            assert (arm.network.kind, arm.network.latent) == ("dcgan", 100)
            assert arm.network.model_dump()["dim"] == 64
            assert arm.network.model_dump()["batch_norm"] is batch_norm
            assert (arm.d_batches, arm.g_batches, arm.k, arm.batch_size) == (batches, batches, 2, 64)
            assert arm.lambda_mean == weight
            settings = arm.optimiser
            assert (settings.kind, settings.lr, settings.beta1) == ("adam_tf1", 2e-4, 0.5)
            assert (settings.beta2, settings.eps) == (0.999, 1e-8)


def test_the_paper_study_measures_the_fid_and_has_seeds_enough_to_settle_its_claims() -> None:
    paper = paper_study()
    for experiment in paper.experiments.values():
        assert "inception-clean" in {protocol.kind for protocol in experiment.protocols}
    tested = [claim for claim in paper.claims if not isinstance(claim, Untested)]
    least = [infer(claim, _as_claimed(claim, len(paper.seeds_for(claim)))).supported for claim in tested]
    assert all(p <= claim.alpha for p, claim in zip(holm(least), tested, strict=True))


def _as_claimed(claim: TestedClaim, n: int) -> Outcome:
    """Outcomes of a claim if all runs agree with it as far as they can."""
    way = sign_of(claim)
    if isinstance(claim, OneShare):
        return Occurrences(np.full(n, way > 0), np.full(n, way > 0))
    if isinstance(claim, PairedShares):
        return Occurrences(np.full(n, way < 0), np.full(n, way > 0))
    return Differences(np.full(n, way * 1.0), 1.0)


def test_the_paper_s_lambda_of_the_squared_norm_is_five_over_12288() -> None:
    arm = paper_study().arm("bn-regularised")
    as_written = arm.model_copy(update={"lambda_mean": None, "lambda_sum": 5 / 12288})
    assert as_written.lambda_per_mean(64 * 64 * 3) == pytest.approx(arm.lambda_per_mean(64 * 64 * 3), rel=1e-15)
    assert arm.lambda_per_mean(64 * 64 * 3) == 5.0


def test_the_ledgers_of_the_paper_s_arms_count_as_the_released_scripts() -> None:
    paper = paper_study()
    first, second = (Ledger.of(paper.arm(name), 158_250) for name in ("bn-plain", "nobn-plain"))
    assert (first.d_updates, first.g_updates) == (158_250, 316_500)
    assert (second.d_updates, second.g_updates) == (791_250, 1_582_500)
    assert first.real_images == 158_250 * 64 == 10_128_000
    assert second.real_images == 5 * first.real_images
    assert (first.latents, second.latents) == (2 * 10_128_000, 10 * 10_128_000)


@pytest.mark.parametrize(("reading", "k", "written"), [("released", 2, None), ("literal", 1, None), ("proximal", 7, 7)])
def test_the_reading_fixes_the_updates_per_batch(reading: str, k: int, written: int | None) -> None:
    arm = Arm.model_validate(
        {
            "network": Mlp(kind="mlp"), "reading": reading, "updates_per_batch": written, "d_batches": 3,
            "g_batches": 4, "batch_size": 5, "lambda_mean": 0.0,
        }
    )  # fmt: skip
    ledger = Ledger.of(arm, 10)
    assert arm.k == k
    assert (ledger.d_updates, ledger.g_updates) == (30, 40 * k)
    assert (ledger.real_images, ledger.latents) == (150, 350)


def experiment(iterations: int, snapshots: int) -> Experiment:
    first = example().experiments["ring"]
    return first.model_copy(update={"iterations": iterations, "snapshots": snapshots})


@pytest.mark.parametrize(("iterations", "snapshots"), [(1, 1), (1, 9), (2, 1), (7, 3), (120, 6), (158_250, 50), (5, 5)])
def test_snapshots_are_taken_at_the_start_at_the_end_and_evenly_between(iterations: int, snapshots: int) -> None:
    steps = experiment(iterations, snapshots).snapshot_steps
    gaps = [after - before for before, after in zip(steps, steps[1:], strict=False)]
    assert steps[0] == 0
    assert steps[-1] == iterations
    assert len(steps) == min(snapshots, iterations) + 1
    assert min(gaps) >= 1
    assert max(gaps) - min(gaps) <= 1


def test_an_experiment_s_own_seeds_replace_the_study_s() -> None:
    study = example()
    ring = study.experiments["ring"].model_copy(update={"seeds": (7,)})
    runs = list(study.model_copy(update={"experiments": {**study.experiments, "ring": ring}}).runs())
    assert {run.seed for run in runs if run.arm.startswith("ring")} == {7}
    assert {run.seed for run in runs if not run.arm.startswith("ring")} == {0, 1}


def test_a_name_the_study_lacks_is_refused_with_the_nearest_one() -> None:
    study = example()
    with pytest.raises(ConfigError, match="did you mean 'bn-plain'"):
        study.run_spec("bn-plian", 0)
    with pytest.raises(ConfigError, match="did you mean 'digits'"):
        study.dataset("digit")
    with pytest.raises(ConfigError, match="did you mean 'toy-modes/n=2500/ref=train'"):
        study.protocol("toy-modes/n=250/ref=train")


def test_records_of_a_study_cannot_be_changed() -> None:
    study = example()
    with pytest.raises(ValidationError, match="frozen"):
        study.study = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        study.arm("bn-plain").batch_size = 3  # type: ignore[misc]


def test_data_sets_that_differ_in_anything_have_folders_of_their_own() -> None:
    ring = Ring(source="ring")
    others = [
        Digits(source="digits"), Grid(source="grid"), ring, Ring(source="ring", std=0.03), Ring(source="ring", modes=9),
        ImageFolder(source="folder", path="a"), ImageFolder(source="folder", path="a", side=32),
    ]  # fmt: skip
    assert len({key(dataset) for dataset in others}) == len(others)
    assert key(ring) == key(Ring(source="ring", modes=8, radius=2.0, std=0.02, count=100_000))
    assert [dataset.shape for dataset in others[:3]] == [(1, 32, 32), (2,), (2,)]


MORE = "\n    log_every: 10\n    more_seeds: {bn-plain: [7, 5]}\n"


def _with_more(folder: Path, more: str = MORE) -> Study:
    text = (Path(__file__).parent / "example.yaml").read_text()
    (folder / "example.yaml").write_text(text.replace("\n    log_every: 10\n", more, 1))
    return load_study(folder / "example.yaml")


def test_an_arm_may_have_seeds_that_others_lack(tmp_path: Path) -> None:
    study = _with_more(tmp_path)
    assert study.seeds_of("bn-plain") == (0, 1, 7, 5)
    assert study.seeds_of("bn-regularised") == study.seeds_in("digits-bn") == (0, 1)
    assert [run.seed for run in study.runs() if run.arm == "bn-plain"] == [0, 1, 7, 5]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("bn-plain", "bn-plane", "'more_seeds': no arm 'bn-plane' in 'digits-bn'; did you mean 'bn-plain'?"),
        ("[7, 5]", "[7, 1]", "'more_seeds': arm 'bn-plain' has seed 1 already"),
        ("[7, 5]", "[7, 7]", "seeds must be distinct"),
    ],
)
def test_further_seeds_that_make_no_sense_are_refused(old: str, new: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=complaint.replace("?", r"\?")):
        _with_more(tmp_path, MORE.replace(old, new))


@pytest.mark.parametrize(
    ("limit", "count", "most"), [(10_000, 202_599, 10_000), (None, 202_599, 202_599), (10_000, None, 10_000),
                                 (10_000, 5_000, 5_000), (None, None, None)]
)  # fmt: skip
def test_the_most_examples_of_faces_are_those_that_are_taken(limit: int | None, count: int | None, most: int) -> None:
    """`count` is how many there must be, `limit` how many are taken: `reference: all` asked for all there are."""
    faces = CelebA(source="celeba", limit=limit, count=count)
    assert most_examples(faces) == most
    kept = Protocol(kind="efflite0-128", samples=1000, reference="all").counted(faces)
    assert kept.reference == (most or "all")


@pytest.mark.parametrize(
    ("dataset", "modes"),
    [
        (Ring(source="ring", modes=5), 5), (Grid(source="grid", per_side=4), 16), (Digits(source="digits"), 10),
        (StackedDigits(source="stacked-digits", origin="sklearn"), 1000), (CelebA(source="celeba"), None),
        (ImageFolder(source="folder", path="x"), None), (None, None),
    ],
    ids=lambda value: getattr(value, "source", ""),
)  # fmt: skip
def test_modes_are_those_of_the_data(dataset: Dataset | None, modes: int | None) -> None:
    assert modes_of(dataset) == modes


def test_em_says_what_it_needs_of_a_source_that_states_no_count() -> None:
    arm = Arm.model_validate({
        "network": {"kind": "mixture", "components": 8}, "reading": "literal", "lambda_mean": 0.0, "d_batches": 0,
        "g_batches": 1, "model": {"kind": "em"},
    })  # fmt: skip
    with pytest.raises(ValueError, match="EM needs a data set whose source states its count"):
        arm.model.check_data(arm, None)
