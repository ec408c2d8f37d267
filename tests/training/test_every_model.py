"""Every model of the family through the engine, against its updates written out by hand."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from vigan.config import schedule
from vigan.config.arms import Arm, RunSpec
from vigan.config.methods import METHODS
from vigan.config.methods.base import own_batches
from vigan.models.build import Networks, build
from vigan.training.batches import Batch, Batches, BatchSource
from vigan.training.checkpoint import network_tensors
from vigan.training.cuda_graph import WARM_UP, CapturedEngine
from vigan.training.engine import Engine, Update
from vigan.training.run import Run
from vigan.training.snapshots import decode, load_snapshot
from vigan.training.telemetry import COLUMNS

MODELS: dict[str, dict[str, Any]] = {
    "gan": {"kind": "gan"},
    "vae": {"kind": "vae", "std": 0.3},
    "aae-after": {"kind": "aae", "decoder": "after"},
    "aae-joint": {"kind": "aae", "decoder": "joint", "reconstruction": 0.7},
    "ali-derived": {"kind": "ali", "loss": "derived"},
    "ali-min-max": {"kind": "ali", "loss": "min-max"},
    "ali-non-saturating": {"kind": "ali", "loss": "non-saturating"},
    "ali-latents": {"kind": "ali", "loss": "derived", "latents": 0.4},
}
FAMILY = [name for name in MODELS if name != "gan"]
ADVERSARIAL = [name for name in FAMILY if name != "vae"]
NETWORKS = ["bn", "nobn", "mlp"]
SHAPES = {"bn": (1, 32, 32), "nobn": (1, 32, 32), "mlp": (2,)}
MOVED = {"aae-after": {"encoder"}}
"""Roles that the generator phase trains; in all other models these are the generator and the encoder, if any."""
SAMPLED = [(name, role) for name, own in MODELS.items() for role in METHODS[own["kind"]](**own).sampled]
ADAM = {"kind": "adam_tf1", "lr": 1e-2, "beta1": 0.5, "beta2": 0.999, "eps": 1e-8}
Specs = Callable[..., RunSpec]
Start = Callable[[RunSpec, Path], Run]


def row(name: str, **fields: Any) -> dict[str, Any]:
    """Fields of an arm of a model: two updates on a batch and the regulariser, where it may have them."""
    if name == "vae":
        fields = {**fields, "reading": "literal", "d_batches": 0, "lambda_mean": 0.0}
    return {"model": MODELS[name], "optimiser": ADAM, **fields}


class Game:
    """An arm's networks in float64, the engine on them, and a copy of them to be trained by hand."""

    def __init__(self, arm: Arm, network: str) -> None:
        self.arm, self.shape = arm, SHAPES[network]
        self.networks = build(arm, self.shape, seed=0).double()
        self.copies = deepcopy(self.networks)
        self.engine = Engine(arm, self.networks, schedule.coordinates(arm, self.shape))
        self.draws = torch.Generator().manual_seed(1)

    def batches(self) -> Batches:
        """Input of the next iteration: made up, of the shapes that `BatchSource` serves."""
        arm = self.arm
        return Batches(
            {
                phase.name: [
                    Batch(self._draw(*self.shape) if phase.real else None, self._draw(arm.network.latent))
                    for _ in range(phase.batches)
                ]
                for phase in own_batches(arm.model.phases(arm))
            }
        )

    def _draw(self, *size: int) -> Tensor:
        return torch.randn(self.arm.batch_size, *size, generator=self.draws, dtype=torch.float64).clamp(-1, 1)


@pytest.fixture
def play(arm: Callable[..., Arm]) -> Callable[..., Game]:
    """Makes a game of a model, with further fields of the arm."""
    return lambda name, network="mlp", **fields: Game(arm(network, **row(name, **fields)), network)


