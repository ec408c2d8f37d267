"""The regulariser's rivals, in the games they take part in: what each promises, at every iteration."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from vigan.config.arms import Arm, RunSpec
from vigan.config.datasets import Dataset, Digits, Ring
from vigan.models.build import Networks
from vigan.objectives.stabilisers import spectral_norm
from vigan.training.run import Run

NETWORKS: dict[str, dict[str, Any]] = {
    "bn": {"kind": "dcgan", "dim": 2, "latent": 3, "batch_norm": True},
    "nobn": {"kind": "dcgan", "dim": 2, "latent": 3, "batch_norm": False},
    "mlp": {"kind": "mlp", "width": 8, "latent": 2},
}
DATASETS: dict[str, Dataset] = {"dcgan": Digits(source="digits"), "mlp": Ring(source="ring")}
MODELS: dict[str, dict[str, Any]] = {
    "gan": {"kind": "gan"},
    "aae": {"kind": "aae", "decoder": "after"},
    "ali": {"kind": "ali", "loss": "derived"},
}
GAMES = [("gan", "bn"), ("gan", "nobn"), ("gan", "mlp"), ("aae", "mlp"), ("ali", "nobn"), ("ali", "mlp")]


Settings = dict[str, dict[str, float]]


class Stop(BaseException):
    """Stands for a kill between two iterations."""


def begin(folder: Path, network: str, stabilisers: Settings, model: str = "gan", **fields: Any) -> Run:
    """A run of seven iterations on data made up on the spot."""
    row = {"reading": "released", "d_batches": 1, "g_batches": 1, "batch_size": 4, "lambda_mean": 0.0}
    optimiser = {"kind": "adam_tf1", "lr": fields.pop("lr", 1e-2)}
    seed, iterations = fields.pop("seed", 0), fields.pop("iterations", 7)
    arm = Arm.model_validate(
        {**row, "network": NETWORKS[network], "model": MODELS[model], "stabilisers": stabilisers,
         "optimiser": optimiser, **fields}
    )  # fmt: skip
    dataset = DATASETS[arm.network.kind]
    spec = RunSpec(
        name="rival", arm=arm, dataset=dataset, seed=seed, iterations=iterations, snapshots=(0, 3, iterations),
        log_every=2,
    )  # fmt: skip
    draws = np.random.default_rng(0)
    images = draws.integers(0, 256, (19, 1, 32, 32), dtype=np.uint8)
    points = draws.standard_normal((19, 2)).astype(np.float32)
    return Run(spec, points if network == "mlp" else images, folder, torch.device("cpu"))


def play(run: Run, iterations: int = 7) -> Iterator[Networks]:
    """The networks after each iteration."""
    for index in range(iterations):
        run.engine.iterate(run.source.iteration(index))
        yield run.networks


def state(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def norm(gradients: list[Tensor]) -> float:
    return float(torch.cat([gradient.flatten() for gradient in gradients]).double().norm())


class Steps:
    """Writes down, for every step of an optimizer group, its gradients as the optimiser finds them."""

    def __init__(self, run: Run, group: str) -> None:
        parameters, optimiser = run.engine.groups[group]
        self.gradients: list[list[Tensor]] = []

        step = optimiser.step

        def noted() -> None:
            self.gradients.append([p.grad.clone() for p in parameters if p.grad is not None])
            step()

        optimiser.step = noted


@pytest.mark.parametrize(("model", "network"), GAMES)
def test_a_clipped_gradient_has_the_norm_asked_for_and_the_direction_it_had(
    model: str, network: str, tmp_path: Path
) -> None:
    free = begin(tmp_path / "free", network, {}, model)
    of_free, d_of_free = Steps(free, "g"), Steps(free, "d")
    list(play(free, 3))
    limit = 0.3 * norm(of_free.gradients[0])
    clipped = begin(tmp_path / "clipped", network, {"grad_clip": {"max_norm": limit}}, model)
    of_clipped, d_of_clipped = Steps(clipped, "g"), Steps(clipped, "d")
    list(play(clipped, 3))
    assert len(of_clipped.gradients) == 6
    assert max(map(norm, of_clipped.gradients)) <= limit * (1 + 1e-6)
    assert norm(of_clipped.gradients[0]) == pytest.approx(limit, rel=2e-2)
    scale = norm(of_clipped.gradients[0]) / norm(of_free.gradients[0])
    for ours, theirs in zip(of_clipped.gradients[0], of_free.gradients[0], strict=True):
        torch.testing.assert_close(ours, theirs * scale, rtol=1e-5, atol=1e-10)
    assert norm(d_of_clipped.gradients[0]) == norm(d_of_free.gradients[0]) > 0


def test_a_gradient_within_the_limit_is_left_as_it_is(tmp_path: Path) -> None:
    free, loose, tight = (
        begin(tmp_path / str(i), "mlp", weights, optimiser={"lr": 1e-2, "eps": 1.0}).train().weights_hash
        for i, weights in enumerate(({}, {"grad_clip": {"max_norm": 1e9}}, {"grad_clip": {"max_norm": 1e-12}}))
    )
    assert free == loose != tight


@pytest.mark.parametrize("network", NETWORKS)
def test_the_average_is_the_exponential_mean_of_weights_and_moving_averages(network: str, tmp_path: Path) -> None:
    run = begin(tmp_path, network, {"ema": {"decay": 0.9}})
    mean = state(run.networks.generator)
    for networks in play(run):
        now = state(networks.generator)
        mean = {name: 0.9 * old.double() + (1 - 0.9) * now[name].double() for name, old in mean.items()}
    found = state(run.networks["average"])
    assert found.keys() == mean.keys()
    for name, value in found.items():
        torch.testing.assert_close(value.double(), mean[name], rtol=1e-6, atol=1e-7)
    assert any(not torch.equal(value, now[name]) for name, value in found.items())


def test_averaging_changes_no_weight_that_is_trained(tmp_path: Path) -> None:
    plain, averaged = (
        begin(tmp_path / str(i), "bn", weights) for i, weights in enumerate(({}, {"ema": {"decay": 0.9}}))
    )
    for ours, theirs in zip(play(plain), play(averaged), strict=True):
        for role in ("generator", "discriminator"):
            mine, other = state(ours[role]), state(theirs[role])
            assert all(torch.equal(mine[name], other[name]) for name in mine)


@pytest.mark.parametrize("network", ["bn", "mlp"])
def test_snapshots_and_pictures_are_the_average_s_with_g_itself_beside_it(network: str, tmp_path: Path) -> None:
    run = begin(tmp_path, network, {"ema": {"decay": 0.9}})
    run.train()
    kept = safetensors.torch.load_file(tmp_path / "snapshots" / "000000007.safetensors")
    mean, last = run.networks["average"].state_dict(), run.networks.generator.state_dict()
    assert run.networks.sampled_generator is run.networks["average"]
    assert kept.keys() == {*mean, *(f"trained.{name}" for name in last)}
    assert all(torch.equal(kept[name], mean[name]) for name in mean)
    assert all(torch.equal(kept[f"trained.{name}"], last[name]) for name in last)
    assert any(not torch.equal(kept[name], last[name]) for name in last)


def weights_of(d: nn.Module) -> dict[str, tuple[nn.Module, Tensor]]:
    """D's layers with a weight of two axes or more, and that weight as they use it."""
    layers = {name: layer for name, layer in d.named_modules() if isinstance(getattr(layer, "weight", None), Tensor)}
    return {name: (layer, layer.weight) for name, layer in layers.items() if layer.weight.ndim > 1}  # type: ignore[union-attr, misc]


