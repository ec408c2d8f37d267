"""What the engine promises to whoever writes a stabiliser: hooks, random numbers, what is seen, what is logged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from vigan.config.arms import RunSpec
from vigan.models.build import Networks
from vigan.objectives import applied
from vigan.objectives.draws import Stream
from vigan.objectives.hooks import DiscriminatorView, GeneratorView, Stabiliser, StabiliserError, Tensors
from vigan.training.batches import Batch, Batches
from vigan.training.cuda_graph import WARM_UP, CapturedEngine
from vigan.training.engine import Engine
from vigan.training.randomness import GlobalDrawError
from vigan.training.run import Outcome, Run

Specs = Callable[..., RunSpec]
Start = Callable[[RunSpec, Path], Run]


class Noise(Stabiliser):
    """Draws in a term of either side, and writes down what it drew."""

    weight: float
    drawn: ClassVar[list[tuple[str, bytes]]] = []

    def discriminator_term(self, view: DiscriminatorView) -> Tensor:
        noise = view.draws.rand(*view.real[0].shape)
        self.drawn.append(("d", noise.numpy().tobytes()))
        return self.weight * view.discriminator(view.real[0] + noise).square().mean()

    def generator_term(self, view: GeneratorView) -> Tensor:
        noise = view.draws.randn(len(view.fake), 1)
        self.drawn.append(("g", noise.numpy().tobytes()))
        return self.weight * (noise * view.fake).square().mean()


class InputNoise(Stabiliser):
    """Adds noise to all that D is shown, which fades; Arjovsky and Bottou (2017), section 3.2."""

    std: float
    stds: ClassVar[list[float]] = []

    def perturb(self, inputs: Tensors, draws: Stream) -> Tensors:
        std = self.std / (1 + draws.iteration())
        self.stds.append(std.item())
        return tuple(part + std * draws.randn(*part.shape) for part in inputs)


class Unseeded(Stabiliser):
    """Draws as a first attempt would."""

    def discriminator_term(self, view: DiscriminatorView) -> Tensor:
        return view.discriminator(torch.rand_like(view.real[0])).square().mean()


class UnseededStart(Stabiliser):
    """Draws so before training."""

    def prepare(self, networks: nn.ModuleDict, seed: int) -> None:
        torch.randn(1)


class WeightClip(Stabiliser):
    """Clips D's weights, and writes down whose gradients and weights it was shown."""

    limit: float
    told: ClassVar[list[str]] = []

    def before_step(self, group: str, parameters: Sequence[nn.Parameter]) -> None:
        assert all(parameter.grad is not None for parameter in parameters)
        self.told.append(f"before {group}")

    def after_step(self, group: str, parameters: Sequence[nn.Parameter]) -> None:
        self.told.append(f"after {group}")
        for parameter in parameters if group == "d" else ():
            parameter.clamp_(-self.limit, self.limit)


class Consensus(Stabiliser):
    """Half the squared norm of both gradients, which either side pays: Mescheder, Nowozin, Geiger (2017)."""

    weight: float
    coupled: ClassVar[bool] = True
    penalties: ClassVar[list[float]] = []

    def discriminator_term(self, view: DiscriminatorView) -> Tensor:
        return self._norm(view)

    def generator_term(self, view: GeneratorView) -> Tensor:
        return self._norm(view)

    def _norm(self, view: DiscriminatorView | GeneratorView) -> Tensor:
        losses = view.losses()
        gradients = [
            gradient
            for group in ("d", "g")
            for gradient in torch.autograd.grad(losses[group], list(view.parameters[group]), create_graph=True)
        ]
        penalty = self.weight / 2 * torch.stack([gradient.square().sum() for gradient in gradients]).sum()
        self.penalties.append(penalty.item())
        return penalty


class Uncoupled(Stabiliser):
    """Asks for the losses without saying so."""

    def discriminator_term(self, view: DiscriminatorView) -> Tensor:
        return view.losses()["g"]


OWN = {cls.__name__: cls for cls in (Noise, InputNoise, Unseeded, UnseededStart, WeightClip, Consensus, Uncoupled)}