class Adam:
    """TensorFlow 1's Adam in plain sums, its constants rounded to float32."""

    def __init__(self, *networks: nn.Module) -> None:
        self.parameters = [parameter for network in networks for parameter in network.parameters()]
        self.m, self.v = ([torch.zeros_like(parameter) for parameter in self.parameters] for _ in range(2))
        self.lr, self.b1, self.b2, self.eps = (np.float32(ADAM[name]) for name in ("lr", "beta1", "beta2", "eps"))
        self.power1, self.power2 = self.b1, self.b2

    def step(self, loss: Tensor) -> None:
        gradients = torch.autograd.grad(loss, self.parameters)
        b1, b2 = float(self.b1), float(self.b2)
        rate = float(self.lr) * np.sqrt(1 - float(self.power2)) / (1 - float(self.power1))
        with torch.no_grad():
            for place, gradient, m, v in zip(self.parameters, gradients, self.m, self.v, strict=True):
                m.copy_(b1 * m + (1 - b1) * gradient)
                v.copy_(b2 * v + (1 - b2) * gradient**2)
                place -= rate * m / (v.sqrt() + float(self.eps))
        self.power1, self.power2 = self.power1 * self.b1, self.power2 * self.b2


def vae_by_hand(nets: Networks, batches: list[Batches], weight: float) -> None:
    adam, std = Adam(nets.encoder, nets.generator), 0.3
    for x, z in (b.phases["g"][0] for b in batches):
        mean, log_variance = nets.encoder(x).chunk(2, 1)
        decoded = nets.generator(mean + (log_variance / 2).exp() * z)
        error = ((x - decoded) ** 2 / (2 * std**2) + np.log(std * np.sqrt(2 * np.pi))).flatten(1).sum(1)
        kl = (mean**2 + log_variance.exp() - 1 - log_variance).sum(1) / 2
        adam.step((error + kl).mean())


def aae_by_hand(nets: Networks, batches: list[Batches], weight: float, *, joint: bool) -> None:
    of_d, of_e, of_g = Adam(nets.discriminator), Adam(nets.encoder), Adam(nets.generator)
    of_both = Adam(nets.encoder, nets.generator)
    for b in batches:
        ((x, z),) = b.phases["d"]
        codes = nets.encoder(x).detach()
        of_d.step((softplus(-nets.discriminator(z)).mean() + softplus(nets.discriminator(codes)).mean()) / 2)
        x, old = b.phases["g"][0].x, None
        for _ in range(2):
            codes = nets.encoder(x)
            old = codes.detach() if old is None else old
            loss = softplus(-nets.discriminator(codes)).mean() + weight * ((codes - old) ** 2).mean()
            if joint:
                of_both.step(loss + 0.7 * ((x - nets.generator(codes)) ** 2).flatten(1).sum(1).mean())
            else:
                of_e.step(loss)
        if not joint:
            of_g.step(((x - nets.generator(nets.encoder(x).detach())) ** 2).flatten(1).sum(1).mean())


ALI = {
    "derived": lambda p, q: softplus(-p).mean() + softplus(-q).mean(),
    "min-max": lambda p, q: -softplus(-p).mean() - softplus(q).mean(),
    "non-saturating": lambda p, q: softplus(p).mean() + softplus(-q).mean(),
}


def ali_by_hand(nets: Networks, batches: list[Batches], weight: float, *, loss: str, latents: float = 0.0) -> None:
    of_d, of_both, judge = Adam(nets.discriminator), Adam(nets.generator, nets.encoder), nets.discriminator
    for b in batches:
        ((x, z),) = b.phases["d"]
        fake, code = nets.generator(z).detach(), nets.encoder(x).detach()
        of_d.step((softplus(-judge(x, code)).mean() + softplus(judge(fake, z)).mean()) / 2)
        (x, z), old = b.phases["g"][0], None
        for _ in range(2):
            fake, code = nets.generator(z), nets.encoder(x)
            made = torch.cat([fake.flatten(1), code], 1)
            old = made.detach() if old is None else old
            total = ALI[loss](judge(x, code), judge(fake, z)) + weight * ((made - old) ** 2).mean()
            if latents:
                total = total + latents * ((z - nets.encoder(fake.detach())) ** 2).sum(1).mean()
            of_both.step(total)


