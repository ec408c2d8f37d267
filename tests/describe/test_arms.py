from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vigan.cli import parser
from vigan.config import schedule
from vigan.config.arms import Arm, Dcgan, Ledger, Mlp
from vigan.config.load import load_study
from vigan.describe.arms import Difference, describe_difference, differences, explain
from vigan.models.batch_norm import BatchNorm
from vigan.models.build import build
from vigan.training.batches import Batch, Batches
from vigan.training.engine import Engine, Update

CONFIG = Path(__file__).parents[2] / "config"
NETWORKS = {
    "bn": {"kind": "dcgan", "dim": 2, "latent": 3, "batch_norm": True},
    "nobn": {"kind": "dcgan", "dim": 2, "latent": 3, "batch_norm": False},
    "mlp": {"kind": "mlp", "width": 8, "latent": 2},
}
SHAPES = {"bn": (1, 32, 32), "nobn": (1, 32, 32), "mlp": (2,)}
READINGS: dict[str, dict[str, Any]] = {
    "released": {"reading": "released"},
    "literal": {"reading": "literal"},
    "proximal": {"reading": "proximal", "updates_per_batch": 3},
    "proximal-1": {"reading": "proximal", "updates_per_batch": 1},
}


def arm(network: str | dict[str, Any] = "bn", batches: int = 1, **fields: Any) -> Arm:
    weight = {} if {"lambda_mean", "lambda_sum"} & set(fields) else {"lambda_mean": 5.0}
    row = {"reading": "released", "d_batches": batches, "g_batches": batches, "batch_size": 4, **weight, **fields}
    return Arm.model_validate({"network": NETWORKS[network] if isinstance(network, str) else network, **row})


class Play:
    """Three iterations of an arm: which updates of a phase feel the regulariser, and the weights at the end."""

    def __init__(self, network: str, played: Arm) -> None:
        shape = SHAPES[network]
        self.networks = build(played, shape, seed=0)
        self.engine = Engine(played, self.networks, int(np.prod(shape)))
        self.terms: list[float] = []
        draws = torch.Generator().manual_seed(0)

        def batch(*size: int) -> Tensor:
            return torch.rand((played.batch_size, *size), generator=draws)

        for _ in range(3):
            self.terms = []
            of_d = [Batch(batch(*shape), batch(played.network.latent)) for _ in range(played.d_batches)]
            of_g = [Batch(None, batch(played.network.latent)) for _ in range(played.g_batches)]
            self.engine.iterate(Batches({"d": of_d, "g": of_g}), self)

    def __call__(self, update: Update) -> None:
        if update.phase == "g":
            self.terms.append(update.terms["proximal"].item() if update.terms else 0.0)

    @property
    def active_updates(self) -> list[int]:
        return [index for index, term in enumerate(self.terms, start=1) if term > 1e-12]

    def weights(self) -> list[bytes]:
        return [p.detach().numpy().tobytes() for p in self.networks.parameters()]

    def averages(self) -> list[bytes]:
        return [b.numpy().tobytes() for b in self.networks.generator.buffers()]


ARMS = [
    (network, batches, reading, weight)
    for network, batches, reading, weight in itertools.product(NETWORKS, (1, 3), READINGS, (0.0, 5.0))
]


@pytest.mark.parametrize(("network", "batches", "reading", "weight"), ARMS)
def test_the_updates_said_to_act_are_those_on_which_the_engine_s_term_acts(
    network: str, batches: int, reading: str, weight: float
) -> None:
    fields = {**READINGS[reading], "lambda_mean": weight, "optimiser": {"kind": "adam_tf1", "lr": 1e-2}}
    told = arm(network, batches, **fields)
    at = schedule.active_updates(told)
    assert list(at) == Play(network, told).active_updates
    text = explain("a", told, int(np.prod(SHAPES[network])), 10)
    if len(at) > 1:
        assert f"acts on updates {at[0]}..{at[-1]} of the {batches * told.k} of each phase" in text
    elif at:
        assert f"acts on update {at[0]} of the {batches * told.k} of each phase" in text
    else:
        assert ("off: lambda is 0" if weight == 0 else "inert: the only update") in text


