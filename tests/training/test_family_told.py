"""What `vigan explain` and `vigan diff` say of each model's game is what the engine does."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from vigan.cli import parser
from vigan.config import schedule
from vigan.config.arms import Arm, Ledger
from vigan.config.load import load_study
from vigan.config.methods.base import own_batches
from vigan.describe.arms import describe_difference, explain
from vigan.models.build import build
from vigan.training.batches import Batch, Batches
from vigan.training.engine import Engine, Update

CONFIG = Path(__file__).parents[2] / "config"
MODELS: dict[str, dict[str, Any]] = {
    "vae": {"kind": "vae", "std": 0.3},
    "aae-after": {"kind": "aae", "decoder": "after"},
    "aae-joint": {"kind": "aae", "decoder": "joint", "reconstruction": 0.7},
    "ali": {"kind": "ali", "loss": "min-max"},
    "ali-latents": {"kind": "ali", "loss": "derived", "latents": 0.4},
}
ADVERSARIAL = [name for name in MODELS if name != "vae"]
SHAPES = {"bn": (1, 32, 32), "nobn": (1, 32, 32), "mlp": (2,)}
PLAYERS = {"vae": "E and G", "aae-after": "E", "aae-joint": "E and G", "ali": "G and E", "ali-latents": "G and E"}
HELD = {
    "aae-after": "(E(x) - E_o(x))^2",
    "aae-joint": "(E(x) - E_o(x))^2",
    "ali": "((G(z), E(x)) - (G_o(z), E_o(x)))^2",
    "ali-latents": "((G(z), E(x)) - (G_o(z), E_o(x)))^2",
}
Maker = Callable[..., Arm]


def made(arm: Maker, name: str, network: str = "mlp", **fields: Any) -> Arm:
    if name == "vae":
        fields = {**fields, "reading": "literal", "d_batches": 0, "lambda_mean": 0.0}
    return arm(network, model=MODELS[name], optimiser={"kind": "adam_tf1", "lr": 1e-2}, **fields)


def told(one: Arm, network: str, iterations: int = 10) -> str:
    return explain("a", one, schedule.coordinates(one, SHAPES[network]), iterations)


class Played:
    """One iteration of an arm: who made how many updates, and which of the phase felt the regulariser."""

    def __init__(self, one: Arm, network: str) -> None:
        self.draws = torch.Generator().manual_seed(0)
        shape, latent = SHAPES[network], one.network.latent
        phases = {
            phase.name: [Batch(self._draw(one, *shape), self._draw(one, latent)) for _ in range(phase.batches)]
            for phase in own_batches(one.model.phases(one))
        }
        self.networks = build(one, shape, seed=0)
        self.updates, self.terms = Counter[str](), list[float]()
        engine = Engine(one, self.networks, schedule.coordinates(one, shape))
        engine.iterate(Batches(phases), self)

    def _draw(self, one: Arm, *size: int) -> Tensor:
        return torch.rand((one.batch_size, *size), generator=self.draws)

    def __call__(self, update: Update) -> None:
        self.updates[update.phase] += 1
        if update.phase == "g":
            self.terms.append(sum(term.item() for term in update.terms.values()))


@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.parametrize("name", MODELS)
def test_the_updates_told_are_those_the_engine_makes(name: str, batches: int, arm: Maker) -> None:
    one = made(arm, name, batches=batches)
    text, updates = told(one, "mlp"), Played(one, "mlp").updates
    players, phase = PLAYERS[name], updates["g"]
    assert f"  {players}: {batches} batch" in text
    assert f": {phase} update{'s' if phase > 1 else ''} per phase" in text
    assert ("D: none" in text) == (updates["d"] == 0)
    ledger = {
        line.rsplit(maxsplit=2)[0].strip(): line.split()[-2:] for line in text.split("Ledger\n")[1].splitlines()[1:]
    }
    assert ledger["D updates"] == [str(updates["d"]), str(10 * updates["d"])]
    assert ledger[f"{players} updates"] == [str(phase), str(10 * phase)]
    assert ("G updates" in ledger) == ("decoder" in updates)
    if "decoder" in updates:
        assert ledger["G updates"] == [str(updates["decoder"]), str(10 * updates["decoder"])]
        assert f"G: {batches} update{'s' if batches > 1 else ''} after the phase" in text
    assert ledger["real examples shown"] == [f"{Ledger.of(one, n).real_images:,}" for n in (1, 10)]


@pytest.mark.parametrize("network", SHAPES)
@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.parametrize("reading", ["released", "literal"])
@pytest.mark.parametrize("name", ADVERSARIAL)
def test_the_updates_said_to_act_are_those_that_do(
    name: str, reading: str, batches: int, network: str, arm: Maker
) -> None:
    one = made(arm, name, network, reading=reading, batches=batches)
    felt = [index for index, term in enumerate(Played(one, network).terms, start=1) if term > 1e-12]
    text = told(one, network)
    assert list(schedule.active_updates(one)) == felt
    if felt:
        assert f"acts on update{f' {felt[0]}' if len(felt) == 1 else f's {felt[0]}..{felt[-1]}'} of the" in text
    else:
        assert "inert: the only update of a phase" in text
    assert HELD[name] in text


@pytest.mark.parametrize("network", ["bn", "mlp"])
@pytest.mark.parametrize("name", ADVERSARIAL)
def test_lambda_is_told_over_the_coordinates_that_are_held(name: str, network: str, arm: Maker) -> None:
    one = made(arm, name, network, lambda_sum=2.0)
    latent = one.network.latent
    held = latent + (math.prod(SHAPES[network]) if name.startswith("ali") else 0)
    assert f"{2.0 * held:g} x mean over the {held} coordinates" in told(one, network)
    assert "= 2 x squared norm" in told(one, network)


LOSSES = {
    "vae": ["-log N(x; G(z), 0.3^2 I) + KL(p(z|x) || N(0, I))", "off: lambda is 0"],
    "aae-after": ["D (BCE(D(z), 1) + BCE(D(E(x)), 0)) / 2; E -log D(E(x)); G ||x - G(E(x))||^2"],
    "aae-joint": ["E and G -log D(E(x)) + 0.7 x ||x - G(E(x))||^2"],
    "ali": ["G and E log D(x, E(x)) + log(1 - D(G(z), z))"],
    "ali-latents": ["G and E -log D(x, E(x)) - log D(G(z), z); E besides 0.4 x ||z - E(G(z))||^2"],
}


@pytest.mark.parametrize("name", MODELS)
def test_head_and_losses_are_the_model_s(name: str, arm: Maker) -> None:
    text = told(made(arm, name), "mlp")
    assert text.startswith(f"a: model '{MODELS[name]['kind']}', reading '")
    assert all(words in text for words in LOSSES[name])
    assert "None" not in text


@pytest.mark.parametrize("name", ADVERSARIAL)
@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ({"reading": "literal", "lambda_mean": 0.0}, {"reading": "literal"}, "The same computation"),
        ({"lambda_mean": 0.0}, {}, None),
        ({}, {"reading": "proximal", "updates_per_batch": 2}, "The same weights"),
        ({}, {"updates_per_batch": 2}, "The same computation"),
    ],
    ids=str,
)
def test_arms_are_called_the_same_where_they_train_the_same_bits(
    name: str, first: dict[str, Any], second: dict[str, Any], verdict: str | None, arm: Maker
) -> None:
    arms = [made(arm, name, "bn", **fields) for fields in (first, second)]
    text = describe_difference("a", arms[0], "b", arms[1], schedule.coordinates(arms[0], SHAPES["bn"]))
    plays = [Played(one, "bn").networks for one in arms]
    weights = [[p.detach().numpy().tobytes() for p in networks.parameters()] for networks in plays]
    averages = [
        [b.numpy().tobytes() for role in ("generator", "encoder") for b in networks[role].buffers()]
        for networks in plays
    ]
    assert (weights[0] == weights[1]) == (verdict is not None)
    assert (averages[0] == averages[1]) == (verdict == "The same computation")
    for words in ("The same computation", "The same weights"):
        assert (words in text) == (words == verdict)


@pytest.mark.parametrize("study", ["family", "family-digits"])
def test_every_arm_of_the_family_s_studies_is_explained_at_the_command_line(
    study: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = CONFIG / f"{study}.yaml"
    for experiment in load_study(file).experiments.values():
        for name, one in experiment.arms.items():
            assert parser.main(["explain", "--config", str(file), name]) == 0
            text = capsys.readouterr().out
            assert text.startswith(f"{name}: model '{one.model.kind}', reading '{one.reading}', ")
            assert f"{Ledger.of(one, experiment.iterations).g_updates:,}\n" in text


def test_em_is_told_as_its_two_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert parser.main(["explain", "--config", str(CONFIG / "family.yaml"), "ring-em"]) == 0
    text = capsys.readouterr().out
    assert "8 Gaussians, batches of 100000" in text
    assert "p-step: p(z|x) = q(z|x), exact, for 100000 examples" in text
    assert "1e-06 added to the diagonals" in text
    assert "lr" not in text