@pytest.fixture(autouse=True)
def own_stabilisers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stabilisers of this module can be named in an arm, and have seen nothing yet."""
    known = applied.stabiliser_class
    monkeypatch.setattr(applied, "stabiliser_class", lambda name: OWN.get(name) or known(name))
    for seen in (Noise.drawn, InputNoise.stds, WeightClip.told, Consensus.penalties):
        seen.clear()


def with_stabilisers(spec: RunSpec, stabilisers: dict[str, dict[str, float]]) -> RunSpec:
    return spec.model_copy(update={"arm": spec.arm.model_copy(update={"stabilisers": stabilisers})})


NOISE = {"Noise": {"weight": 0.5}}
BOTH = {**NOISE, "InputNoise": {"std": 0.1}}


@pytest.fixture
def trained(spec: Specs, start: Start, tmp_path: Path) -> Callable[..., Outcome]:
    """Trains a run of the MLP with stabilisers in a new folder."""

    def train(stabilisers: dict[str, dict[str, float]], network: str = "mlp", **fields: Any) -> Outcome:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        Noise.drawn.clear()
        return start(with_stabilisers(spec(network, batches=2, **fields), stabilisers), folder).train()

    return train


def test_a_stabiliser_s_numbers_are_new_in_every_update_and_the_same_in_every_run(
    trained: Callable[..., Outcome],
) -> None:
    torch.manual_seed(1)
    first, drawn = trained(NOISE), list(Noise.drawn)
    assert len(drawn) == len(set(drawn)) == 7 * (2 + 4)
    torch.manual_seed(2)
    again = trained(NOISE)
    assert again.weights_hash == first.weights_hash
    assert Noise.drawn == drawn
    assert trained(NOISE, seed=1).weights_hash != first.weights_hash
    assert not set(Noise.drawn) & set(drawn)


def test_what_is_logged_and_what_others_draw_leave_a_stabiliser_s_numbers_alone(
    trained: Callable[..., Outcome],
) -> None:
    hashes = {trained(BOTH, log_every=every).weights_hash for every in (1, 2, 7)}
    assert len(hashes) == 1
    drawn = list(Noise.drawn)
    trained(NOISE)
    assert Noise.drawn == drawn


def test_a_run_that_draws_resumes_exactly_where_it_was_cut(spec: Specs, start: Start, tmp_path: Path) -> None:
    class Stop(BaseException):
        """Stands for a kill between two iterations."""

    def stop(done: int, row: object, networks: Networks) -> None:
        if done == 5:
            raise Stop

    made = with_stabilisers(spec("mlp"), BOTH)
    straight = start(made, tmp_path / "straight").train()
    with pytest.raises(Stop):
        start(made, tmp_path / "cut").train((stop,), save_every=0.0)
    resumed = start(made, tmp_path / "cut")
    assert resumed.iteration == 4
    assert resumed.train().weights_hash == straight.weights_hash


def test_replayed_iterations_draw_what_the_engine_draws(spec: Specs, start: Start, tmp_path: Path) -> None:
    ends = []
    for name in ("plain", "replayed"):
        run = start(with_stabilisers(spec("mlp"), BOTH), tmp_path / name)
        trainer = CapturedEngine(run.engine, lambda play: play) if name == "replayed" else run.engine
        for index in range(WARM_UP + 3):
            trainer.iterate(run.source.iteration(index))
        ends.append([parameter.detach().numpy().tobytes() for parameter in run.networks.parameters()])
    assert ends[0] == ends[1]
    fading = [0.1 / (1 + index) for index in range(WARM_UP + 3)]
    np.testing.assert_allclose(sorted(set(InputNoise.stds), reverse=True), fading, rtol=1e-6)


@pytest.mark.parametrize("name", ["Unseeded", "UnseededStart"])
def test_a_draw_from_torch_s_global_generator_is_refused(name: str, trained: Callable[..., Outcome]) -> None:
    with pytest.raises(GlobalDrawError, match=r"arm 'mlp-arm': .* draws from torch's global generator"):
        trained({name: {}})


def test_whatever_d_is_shown_is_perturbed(spec: Specs, start: Start, tmp_path: Path) -> None:
    run = start(with_stabilisers(spec("mlp", lambda_mean=0.0), {"InputNoise": {"std": 0.1}}), tmp_path)
    shown: list[Tensor] = []
    run.networks.discriminator.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0].detach()))
    made: list[Tensor] = []
    run.networks.generator.register_forward_hook(lambda _, inputs, fake: made.append(fake.detach()))
    batches = run.source.iteration(0)
    run.engine.iterate(batches)
    ((real, _),) = batches.phases["d"]
    assert real is not None
    clean = [real, *made]
    assert len(shown) == len(clean) == 4
    noises = torch.stack([(seen - plain) / 0.1 for seen, plain in zip(shown, clean, strict=True)])
    assert noises.std().item() == pytest.approx(1.0, abs=0.35)
    assert len(noises.unique()) == noises.numel()


def test_steps_are_told_by_their_optimizer_group_and_weights_can_be_clipped_after_them(
    spec: Specs, start: Start, tmp_path: Path
) -> None:
    run = start(with_stabilisers(spec("mlp"), {"WeightClip": {"limit": 0.01}}), tmp_path)
    run.engine.iterate(run.source.iteration(0))
    assert WeightClip.told == ["before d", "after d", *["before g", "after g"] * 2]
    assert all(parameter.abs().max() <= 0.01 for parameter in run.networks.discriminator.parameters())
    assert any(parameter.abs().max() > 0.01 for parameter in run.networks.generator.parameters())


def test_consensus_optimisation_of_a_dirac_gan_moves_both_sides_by_the_gradient_of_both_gradients(
    spec: Specs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D(x) = w x and G(z) = t against data at 0: L_D = (log 2 + softplus(w t)) / 2 and L_G = softplus(-w t)."""

    class Slope(nn.Module):
        def __init__(self, value: float) -> None:
            super().__init__()
            self.value = nn.Parameter(torch.tensor([value], dtype=torch.float64))

    class Dirac(Slope):
        def forward(self, z: Tensor) -> Tensor:
            return self.value.expand(len(z), 1)

    class Line(Slope):
        def forward(self, x: Tensor) -> Tensor:
            return (x * self.value).squeeze(1)

    def expected(w: Tensor, t: Tensor) -> Tensor:
        of_d, of_g = t * torch.sigmoid(w * t) / 2, -w * torch.sigmoid(-w * t)
        return 0.8 / 2 * (of_d.square() + of_g.square())

    sgd = {"kind": "adam_tf1", "lr": 0.1, "beta1": 0.0, "beta2": 0.0, "eps": 1e6}  # all but plain descent of 0.1 / 1e6
    made = with_stabilisers(
        spec("mlp", reading="literal", lambda_mean=0.0, optimiser=sgd), {"Consensus": {"weight": 0.8}}
    )
    networks = Networks({"generator": Dirac(0.7), "discriminator": Line(-1.3)})
    gradients: dict[str, Tensor] = {}
    engine = Engine(made.arm, networks, 1)
    for name, group in engine.groups.items():

        def noted(name: str = name, own: Any = group.parameters, step: Any = group.optimiser.step) -> None:
            gradients[name] = own[0].grad.clone()
            step()

        monkeypatch.setattr(group.optimiser, "step", noted)
    x, z = torch.zeros(4, 1, dtype=torch.float64), torch.zeros(4, 2, dtype=torch.float64)
    engine.iterate(Batches({"d": [Batch(x, z)], "g": [Batch(None, z)]}))
    w, t = (torch.tensor([value], dtype=torch.float64, requires_grad=True) for value in (-1.3, 0.7))
    penalty = expected(w, t)
    of_d = torch.autograd.grad(softplus(w * t) / 2 + penalty, w, retain_graph=True)[0]
    of_g = torch.autograd.grad(-logsigmoid(w * t) + penalty, t)[0]
    np.testing.assert_allclose(Consensus.penalties, [penalty.item()] * 2, rtol=1e-6)
    torch.testing.assert_close(gradients["d"], of_d, rtol=1e-6, atol=0)
    torch.testing.assert_close(gradients["g"], of_g, rtol=1e-6, atol=0)