def measured_moves(told: Arm) -> int:
    """How often one iteration of the engine moves G's averages, from a layer whose batch mean is always one."""
    shape = SHAPES["bn"]
    networks = build(told, shape, seed=0)
    norm = next(layer for layer in networks.generator.modules() if isinstance(layer, BatchNorm))
    norm.register_forward_pre_hook(lambda _, inputs: (torch.ones_like(inputs[0]),))
    of_d = [Batch(torch.zeros(4, *shape), torch.ones(4, 3))] * told.d_batches
    of_g = [Batch(None, torch.ones(4, 3))] * told.g_batches
    Engine(told, networks, 1024).iterate(Batches({"d": of_d, "g": of_g}))
    return round(np.log(1 - norm.moving_mean.double().mean().item()) / np.log(1 - float(np.float32(0.1))))


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.parametrize("weight", [0.0, 5.0])
def test_the_moves_said_are_those_the_engine_makes(reading: str, batches: int, weight: float) -> None:
    told = arm("bn", batches, **READINGS[reading], lambda_mean=weight)
    count = measured_moves(told)
    assert sum(schedule.bn_updates(told).values()) == count
    assert f"G's move {count} times an iteration" in explain("a", told, 1024, 10)
    assert "none: no BN" in explain("a", arm("mlp", batches, **READINGS[reading]), 2, 10)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(("d_batches", "g_batches"), [(1, 1), (5, 5), (3, 2)])
def test_the_counts_told_are_those_of_the_ledger(reading: str, d_batches: int, g_batches: int) -> None:
    told = arm("mlp", **READINGS[reading], d_batches=d_batches, g_batches=g_batches)
    lines = explain("a", told, 2, 1234).splitlines()
    once, whole = Ledger.of(told, 1), Ledger.of(told, 1234)
    for label, field in (
        ("D updates", "d_updates"),
        ("G updates", "g_updates"),
        ("real examples shown to D", "real_images"),
        ("latents drawn", "latents"),
    ):
        row = next(line for line in lines if line.startswith(f"  {label}  "))
        assert row.split()[-2:] == [f"{getattr(once, field):,}", f"{getattr(whole, field):,}"]


@pytest.mark.parametrize("fields", [{"lambda_mean": 5.0}, {"lambda_sum": 5 / 12288}], ids=str)
def test_lambda_is_told_in_both_reductions(fields: dict[str, Any]) -> None:
    text = explain("a", arm(**fields), 12288, 10)
    assert "5 x mean over the 12288 coordinates" in text
    assert "= 0.0004069010417 x squared norm" in text


def test_where_g_o_comes_from_is_told() -> None:
    assert "the phase's own first forward" in explain("a", arm(), 1024, 10)
    assert "of all 12 latents comes from one forward" in explain("a", arm(batches=3), 1024, 10)


@pytest.mark.parametrize("network", NETWORKS)
def test_the_head_names_network_and_optimiser(network: str) -> None:
    text = explain("my-arm", arm(network, optimiser={"kind": "adam", "lr": 0.003}), 1024, 10)
    head = {"bn": "DCGAN of dim 2 with BN", "nobn": "DCGAN of dim 2 without BN", "mlp": "MLPs of width 8"}[network]
    assert text.startswith(f"my-arm: reading 'released', {head}")
    assert "Adam of torch (eps bias-corrected), lr 0.003" in text
    assert "Adam of TensorFlow 1 (eps not bias-corrected), lr 0.0002" in explain("a", arm(network), 1024, 10)


def test_two_time_scales_are_told_of_both_sides() -> None:
    text = explain("a", arm(optimiser={"lr": 0.003}, d_optimiser={"lr": 0.01, "beta1": 0.0}), 1024, 10)
    assert "optimiser of D: Adam of TensorFlow 1 (eps not bias-corrected), lr 0.01, beta1 0, beta2 0.999" in text
    assert "optimiser of all else: Adam of TensorFlow 1 (eps not bias-corrected), lr 0.003, beta1 0.5" in text
    assert "optimiser of each" not in text


def test_stabilisers_are_told_with_their_settings() -> None:
    told = explain("a", arm(stabilisers={"r1": {"gamma": 0.5}, "spectral_norm": {}}), 1024, 10)
    assert "stabilisers: r1 (gamma 0.5), spectral_norm\n" in told
    assert "stabilisers" not in explain("a", arm(), 1024, 10)


