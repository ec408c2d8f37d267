"""The released loop as plain PyTorch: the baseline for the engine's speed.

NCHW maps, torch's own layers and Adam, a backward pass through both networks in G's step, a separate forward for the
old fakes. `same` pads as TensorFlow does (copy and crop), which is the engine's arithmetic; without it torch pads both
ends alike, which is a different model, only faster.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vigan.config.arms import Arm, Dcgan, Mixture, Mlp
from vigan.training.batches import Batches


class Down(nn.Conv2d):
    """5x5 stride-2 convolution on a padded copy, one zero before and two after."""

    def forward(self, input: Tensor) -> Tensor:
        """Map of half the side."""
        return super().forward(F.pad(input, (1, 2, 1, 2)))


class Up(nn.ConvTranspose2d):
    """5x5 stride-2 transposed convolution, cut to twice the side."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Map of twice the side."""
        return super().forward(x)[:, :, :-1, :-1]


def _down(inputs: int, outputs: int, same: bool, bias: bool) -> nn.Module:
    return Down(inputs, outputs, 5, 2, bias=bias) if same else nn.Conv2d(inputs, outputs, 5, 2, 2, bias=bias)


def _up(inputs: int, outputs: int, same: bool, bias: bool) -> nn.Module:
    return (
        Up(inputs, outputs, 5, 2, 1, bias=bias) if same else nn.ConvTranspose2d(inputs, outputs, 5, 2, 2, 1, bias=bias)
    )


def _dcgan(network: Dcgan, shape: tuple[int, ...], same: bool) -> tuple[nn.Module, nn.Module]:
    channels, side = shape[:2]
    widths = [network.dim << stage for stage in reversed(range(int(math.log2(side // 4))))]
    first, last = widths[0], widths[-1]
    up = [nn.Linear(network.latent, 16 * first, bias=False), nn.BatchNorm1d(16 * first), nn.ReLU()]
    up += [nn.Unflatten(1, (first, 4, 4))]
    for a, b in pairwise(widths):
        up += [_up(a, b, same, bias=False), nn.BatchNorm2d(b), nn.ReLU()]
    down: list[nn.Module] = [_down(channels, last, same, bias=True), nn.LeakyReLU(0.2)]
    for a, b in pairwise(widths[::-1]):
        down += [_down(a, b, same, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]
    up += [_up(last, channels, same, bias=True), nn.Tanh()]
    return nn.Sequential(*up), nn.Sequential(*down, nn.Flatten(), nn.Linear(16 * first, 1), nn.Flatten(0))


def _mlp(network: Mlp, shape: tuple[int, ...]) -> tuple[nn.Module, nn.Module]:
    def layers(inputs: int, outputs: int) -> list[nn.Module]:
        width = network.width
        return [nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs)]

    return nn.Sequential(*layers(network.latent, shape[0])), nn.Sequential(*layers(shape[0], 1), nn.Flatten(0))


class Textbook:
    """G, D, their optimisers and the loop, for arms with BN or MLPs."""

    def __init__(self, arm: Arm, shape: tuple[int, ...], *, same: bool = True) -> None:
        network, o = arm.network, arm.optimiser
        assert not isinstance(network, Mixture)
        self.arm, self.weight = arm, arm.lambda_per_mean(math.prod(shape))
        self.generator, self.discriminator = (
            _dcgan(network, shape, same) if isinstance(network, Dcgan) else _mlp(network, shape)
        )
        settings = {"lr": o.lr, "betas": (o.beta1, o.beta2), "eps": o.eps}
        self.g_adam = torch.optim.Adam(self.generator.parameters(), **settings)
        self.d_adam = torch.optim.Adam(self.discriminator.parameters(), **settings)
        self.bce = nn.BCEWithLogitsLoss()

    def iterate(self, batches: Batches) -> None:
        """One iteration of the released schedule."""
        for real, z in batches.phases["d"]:
            assert real is not None
            self._step_of_d(real, z)
        latents = [z for _, z in batches.phases["g"]]
        old_fakes = [self.generator(z).detach() for z in latents]
        for z, old_fake in zip(latents, old_fakes, strict=True):
            for _ in range(self.arm.k):
                self._step_of_g(z, old_fake)

    def _step_of_d(self, real: Tensor, z: Tensor) -> None:
        self.d_adam.zero_grad()
        fake = self.generator(z).detach()
        on_real, on_fake = self.discriminator(real), self.discriminator(fake)
        loss = self.bce(on_real, torch.ones_like(on_real)) + self.bce(on_fake, torch.zeros_like(on_fake))
        (loss / 2).backward()
        self.d_adam.step()

    def _step_of_g(self, z: Tensor, old_fake: Tensor) -> None:
        self.g_adam.zero_grad()
        fake = self.generator(z)
        on_fake = self.discriminator(fake)
        loss = self.bce(on_fake, torch.ones_like(on_fake)) + self.weight * ((fake - old_fake) ** 2).mean()
        loss.backward()
        self.g_adam.step()