def test_losses_of_both_sides_are_only_for_those_who_say_that_they_need_them(
    trained: Callable[..., Outcome],
) -> None:
    with pytest.raises(StabiliserError, match="coupled: ClassVar = True"):
        trained({"Uncoupled": {}})


@pytest.mark.parametrize("network", ["bn", "mlp"])
def test_weighted_terms_of_d_have_a_column_of_their_own(
    network: str, spec: Specs, start: Start, tmp_path: Path
) -> None:
    made = spec(network, batches=2, lambda_mean=0.0, log_every=1, stabilisers={"r1": {"gamma": 10.0}})
    run, told = start(made, tmp_path / "r1"), []
    telemetry = run.telemetry
    run.telemetry = _Recorder(telemetry, told)  # type: ignore[assignment]
    outcome = run.train()
    rows = dict(zip(outcome.columns, outcome.telemetry.T, strict=True))
    expected = [sum(terms) / 2 for terms in zip(told[::2], told[1::2], strict=True)]
    np.testing.assert_allclose(rows["d_penalty"], expected, rtol=1e-6)
    assert (rows["d_penalty"] > 0).all()
    assert (rows["penalty"] == 0).all()
    assert "d_penalty" not in start(spec(network), tmp_path / "none").telemetry.columns


class _Recorder:
    """Telemetry that also writes down the terms of D's loss."""

    def __init__(self, telemetry: Any, told: list[float]) -> None:
        self.telemetry, self.told = telemetry, told

    def __call__(self, update: Any) -> None:
        self.told.extend(term.item() for term in update.terms.values())
        self.telemetry(update)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.telemetry, name)