CHANGES: list[tuple[str, dict[str, Any], str, str]] = [
    ("reading", {"reading": "literal", "updates_per_batch": 1}, "proximal", "literal"),
    ("d_batches", {"d_batches": 2}, "1", "2"),
    ("g_batches", {"g_batches": 3}, "1", "3"),
    ("updates_per_batch", {"updates_per_batch": 4}, "1", "4"),
    ("batch_size", {"batch_size": 8}, "4", "8"),
    ("lambda_mean", {"lambda_mean": 1e-30}, "5.0", "1e-30"),
    ("stabilisers.r1.gamma", {"stabilisers": {"r1": {"gamma": 0.5}}}, "-", "0.5"),
    ("stabilisers.spectral_norm", {"stabilisers": {"spectral_norm": {}}}, "-", "{}"),
    ("network.dim", {"network": {**NETWORKS["bn"], "dim": 3}}, "2", "3"),
    ("network.latent", {"network": {**NETWORKS["bn"], "latent": 4}}, "3", "4"),
    ("network.batch_norm", {"network": {**NETWORKS["bn"], "batch_norm": False}}, "true", "false"),
    ("optimiser.kind", {"optimiser": {"kind": "adam"}}, "adam_tf1", "adam"),
    ("optimiser.lr", {"optimiser": {"lr": 0.1}}, "0.0002", "0.1"),
    ("optimiser.beta1", {"optimiser": {"beta1": 0.1}}, "0.5", "0.1"),
    ("optimiser.beta2", {"optimiser": {"beta2": 0.1}}, "0.999", "0.1"),
    ("optimiser.eps", {"optimiser": {"eps": 0.1}}, "1e-08", "0.1"),
    ("d_optimiser.lr", {"d_optimiser": {"lr": 0.2}}, "-", "0.2"),
    ("precision", {"precision": "bf16"}, "float32", "bf16"),
]
BASE: dict[str, Any] = {"reading": "proximal", "updates_per_batch": 1}


@pytest.mark.parametrize(("field", "change", "first", "second"), CHANGES, ids=[change[0] for change in CHANGES])
def test_one_changed_field_is_the_one_difference(field: str, change: dict[str, Any], first: str, second: str) -> None:
    assert differences(arm(**BASE), arm(**{**BASE, **change})) == [Difference(field, first, second)]


def test_models_differ_by_what_they_choose() -> None:
    without_d = {"reading": "literal", "d_batches": 0, "g_batches": 1, "batch_size": 4, "lambda_mean": 0.0}
    vaes = [
        Arm.model_validate({"model": {"kind": "vae", "std": std}, "network": NETWORKS["bn"], **without_d})
        for std in (0.1, 0.5)
    ]
    assert differences(*vaes) == [Difference("model.std", "0.1", "0.5")]
    assert Difference("model.kind", "gan", "vae") in differences(arm(), vaes[0])


def test_every_field_of_an_arm_has_been_changed_above() -> None:
    fields = {field.split(".")[0] for field, *_ in CHANGES} | {"lambda_sum", "model"}
    assert fields == set(Arm.model_fields)
    nested = {field for field, *_ in CHANGES if field.startswith("network.")}
    assert nested == {f"network.{field}" for field in Dcgan.model_fields} - {"network.kind"}
    assert {row.field for row in differences(arm("bn"), arm("mlp"))} >= {
        f"network.{name}" for name in set(Dcgan.model_fields) ^ set(Mlp.model_fields)
    }


@given(st.sets(st.integers(0, len(CHANGES) - 1)))
def test_differences_are_found_together_and_mirrored(chosen: set[int]) -> None:
    change: dict[str, Any] = {}
    for index in chosen:
        for key, value in CHANGES[index][1].items():
            old = change.get(key)
            change[key] = {**old, **value} if isinstance(old, dict) and key != "network" else value
    changed = arm(**{**BASE, **change, **({"updates_per_batch": 1} if 0 in chosen else {})})
    there, back = differences(arm(**BASE), changed), differences(changed, arm(**BASE))
    assert {(row.field, row.first, row.second) for row in there} == {(row.field, row.second, row.first) for row in back}
    assert (changed == arm(**BASE)) == (not there)
    assert {CHANGES[index][0].split(".")[0] for index in chosen - {0, 3}} <= {row.field.split(".")[0] for row in there}


def test_equal_rows_are_no_difference() -> None:
    assert describe_difference("a", arm(), "b", arm(), 1024) == "a, b: no difference"