def gan_by_hand(nets: Networks, batches: list[Batches], weight: float) -> None:
    of_d, of_g = Adam(nets.discriminator), Adam(nets.generator)
    for b in batches:
        ((x, z),) = b.phases["d"]
        fake = nets.generator(z).detach()
        of_d.step((softplus(-nets.discriminator(x)).mean() + softplus(nets.discriminator(fake)).mean()) / 2)
        z, old = b.phases["g"][0].z, None
        for _ in range(2):
            fake = nets.generator(z)
            old = fake.detach() if old is None else old
            of_g.step(softplus(-nets.discriminator(fake)).mean() + weight * ((fake - old) ** 2).mean())


BY_HAND: dict[str, Callable[..., None]] = {
    "gan": gan_by_hand,
    "vae": vae_by_hand,
    "aae-after": lambda *game: aae_by_hand(*game, joint=False),
    "aae-joint": lambda *game: aae_by_hand(*game, joint=True),
    "ali-derived": lambda *game: ali_by_hand(*game, loss="derived"),
    "ali-min-max": lambda *game: ali_by_hand(*game, loss="min-max"),
    "ali-non-saturating": lambda *game: ali_by_hand(*game, loss="non-saturating"),
    "ali-latents": lambda *game: ali_by_hand(*game, loss="derived", latents=0.4),
}


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", MODELS)
def test_three_iterations_are_those_written_out_by_hand(name: str, network: str, play: Callable[..., Game]) -> None:
    made = play(name, network)
    batches = [made.batches() for _ in range(3)]
    for each in batches:
        made.engine.iterate(each)
    BY_HAND[name](made.copies, batches, made.arm.lambda_)
    start = build(made.arm, made.shape, seed=0).double()
    ours, theirs = (dict(nets.named_parameters()) for nets in (made.networks, made.copies))
    assert ours.keys() == theirs.keys()
    for parameter, value in ours.items():
        torch.testing.assert_close(value, theirs[parameter], rtol=0, atol=1e-12, msg=parameter)
    moved = {key.split(".")[0] for key, value in ours.items() if not torch.equal(value, start.get_parameter(key))}
    assert moved == set(dict(made.networks.named_children()))


@pytest.mark.parametrize("network", ["nobn", "mlp"])
@pytest.mark.parametrize("name", MODELS)
def test_only_the_roles_of_a_phase_move_in_its_updates(name: str, network: str, play: Callable[..., Game]) -> None:
    made = play(name, network)
    states: list[tuple[str, dict[str, Tensor]]] = []

    def note(phase: str) -> None:
        states.append((phase, {key: value.detach().clone() for key, value in made.networks.named_parameters()}))

    made.engine.iterate(made.batches(), lambda update: note(update.phase))
    note("end")
    expected = {"d": {"discriminator"}, "g": MOVED.get(name, {*made.arm.model.sampled}), "decoder": {"generator"}}
    for (phase, before), (_, after) in zip(states, states[1:], strict=False):
        moved = {key.split(".")[0] for key, value in before.items() if not torch.equal(value, after[key])}
        assert moved == expected[phase]
    order = [phase for phase, _ in states]
    assert order == [
        *(["d"] if name != "vae" else []),
        *["g"] * made.arm.k,
        *(["decoder"] if name == "aae-after" else []),
        "end",
    ]


@pytest.mark.parametrize("network", ["bn", "mlp"])
@pytest.mark.parametrize("name", ADVERSARIAL)
def test_the_regulariser_is_inert_with_one_update_and_acts_with_two(
    name: str, network: str, play: Callable[..., Game]
) -> None:
    changed = {}
    for reading in ("literal", "released"):
        ends = []
        for weight in (0.0, 50.0):
            made = play(name, network, reading=reading, lambda_mean=weight)
            for _ in range(3):
                made.engine.iterate(made.batches())
            ends.append([parameter.detach().numpy().tobytes() for parameter in made.networks.parameters()])
        changed[reading] = ends[0] != ends[1]
    assert changed == {"literal": False, "released": True}


