from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from vigan.models.batch_norm import EPS, MOMENTUM, BatchNorm, moving_averages

STEP = float(np.float32(0.1))


@pytest.fixture(params=[(4, 3), (4, 3, 2, 5), (2, 3)], ids=str)
def x(request: pytest.FixtureRequest) -> np.ndarray:
    """A batch whose three channels have means and deviations of their own."""
    draws = np.random.default_rng(0).standard_normal(request.param)
    shape = (1, 3) + (1,) * (len(request.param) - 2)
    return 5 + draws * np.array([1.0, 10.0, 0.1]).reshape(shape)


def layer() -> BatchNorm:
    made = BatchNorm(3).double()
    made.weight.data.copy_(torch.tensor([1.0, 2.0, -0.5]))
    made.bias.data.copy_(torch.tensor([0.0, 1.0, 3.0]))
    return made


def statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and biased variance of each channel."""
    channels = np.moveaxis(x, 1, 0).reshape(3, -1)
    mean = channels.sum(1) / channels.shape[1]
    return mean, ((channels - mean[:, None]) ** 2).sum(1) / channels.shape[1]


def by_hand(x: np.ndarray, mean: np.ndarray, variance: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    shape = (1, 3) + (1,) * (x.ndim - 2)
    gamma, beta = np.array([1.0, 2.0, -0.5]), np.array([0.0, 1.0, 3.0])
    normal = (x - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + eps)
    return normal * gamma.reshape(shape) + beta.reshape(shape)


def test_the_constants_are_those_of_the_released_graph() -> None:
    assert EPS == 1e-5
    assert MOMENTUM == STEP != 0.1


def test_training_normalises_by_the_batch_s_mean_and_biased_variance(x: np.ndarray) -> None:
    found = layer()(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(found, by_hand(x, *statistics(x)), rtol=1e-11, atol=1e-11)


def test_moving_averages_follow_the_mean_and_the_biased_variance(x: np.ndarray) -> None:
    norm = layer()
    mean, variance = np.zeros(3), np.ones(3)
    for scale in (1.0, -2.0, 0.5):
        norm(torch.from_numpy(scale * x))
        batch_mean, batch_variance = statistics(scale * x)
        mean += STEP * (batch_mean - mean)
        variance += STEP * (batch_variance - variance)
    np.testing.assert_allclose(norm.moving_mean.numpy(), mean, rtol=1e-13)
    np.testing.assert_allclose(norm.moving_variance.numpy(), variance, rtol=1e-12)


def test_inference_normalises_by_the_moving_averages_and_leaves_them_alone(x: np.ndarray) -> None:
    norm = layer()
    norm(torch.from_numpy(x))
    mean, variance = norm.moving_mean.clone(), norm.moving_variance.clone()
    norm.eval()
    found = norm(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(found, by_hand(x, mean.numpy(), variance.numpy()), rtol=1e-11, atol=1e-11)
    assert torch.equal(norm.moving_mean, mean)
    assert torch.equal(norm.moving_variance, variance)


def test_a_forward_moves_the_averages_as_often_as_told(x: np.ndarray) -> None:
    batch = torch.from_numpy(x)
    still, once, twice, again = (nn.Sequential(layer()) for _ in range(4))
    outputs = []
    for network, moves in ((still, 0), (once, 1), (twice, 2)):
        with moving_averages(network, moves):
            outputs.append(network(batch))
    again(batch)
    again(batch)
    buffers = [
        {name: value for name, value in network.named_buffers() if "moving" in name}
        for network in (still, once, twice, again)
    ]
    assert {len(own) for own in buffers} == {2}
    assert buffers[0]["0.moving_mean"].tolist() == [0, 0, 0]
    assert buffers[0]["0.moving_variance"].tolist() == [1, 1, 1]
    for name, value in buffers[2].items():
        assert torch.equal(value, buffers[3][name])
        assert not torch.equal(value, buffers[1][name])
    assert torch.equal(outputs[0], outputs[1])
    assert torch.equal(outputs[1], outputs[2])


def test_one_move_a_forward_is_the_rule_again_afterwards_also_after_an_error(x: np.ndarray) -> None:
    network = nn.Sequential(layer())
    with pytest.raises(KeyError), moving_averages(network, 0):
        raise KeyError
    network(torch.from_numpy(x))
    np.testing.assert_allclose(network.get_buffer("0.moving_mean").numpy(), STEP * statistics(x)[0], rtol=1e-13)


def test_the_gradient_is_that_of_the_formula(x: np.ndarray) -> None:
    norm = layer()
    assert torch.autograd.gradcheck(norm, (torch.from_numpy(x).requires_grad_(),), eps=1e-6, atol=1e-5)


def test_averages_are_saved_with_the_weights_but_are_not_trained() -> None:
    norm = layer()
    assert {name for name, _ in norm.named_parameters()} == {"weight", "bias"}
    assert set(norm.state_dict()) == {"weight", "bias", "moving_mean", "moving_variance"}