@pytest.mark.parametrize(("model", "network"), GAMES)
def test_d_s_weights_have_a_spectral_norm_of_one(model: str, network: str, tmp_path: Path) -> None:
    run = begin(tmp_path, network, {"spectral_norm": {}}, model, lr=1e-3, iterations=60)
    for _ in play(run, 60):
        pass
    judge = run.networks.discriminator
    plain = weights_of(begin(tmp_path / "plain", network, {}, model).networks.discriminator)
    assert weights_of(judge).keys() == plain.keys()
    assert all(parametrize.is_parametrized(layer, "weight") for layer, _ in weights_of(judge).values())
    assert largest(judge) == pytest.approx([1.0] * len(plain), rel=0.1)
    for _ in range(300):
        weights_of(judge.train())
    assert largest(judge) == pytest.approx([1.0] * len(plain), rel=1e-3)


def largest(judge: nn.Module) -> list[float]:
    """Largest singular value of each weight of D."""
    used = (weight.detach().double().flatten(1) for _, weight in weights_of(judge.eval()).values())
    return [float(torch.linalg.svdvals(matrix)[0]) for matrix in used]


def test_only_d_is_normalised(tmp_path: Path) -> None:
    run = begin(tmp_path, "nobn", {"spectral_norm": {}}, "ali")
    for role, network in run.networks.items():
        named = [name for name, layer in network.named_modules() if parametrize.is_parametrized(layer)]
        assert bool(named) == (role == "discriminator")