@pytest.mark.parametrize("network", ["nobn", "mlp"])
@pytest.mark.parametrize(
    ("name", "held"),
    [("aae-after", {"encoder"}), ("aae-joint", {"encoder"}), ("ali-derived", {"encoder", "generator"})],
)
def test_the_second_update_feels_the_regulariser_in_what_d_judges(
    name: str, held: set[str], network: str, play: Callable[..., Game]
) -> None:
    made, felt = play(name, network), []

    def callback(update: Update) -> None:
        if update.phase == "g":
            parameters = {key: value for key, value in made.networks.named_parameters() if value.requires_grad}
            gradients = torch.autograd.grad(
                update.terms["proximal"], list(parameters.values()), retain_graph=True, allow_unused=True
            )
            pulled = zip(parameters, gradients, strict=True)
            felt.append({key.split(".")[0] for key, value in pulled if value is not None and value.any()})

    made.engine.iterate(made.batches(), callback)
    assert felt == [set(), held]


def measured_moves(made: Game, role: str) -> int:
    """How often one iteration moves a network's averages, from a layer whose batch mean is always one."""
    layers = [layer for name, layer in made.networks[role].named_modules() if name.endswith(("_norm", "norms.0"))]
    layers[0].register_forward_pre_hook(lambda _, inputs: (torch.ones_like(inputs[0]),))
    made.engine.iterate(made.batches())
    mean: Any = layers[0].get_buffer("moving_mean").mean().item()
    return round(np.log(1 - mean) / np.log(1 - float(np.float32(0.1))))


@pytest.mark.parametrize("fields", [{}, {"batches": 3}, {"reading": "literal"}, {"lambda_mean": 0.0}], ids=str)
@pytest.mark.parametrize(("name", "role"), SAMPLED)
def test_moving_averages_move_as_often_as_is_told(
    name: str, fields: dict[str, Any], role: str, play: Callable[..., Game]
) -> None:
    made = play(name, "bn", **fields)
    assert measured_moves(made, role) == sum(schedule.bn_updates(made.arm, role).values()) > 0


class Stop(BaseException):
    """Stands for a kill between two iterations."""


def stop_at(iteration: int) -> Callable[..., None]:
    def observe(done: int, row: object, networks: Networks) -> None:
        if done == iteration:
            raise Stop

    return observe


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", ["vae", "aae-after", "aae-joint", "ali-latents"])
def test_a_run_killed_and_resumed_is_the_run_that_went_straight_on(
    name: str, network: str, spec: Specs, start: Start, tmp_path: Path
) -> None:
    made = spec(network, **row(name, batches=2))
    whole = start(made, tmp_path / "straight")
    straight = whole.train()
    for iteration in (2, 5):
        with pytest.raises(Stop):
            start(made, tmp_path / "cut").train((stop_at(iteration),), save_every=0.0)
    last = start(made, tmp_path / "cut")
    assert last.iteration == 4
    resumed = last.train()
    assert resumed.weights_hash == straight.weights_hash
    np.testing.assert_array_equal(resumed.telemetry, straight.telemetry)
    files = [sorted((tmp_path / folder / "snapshots").iterdir()) for folder in ("straight", "cut")]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]


@pytest.mark.parametrize("name", MODELS)
def test_telemetry_has_the_columns_of_its_model(name: str, spec: Specs, start: Start, tmp_path: Path) -> None:
    run = start(spec("mlp", log_every=1, **row(name)), tmp_path)
    outcome = run.train()
    without = {"d_loss", "d_accuracy"} if name == "vae" else set()
    parts = {"vae": ("reconstruction", "kl"), "ali-latents": ("latents",)}.get(name, ())
    parts = ("reconstruction",) if name.startswith("aae") else parts
    assert outcome.columns == (*(column for column in COLUMNS if column not in without), *parts)
    assert parts == tuple(run.spec.arm.model.parts)
    rows = dict(zip(outcome.columns, outcome.telemetry.T, strict=True))
    assert all((rows[part] > 0).all() for part in parts)
    if name == "vae":
        np.testing.assert_allclose(rows["g_adversarial"], rows["reconstruction"] + rows["kl"], rtol=1e-6)
    else:
        np.testing.assert_allclose(rows["penalty"], 5 * rows["drift"], rtol=1e-6)
        assert (rows["drift"] > 0).all()


