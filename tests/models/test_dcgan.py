from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vigan.config.arms import Arm, Dcgan, Mlp
from vigan.models.batch_norm import BatchNorm
from vigan.models.build import Networks, build
from vigan.models.dcgan import Discriminator, Generator

SIDES = [(32, 1), (32, 3), (64, 1), (64, 3), (128, 3), (256, 1)]


def released(side: int = 32, channels: int = 1, dim: int = 2, batch_norm: bool = True, seed: int = 0) -> Networks:
    network = Dcgan(kind="dcgan", dim=dim, latent=5, batch_norm=batch_norm)
    return build(arm(network), (channels, side, side), seed)


def arm(network: Dcgan | Mlp) -> Arm:
    return Arm(network=network, reading="released", d_batches=1, g_batches=1, lambda_mean=0.0)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("side", "channels"), SIDES)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_images_of_every_side_go_through(side: int, channels: int, batch_norm: bool) -> None:
    generator, discriminator = released(side, channels, batch_norm=batch_norm).values()
    images = generator(torch.randn(3, 5, generator=torch.Generator().manual_seed(0)))
    assert images.shape == (3, channels, side, side)
    assert images.abs().max() < 1
    assert discriminator(images).shape == (3,)
    assert generator.training
    assert discriminator.training


def test_the_networks_of_the_paper_have_the_released_sizes() -> None:
    generator = Generator(64, 100, 64, 3, batch_norm=True)
    discriminator = Discriminator(64, 64, 3, batch_norm=True)
    kernels = 25 * (512 * 256 + 256 * 128 + 128 * 64)
    gamma_beta = 2 * (256 + 128 + 64)
    assert count(generator) == 100 * 8192 + 2 * 8192 + kernels + gamma_beta + 25 * 64 * 3 + 3
    assert count(discriminator) == 25 * 3 * 64 + 64 + kernels + 2 * (128 + 256 + 512) + 8192 + 1
    assert count(Generator(64, 100, 64, 3, batch_norm=False)) == count(generator) - 2 * 8192 - gamma_beta
    assert count(Discriminator(64, 64, 3, batch_norm=False)) == count(discriminator) - 2 * (128 + 256 + 512)


@pytest.mark.parametrize("side", [32, 64, 128, 256])
def test_channels_halve_and_maps_double_from_four_to_the_side(side: int) -> None:
    generator, discriminator = released(side, 3, dim=4).values()
    stages = int(math.log2(side / 4))
    up = [tuple(p.shape[:2]) for name, p in generator.named_parameters() if p.ndim == 4]
    down = [tuple(p.shape[:2]) for name, p in discriminator.named_parameters() if p.ndim == 4]
    widths = [4 * 2**stage for stage in reversed(range(stages))]
    assert up == [*zip(widths, widths[1:], strict=False), (4, 3)]
    assert down == [(4, 3), *((b, a) for a, b in zip(widths[::-1], widths[-2::-1], strict=False))]


@pytest.mark.parametrize("batch_norm", [False, True])
def test_biases_stand_only_where_the_released_code_has_them(batch_norm: bool) -> None:
    generator, discriminator = released(64, 3, batch_norm=batch_norm).values()
    names = [name for name, _ in generator.named_parameters()]
    biases = {name for name in names if name.endswith("bias") and "norm" not in name}
    assert biases == {"to_image.conv.bias"}
    names_d = [name for name, _ in discriminator.named_parameters()]
    assert {n for n in names_d if n.endswith("bias") and "norm" not in n} == {"from_image.conv.bias", "linear.bias"}
    norms = [name for name in names + names_d if "norm" in name]
    assert len(norms) == (2 * (4 + 3) if batch_norm else 0)


def test_the_first_convolution_of_d_and_the_last_of_g_have_no_batch_norm() -> None:
    generator, discriminator = released(64, 3).values()
    shapes = [m.weight.numel() for m in discriminator.modules() if isinstance(m, BatchNorm)]
    assert shapes == [4, 8, 16]
    assert [m.weight.numel() for m in generator.modules() if isinstance(m, BatchNorm)] == [256, 8, 4, 2]


def test_the_linear_layer_of_g_fills_its_map_row_by_row_channels_last() -> None:
    generator = released(32, 1, batch_norm=False).generator
    seen: list[Tensor] = []
    generator.get_submodule("ups.0").register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    z = torch.randn(2, 5, generator=torch.Generator().manual_seed(0))
    generator(z)
    linear = z @ generator.get_parameter("linear.weight").T
    channels = linear.shape[1] // 16
    for row, column, channel in [(0, 0, 0), (0, 0, 7), (0, 3, 1), (2, 1, 5), (3, 3, 7)]:
        place = (row * 4 + column) * channels + channel
        assert torch.equal(seen[0][:, channel, row, column], linear[:, place].relu())


