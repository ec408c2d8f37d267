"""The models of the family that Su (2018) derives from one principle, and what each may choose."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from vigan.config.base import Strict

Positive = Annotated[float, Field(gt=0)]


class Gan(Strict):
    """D tells x from G(z); G pays -log D(G(z)) and the regulariser."""

    kind: Literal["gan"]


class Vae(Strict):
    """Encoder and decoder are Gaussians; the decoder's deviation `std` is one number, in the unit of the data."""

    kind: Literal["vae"]
    std: Positive


class Aae(Strict):
    """D tells codes z of the prior from E(x).

    The decoder learns "after" the encoder's phase, on codes taken as constants, or in one "joint" loss, in which
    `reconstruction` weighs the squared norm of x - G(E(x)).
    """

    kind: Literal["aae"]
    decoder: Literal["after", "joint"]
    reconstruction: Positive | None = None

    @model_validator(mode="after")
    def _weighed_if_joint(self) -> Aae:
        if (self.decoder == "joint") != (self.reconstruction is not None):
            raise ValueError("'reconstruction' is the weight in a 'joint' loss: give it there, and only there")
        return self


class Ali(Strict):
    """D tells (x, E(x)) from (G(z), z); `loss` is what G and E pay together: see `vigan.objectives.ali`.

    `latents` weighs the squared norm of z - E(G(z)), which E pays besides: the term that the article drops from the
    derived loss of a Gaussian encoder, of deviation sigma where the weight is 1/(2 sigma^2).
    """

    kind: Literal["ali"]
    loss: Literal["derived", "min-max", "non-saturating"]
    latents: Positive | None = None


class Em(Strict):
    """A Gaussian mixture by alternating minimisation; `floor` is added to the covariances' diagonals."""

    kind: Literal["em"]
    floor: Annotated[float, Field(ge=0)] = 1e-6


Model = Annotated[Gan | Vae | Aae | Ali | Em, Field(discriminator="kind")]

PLAIN = Gan(kind="gan")
ADVERSARIAL = (Gan, Aae, Ali)
"""Models with a D."""
REGULARISED = (Gan, Aae, Ali)
"""Models in which the regulariser has a meaning: KL(q || q_o) of what D judges."""
ENCODING = (Vae, Aae, Ali)
"""Models with an encoder."""