def test_the_table_is_aligned() -> None:
    head, *rows = describe_difference("first", arm(), "second-arm", arm("mlp", batch_size=256), 1024).splitlines()
    starts = [match.start() for match in re.finditer(r"\S+", head)]
    assert len(starts) == 3
    for row in rows:
        assert [match.start() for match in re.finditer(r"\S+(?: \(by its reading\))?", row)] == starts


def test_one_update_per_phase_makes_lambda_inert_and_diff_says_so() -> None:
    for network, reading in itertools.product(NETWORKS, ("literal", "proximal-1")):
        plain, strong = (arm(network, **READINGS[reading], lambda_mean=weight) for weight in (0.0, 5.0))
        first, second = Play(network, plain), Play(network, strong)
        assert (first.weights(), first.averages()) == (second.weights(), second.averages())
        text = describe_difference("plain", plain, "strong", strong, 1024)
        assert "The same computation, though the rows differ: one G update per phase" in text
        assert "lambda inert" in text


SAME = "The same computation"
SAME_WEIGHTS = "The same weights"


@pytest.mark.parametrize(
    ("network", "first", "second", "verdict"),
    [
        ("bn", {"lambda_mean": 0.0}, {"lambda_mean": 5.0}, None),
        ("mlp", {"lambda_mean": 0.0}, {"lambda_mean": 5.0}, None),
        ("bn", {"lambda_mean": 0.0}, {"lambda_mean": 0.0, **READINGS["proximal"], "updates_per_batch": 2}, SAME),
        ("mlp", {}, {**READINGS["proximal"], "updates_per_batch": 2}, SAME),
        ("bn", {}, {**READINGS["proximal"], "updates_per_batch": 2}, SAME_WEIGHTS),
        ("bn", READINGS["literal"], {**READINGS["proximal-1"], "lambda_mean": 1.0}, SAME),
        ("bn", {}, {"updates_per_batch": 2}, SAME),
        ("mlp", {"lambda_mean": 5.0}, {"lambda_sum": 2.5}, SAME),
        ("mlp", {"lambda_mean": 5.0}, {"lambda_sum": 5.0}, None),
        ("mlp", {}, {"stabilisers": {"r1": {"gamma": 1.0}}}, None),
        ("mlp", {}, {"stabilisers": {"spectral_norm": {}}}, None),
        ("mlp", READINGS["literal"], READINGS["proximal"], None),
        (
            "mlp",
            {"g_batches": 3, **READINGS["literal"], "lambda_mean": 0.0},
            {"g_batches": 3, **READINGS["literal"]},
            None,
        ),
    ],
    ids=str,
)
def test_arms_are_called_the_same_exactly_where_they_train_the_same_bits(
    network: str, first: dict[str, Any], second: dict[str, Any], verdict: str | None
) -> None:
    a, b = arm(network, **first), arm(network, **second)
    text = describe_difference("a", a, "b", b, int(np.prod(SHAPES[network])))
    ours, theirs = Play(network, a), Play(network, b)
    assert (ours.weights() == theirs.weights()) == (verdict is not None)
    assert (ours.averages() == theirs.averages()) == (verdict == SAME or (network == "mlp"))
    assert (SAME in text, SAME_WEIGHTS in text) == (verdict == SAME, verdict == SAME_WEIGHTS)


@pytest.mark.parametrize("study", ["paper", "smoke", "ring"])
def test_every_arm_of_a_study_is_explained_at_the_command_line(study: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = CONFIG / f"{study}.yaml"
    loaded = load_study(file)
    for experiment in loaded.experiments.values():
        for name, told in experiment.arms.items():
            assert parser.main(["explain", "--config", str(file), name]) == 0
            text = capsys.readouterr().out
            assert text.startswith(f"{name}: reading 'released'")
            assert f"{Ledger.of(told, experiment.iterations).g_updates:,}\n" in text


def test_the_command_line_tells_differences_and_where_arms_stand(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(CONFIG / "smoke.yaml")
    assert parser.main(["diff", "--config", file, "bn-plain", "bn-regularised"]) == 0
    assert capsys.readouterr().out.split() == ["field", "bn-plain", "bn-regularised", "lambda_mean", "0.0", "5.0"]
    assert parser.main(["diff", "--config", file, "bn-plain", "ring-plain"]) == 0
    assert "ring-plain is in experiment ring: data set ring, 2,000 iterations" in capsys.readouterr().out
    assert parser.main(["diff", "--config", file, "bn-plain", "bn-plane"]) == 1
    assert "did you mean 'bn-plain'" in capsys.readouterr().err