def test_d_flattens_its_map_row_by_row_channels_last() -> None:
    discriminator = released(32, 1, batch_norm=False).discriminator
    seen: list[Tensor] = []
    discriminator.get_submodule("linear").register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    maps: list[Tensor] = []
    discriminator.get_submodule("downs.1").register_forward_hook(lambda _, __, output: maps.append(output))
    discriminator(torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(0)))
    flat, activated = seen[0], torch.where(maps[0] > 0, maps[0], 0.2 * maps[0])
    channels = flat.shape[1] // 16
    for row, column, channel in [(0, 0, 0), (0, 0, 7), (0, 3, 1), (2, 1, 5), (3, 3, 7)]:
        assert torch.equal(flat[:, (row * 4 + column) * channels + channel], activated[:, channel, row, column])


def test_zero_weights_give_zero_images_and_the_bias_as_logit() -> None:
    generator, discriminator = released(32, 1, batch_norm=False).values()
    for parameter in (*generator.parameters(), *discriminator.parameters()):
        parameter.data.zero_()
    generator.get_parameter("to_image.conv.bias").data.fill_(0.5)
    discriminator.get_parameter("linear.bias").data.fill_(-3.0)
    images = generator(torch.ones(2, 5))
    torch.testing.assert_close(images, torch.full_like(images, math.tanh(0.5)))
    assert discriminator(images).tolist() == [-3.0, -3.0]


def weights(networks: Networks) -> dict[str, np.ndarray]:
    return {
        f"{role}.{name}": parameter.detach().numpy()
        for role, network in networks.items()
        for name, parameter in network.named_parameters()
    }


def test_initial_weights_are_the_released_normals_truncated_for_d_s_convolutions_only() -> None:
    for name, value in weights(released(64, 3, dim=16)).items():
        if value.ndim == 1:
            expected = 1 if "norm" in name and name.endswith("weight") else 0
            np.testing.assert_array_equal(value, expected)
            continue
        truncated = name.startswith("discriminator") and value.ndim == 4
        deviation = 0.02 * (0.8796256610342398 if truncated else 1)  # scipy.stats.truncnorm(-2, 2).std()
        tolerance = 5 / math.sqrt(value.size)
        assert abs(value.mean()) < tolerance * 0.02
        assert abs(value.std() / deviation - 1) < tolerance
        if truncated:
            assert np.abs(value).max() <= np.float32(0.04)
        elif value.size > 10_000:
            assert np.abs(value).max() > 0.04


def test_arms_of_one_seed_start_equal_with_and_without_batch_norm() -> None:
    with_norm, without = weights(released(batch_norm=True)), weights(released(batch_norm=False))
    assert set(without) < set(with_norm)
    for name, value in without.items():
        np.testing.assert_array_equal(value, with_norm[name])


def test_another_seed_starts_elsewhere_and_the_same_at_the_same_place() -> None:
    first, again, other = (weights(released(seed=seed)) for seed in (0, 0, 1))
    for name, value in first.items():
        np.testing.assert_array_equal(value, again[name])
        assert value.ndim == 1 or not np.isclose(value, other[name]).all()


def test_layers_of_one_shape_are_drawn_apart() -> None:
    drawn = [v.ravel() for n, v in weights(released(32, 1, dim=4)).items() if v.ndim == 4 and v.shape[:2] == (8, 4)]
    assert len(drawn) == 2
    assert not np.isclose(drawn[0], drawn[1]).any()


def test_building_leaves_torch_s_generator_out_of_the_weights() -> None:
    torch.manual_seed(1)
    first = weights(released())
    torch.manual_seed(2)
    second = weights(released())
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_toy_networks_are_two_hidden_layers_uniform_by_fan_in() -> None:
    networks = build(arm(Mlp(kind="mlp", width=128, latent=2)), (2,), seed=0)
    values = weights(networks)
    shapes = {name: value.shape for name, value in values.items()}
    assert [shapes[f"generator.layers.{i}.weight"] for i in range(3)] == [(128, 2), (128, 128), (2, 128)]
    assert [shapes[f"discriminator.layers.{i}.weight"] for i in range(3)] == [(128, 2), (128, 128), (1, 128)]
    for name, value in values.items():
        fan_in = shapes[f"{name.rpartition('.')[0]}.weight"][1]
        assert np.abs(value).max() <= np.float32(1 / math.sqrt(fan_in))
        if value.size > 1000:
            assert value.std() == pytest.approx(1 / math.sqrt(3 * fan_in), rel=5 / math.sqrt(value.size))
    points = networks.generator(torch.ones(4, 2))
    assert points.shape == (4, 2)
    assert networks.discriminator(points).shape == (4,)


def test_a_toy_network_is_the_textbook_s() -> None:
    network = build(arm(Mlp(kind="mlp", width=7, latent=3)), (2,), seed=1).generator.double()
    x = np.random.default_rng(0).standard_normal((5, 3))
    p = {name: value.detach().numpy() for name, value in network.named_parameters()}
    hidden = np.maximum(x @ p["layers.0.weight"].T + p["layers.0.bias"], 0)
    hidden = np.maximum(hidden @ p["layers.1.weight"].T + p["layers.1.bias"], 0)
    expected = hidden @ p["layers.2.weight"].T + p["layers.2.bias"]
    np.testing.assert_allclose(network(torch.from_numpy(x)).detach().numpy(), expected, rtol=1e-12)
