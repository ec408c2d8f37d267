"""An increasing generator on the line, whose density and divergences are exact by change of variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from vigan import rng

Array = NDArray[np.float64]

REACH = 8.0
"""Latents that integrals go over, in standard deviations."""
DEPTH = 14
WIDTHS = (-32, -16, -8, -4, -2, 0, 2, 4, 8, 16, 32)
"""Where parts begin about a rise, in its own widths."""


class Increasing(nn.Module):
    """G(z) = shift + slope z + sum_i height_i tanh(rate_i z + offset_i), slope, heights and rates positive."""

    def __init__(self, units: int, seed: int) -> None:
        """Draw `units` steps, from the run's seed; G begins near the identity."""
        super().__init__()
        draw = rng.generator(seed, "init", "increasing")
        self.shift = _parameter(np.zeros(1))
        self.log_slope = _parameter(np.log([0.5]))
        self.log_heights = _parameter(np.full(units, -np.log(units)))
        self.log_rates = _parameter(draw.uniform(-0.5, 0.5, units))
        self.offsets = _parameter(draw.uniform(-2, 2, units))

    def forward(self, z: Tensor) -> Tensor:
        """Points (N, 1) for latents (N, 1)."""
        bends = torch.tanh(functional.linear(z, self.log_rates.exp()[:, None], self.offsets))
        return self.shift + self.log_slope.exp() * z + functional.linear(bends, self.log_heights.exp()[None])

    def map(self) -> Map:
        """The same map as it is now, in float64."""
        with torch.no_grad():
            shift, slope, heights, rates, offsets = (p.double().numpy().copy() for p in self.parameters())
        return Map(float(shift[0]), float(np.exp(slope[0])), np.exp(heights), np.exp(rates), offsets)


def _parameter(value: Array) -> nn.Parameter:
    return nn.Parameter(torch.tensor(value, dtype=torch.float32))


class Map(NamedTuple):
    """The numbers of an increasing map."""

    shift: float
    slope: float
    heights: Array
    rates: Array
    offsets: Array

    def at(self, z: Array) -> tuple[Array, Array]:
        """Values and derivatives (n,) at latents (n,)."""
        bends = np.tanh(np.multiply.outer(z, self.rates) + self.offsets)
        value = self.shift + self.slope * z + bends @ self.heights
        return value, self.slope + (1 - bends**2) @ (self.heights * self.rates)

    def inverse(self, x: Array, start: Array) -> Array:
        """The latents (n,) of points (n,), to rounding: Newton's steps from `start`, in a bracket that is halved."""
        reach = float(self.heights.sum())
        low, high = (x - self.shift - reach) / self.slope, (x - self.shift + reach) / self.slope
        z = np.clip(start, low, high)
        for _ in range(200):
            value, slope = self.at(z)
            low, high = np.where(value <= x, z, low), np.where(value >= x, z, high)
            step = z - (value - x) / slope
            following = np.where((step >= low) & (step <= high), step, (low + high) / 2)
            if np.max(np.abs(following - z) / (1 + np.abs(z))) < 1e-14:
                return following
            z = following
        return z


class Divergence(NamedTuple):
    """How far q, of G, is from q_old, of G_old.

    `kl` is KL(q || q_old) in nats, `drift` E (G(z) - G_old(z))^2, `quadratic` the divergence's second-order form in
    G - G_old, `half_fisher` half the Fisher information of q_old: what `kl / drift` tends to if all points move alike.
    """

    kl: float
    drift: float
    quadratic: float
    half_fisher: float


def divergence(new: Map, old: Map, step: float = 1.0) -> Divergence:
    """Divergence of G_old + `step` (G - G_old) from G_old, for latents N(0, 1) and a step in (0, 1].

    With u = G_old^-1(G(z)), KL(q || q_old) = KL(u || z): E[log p(z) - log p(u) - log u'(z)]. For u = z + h its
    second-order form is E[h^2 + h'^2] / 2.
    """
    return Divergence(*map(float, integral(lambda z: _integrands(new, old, step, z), _edges(new, old))))


def _edges(*maps: Map) -> Array:
    """Ends of the parts that integrals begin with: even ones, and those about each rise of a map."""
    rises = [known.offsets / -known.rates + width / known.rates for known in maps for width in WIDTHS]
    return np.unique(np.clip(np.concatenate([np.linspace(-REACH, REACH, 65), *rises]), -REACH, REACH))


def _integrands(new: Map, old: Map, step: float, z: Array) -> Array:
    """The fields of a `Divergence` before they are integrated, (4, n) at latents (n,)."""
    (old_x, old_slope), (new_x, new_slope) = old.at(z), new.at(z)
    moved, moved_slope = step * (new_x - old_x), step * (new_slope - old_slope)
    u = old.inverse(old_x + moved, z)
    kl = (u**2 - z**2) / 2 - np.log((old_slope + moved_slope) / old.at(u)[1])
    bend = _second_derivative(old, z)
    shift, shift_slope = moved / old_slope, (moved_slope - moved * bend / old_slope) / old_slope
    score = -(z + bend / old_slope) / old_slope
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return density * np.stack([kl, moved**2, (shift**2 + shift_slope**2) / 2, score**2 / 2])


def integral(f: Callable[[Array], Array], edges: Array, *, relative: float = 1e-9, absolute: float = 1e-12) -> Array:
    """Integrals (k,) of k functions, f(z) (k, n), over parts between `edges`, halved until halves agree (Gauss's rule).

    Training may make a generator that rises within 1e-3 of a standard deviation, which no fixed grid resolves. Parts
    are halved `DEPTH` times at most, for rounding may leave more than the bounds.
    """
    a, b = edges[:-1], edges[1:]
    total = np.zeros(len(f(edges[:1])))
    for level in range(DEPTH):
        middle = (a + b) / 2
        whole, halves = _gauss(f, a, b), np.stack([_gauss(f, a, middle), _gauss(f, middle, b)])
        error = np.abs(halves.sum(axis=0) - whole)
        done = (error <= absolute + relative * np.abs(halves).sum(axis=0)).all(axis=0) | (level == DEPTH - 1)
        total += halves[:, :, done].sum(axis=(0, 2))
        if done.all():
            break
        left = ~done
        a, b = np.concatenate([a[left], middle[left]]), np.concatenate([middle[left], b[left]])
    return total


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def _gauss(f: Callable[[Array], Array], a: Array, b: Array) -> Array:
    """Integrals (k, n) over n intervals."""
    half, middle = (b - a) / 2, (a + b) / 2
    values = f((middle + np.multiply.outer(_NODES, half)).ravel())
    return half * np.einsum("knm,n->km", values.reshape(len(values), len(_NODES), len(a)), _WEIGHTS)


def _second_derivative(known: Map, z: Array) -> Array:
    bends = np.tanh(np.multiply.outer(z, known.rates) + known.offsets)
    return (-2 * bends * (1 - bends**2)) @ (known.heights * known.rates**2)
