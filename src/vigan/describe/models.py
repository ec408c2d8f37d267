"""The game of each model of the family in words: who plays, on what, for which loss; `describe.arms` joins them."""

from __future__ import annotations

from typing import NamedTuple

from vigan.config.models import Aae, Ali, Em, Gan, Model, Vae


class Words(NamedTuple):
    """What is said of a model.

    `d_sees` is what D is shown, "" without a D; `players` move in the phase, on batches of `shown`. The regulariser
    holds `held` to `held_old`, which `old` made, `inputs` going in; `begun` says what `old` is. `made` is the short
    name of what is held, `lesson` what follows the phase.
    """

    d_sees: str
    players: str
    shown: str
    losses: str
    held: str = ""
    held_old: str = ""
    old: str = ""
    begun: str = ""
    inputs: str = ""
    made: str = ""
    lesson: str = ""


def words(model: Model) -> Words:
    """What is said of an arm's model."""
    match model:
        case Gan():
            return _GAN
        case Vae():
            return _vae(model)
        case Aae():
            return _aae(model)
        case Ali():
            return _ali(model)
        case Em():
            return Words("", "mixture", "examples", "")


_GAN = Words(
    d_sees="a real batch and fakes of fresh latents",
    players="G",
    shown="fresh latents",
    losses="D (BCE(D(x), 1) + BCE(D(G(z)), 0)) / 2; G -log D(G(z))",
    held="G(z)",
    held_old="G_o(z)",
    old="G_o",
    begun="G_o: G as it is when the phase begins",
    inputs="latents",
    made="fakes",
)


def _vae(model: Vae) -> Words:
    std = f"{model.std:g}"
    return Words(
        d_sees="",
        players="E and G",
        shown="real examples and fresh noise",
        losses=f"E and G -log N(x; G(z), {std}^2 I) + KL(p(z|x) || N(0, I)), one z from the Gaussian p(z|x) = E(x)",
    )


def _aae(model: Aae) -> Words:
    joint, pays = model.decoder == "joint", "-log D(E(x))"
    if joint:
        pays = f"E and G {pays} + {model.reconstruction:g} x ||x - G(E(x))||^2"
    return Words(
        d_sees="fresh draws of the prior, as real, and codes E(x) of a real batch, as fake",
        players="E and G" if joint else "E",
        shown="real examples",
        losses=f"D (BCE(D(z), 1) + BCE(D(E(x)), 0)) / 2; {pays if joint else f'E {pays}; G ||x - G(E(x))||^2'}",
        held="E(x)",
        held_old="E_o(x)",
        old="E_o",
        begun="E_o: E as it is when the phase begins",
        inputs="examples",
        made="codes",
        lesson="" if joint else "on each of those batches, on codes E(x) taken as constants",
    )


_ALI_LOSSES = {
    "derived": "-log D(x, E(x)) - log D(G(z), z)",
    "min-max": "log D(x, E(x)) + log(1 - D(G(z), z))",
    "non-saturating": "-log(1 - D(x, E(x))) - log D(G(z), z)",
}


def _ali(model: Ali) -> Words:
    besides = f"; E besides {model.latents:g} x ||z - E(G(z))||^2, G(z) taken as a constant" if model.latents else ""
    d_pays = "D (BCE(D(x, E(x)), 1) + BCE(D(G(z), z), 0)) / 2"
    return Words(
        d_sees="pairs (x, E(x)) of a real batch, as real, and pairs (G(z), z) of fresh latents, as fake",
        players="G and E",
        shown="real examples and fresh latents",
        losses=f"{d_pays}; G and E {_ALI_LOSSES[model.loss]}{besides}",
        held="(G(z), E(x))",
        held_old="(G_o(z), E_o(x))",
        old="(G_o, E_o)",
        begun="(G_o, E_o): G and E as they are when the phase begins",
        inputs="latents and examples",
        made="fakes and codes",
    )