def directions(run: Run) -> dict[str, bytes]:
    return directions_of(run.networks)


def directions_of(networks: Networks) -> dict[str, bytes]:
    named = networks.discriminator.named_buffers()
    return {name: tensor.numpy().tobytes() for name, tensor in named if name.endswith("direction")}


def test_power_iterations_begin_where_the_seed_says_and_nothing_else(tmp_path: Path) -> None:
    torch.manual_seed(1)
    first = begin(tmp_path / "a", "nobn", {"spectral_norm": {}})
    torch.manual_seed(2)
    again = begin(tmp_path / "b", "nobn", {"spectral_norm": {}}, lambda_mean=5.0)
    assert directions(first) == directions(again)
    plain = begin(tmp_path / "c", "nobn", {}).networks
    started = [deepcopy(plain) for _ in range(3)]
    for networks, seed in zip(started, (0, 0, 1), strict=True):
        spectral_norm.SpectralNorm().prepare(networks, seed=seed)
    one, same, other = (directions_of(networks) for networks in started)
    assert one == same == directions(first)
    assert all(value != other[name] for name, value in one.items() if len(value) > 4)
    weights = (run.networks.generator.state_dict() for run in (first, begin(tmp_path / "d", "nobn", {})))
    assert all(torch.equal(mine, plain) for mine, plain in zip(*(w.values() for w in weights), strict=True))


def test_the_largest_singular_value_is_divided_out_with_its_gradient() -> None:
    draws = np.random.default_rng(0)
    matrix = torch.from_numpy(draws.standard_normal((5, 4))).requires_grad_()
    layer = spectral_norm.Normalised(matrix, torch.from_numpy(draws.standard_normal(5)))
    for _ in range(300):
        layer(matrix)
    wanted = matrix / torch.linalg.matrix_norm(matrix, 2)
    probe = torch.from_numpy(draws.standard_normal((5, 4)))
    ours, theirs = (torch.autograd.grad((made * probe).sum(), matrix)[0] for made in (layer(matrix), wanted))
    torch.testing.assert_close(layer(matrix), wanted, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "stabilisers", [{"grad_clip": {"max_norm": 0.1}}, {"ema": {"decay": 0.9}}, {"spectral_norm": {}}], ids=str
)
@pytest.mark.parametrize(("model", "network"), GAMES)
def test_a_run_with_a_rival_resumes_exactly_where_it_was_cut(
    model: str, network: str, stabilisers: Settings, tmp_path: Path
) -> None:
    straight = begin(tmp_path / "straight", network, stabilisers, model).train()

    def stop(done: int, row: object, networks: Networks) -> None:
        if done == 5:
            raise Stop

    with pytest.raises(Stop):
        begin(tmp_path / "cut", network, stabilisers, model).train((stop,), save_every=0.0)
    last = begin(tmp_path / "cut", network, stabilisers, model)
    assert last.iteration == 4
    resumed = last.train()
    assert resumed.weights_hash == straight.weights_hash
    np.testing.assert_array_equal(resumed.telemetry, straight.telemetry)
    files = [sorted((tmp_path / folder / "snapshots").iterdir()) for folder in ("straight", "cut")]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]