@pytest.mark.parametrize("network", ["bn", "mlp"])
@pytest.mark.parametrize("name", ["vae", "aae-after", "ali-derived"])
def test_a_snapshot_holds_generator_and_encoder(
    name: str, network: str, spec: Specs, start: Start, examples: dict[str, np.ndarray], tmp_path: Path
) -> None:
    made = spec(network, **row(name))
    run = start(made, tmp_path)
    run.train()
    kept = safetensors.torch.load_file(tmp_path / "snapshots" / "000000007.safetensors")
    wanted = dict(run.networks.generator.state_dict())
    wanted |= {f"encoder.{key}": value for key, value in run.networks.encoder.state_dict().items()}
    assert kept.keys() == wanted.keys()
    assert all(torch.equal(kept[key], wanted[key]) for key in kept)
    other = build(made.arm, made.dataset.shape, seed=9)
    load_snapshot(tmp_path / "snapshots", 7, other)
    x = torch.from_numpy(examples[network]).float()
    code = run.networks.eval().encoder(x)
    code = code.chunk(2, 1)[0] if name == "vae" else code
    assert torch.equal(decode(other, x, made.arm.network.latent), run.networks.generator(code))


def test_the_gan_s_snapshots_hold_its_generator_alone(spec: Specs, start: Start, tmp_path: Path) -> None:
    run = start(spec("bn"), tmp_path)
    run.train()
    kept = safetensors.torch.load_file(tmp_path / "snapshots" / "000000007.safetensors")
    assert kept.keys() == run.networks.generator.state_dict().keys()
    assert {key.split(".")[0] for key in network_tensors(run.networks)} == {"generator", "discriminator"}


def test_the_gan_s_records_are_what_they_were_before_there_was_a_family(spec: Specs) -> None:
    digests = [spec("bn").digest, spec("mlp", reading="literal", batches=3).digest]
    assert digests == [
        "a69e226fb1eae8064f3cd7aa6f7fd8b6f5d7980f916774058c8316652acda0b5",
        "27355eba373031e66556e6f86b2c00918f7ab13dfe54a441da96f273d28b5813",
    ]
    assert "model" not in spec("bn").arm.model_dump()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", ["vae", "aae-after", "aae-joint", "ali-latents"])
@pytest.mark.parametrize("kind", ["adam_tf1", "adam"])
def test_replayed_iterations_are_those_of_the_engine_bit_by_bit(
    name: str, network: str, kind: str, spec: Specs, examples: dict[str, np.ndarray]
) -> None:
    made = spec(network, **{**row(name, batches=2), "optimiser": {"kind": kind}})
    source = BatchSource(made, examples[network], torch.device("cpu"))
    ends = []
    for record in (False, True):
        networks = build(made.arm, made.dataset.shape, made.seed)
        engine = Engine(made.arm, networks, schedule.coordinates(made.arm, made.dataset.shape))
        trainer = CapturedEngine(engine, lambda play: play) if record else engine
        for index in range(WARM_UP + 3):
            trainer.iterate(source.iteration(index))
        ends.append({key: value.numpy().tobytes() for key, value in network_tensors(networks).items()})
    assert ends[0] == ends[1]


@pytest.mark.parametrize("name", ["vae", "aae-after", "ali-derived"])
def test_products_in_bfloat16_train_every_model(name: str, spec: Specs, start: Start, tmp_path: Path) -> None:
    ends = [
        start(spec("bn", iterations=2, **row(name, precision=precision)), tmp_path / precision).train()
        for precision in ("float32", "bf16")
    ]
    assert [outcome.status for outcome in ends] == ["completed"] * 2
    assert ends[0].weights_hash != ends[1].weights_hash


def test_a_model_s_phase_sees_other_real_batches_than_its_d(spec: Specs, examples: dict[str, np.ndarray]) -> None:
    made = spec("mlp", **row("ali-derived", batches=2))
    batches = BatchSource(made, examples["mlp"], torch.device("cpu")).iteration(0)
    seen = [tuple(point) for x in (batch.x for own in batches.phases.values() for batch in own) for point in x.tolist()]
    assert len(seen) == len(set(seen)) == 16
    assert made.arm.real_batches == 4
