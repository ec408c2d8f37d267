"""An arm's game in words, section by section, as `describe.arms.explain` puts them together."""

from __future__ import annotations

from collections.abc import Sequence

from vigan.config import schedule
from vigan.config.arms import REGULARISER, Arm, Dcgan, Ledger, Mixture
from vigan.config.models import Em, Gan
from vigan.describe.models import words


def model(arm: Arm) -> str:
    """An arm's model, unless it is the GAN."""
    return "" if isinstance(arm.model, Gan) else f"model '{arm.model.kind}', "


def network(arm: Arm) -> str:
    """An arm's networks."""
    own = arm.network
    if isinstance(own, Mixture):
        return f"{own.components} Gaussians"
    if isinstance(own, Dcgan):
        return f"DCGAN of dim {own.dim} {'with' if own.batch_norm else 'without'} BN, {own.latent} latents"
    return f"MLPs of width {own.width}, {own.latent} latents"


def iteration(arm: Arm) -> list[str]:
    """What an iteration does, line by line."""
    if isinstance(arm.model, Em):
        return _alternation(arm, arm.model)
    own = words(arm.model)
    lines = [
        f"D: {_count(arm.d_batches, 'update')}, each on {own.d_sees}, in separate passes" if own.d_sees else "D: none",
        f"{own.players}: {_count(arm.g_batches, 'batch', 'batches')} of {own.shown}, "
        f"{_count(arm.k, 'update')} on each: {_count(schedule.updates(arm), 'update')} per phase{_against(arm)}",
        *([f"G: {_count(arm.g_batches, 'update')} after the phase, one {own.lesson}"] if own.lesson else []),
        f"losses: {own.losses}",
        f"optimiser of each: {_adam(arm)}",
        f"precision of products: {arm.precision}",
    ]
    rivals = [f"{name} {weight:g}" for name, weight in arm.stabilisers.items() if weight]
    return lines + [f"further terms: {', '.join(rivals)}" for _ in rivals[:1]]


def _against(arm: Arm) -> str:
    own = words(arm.model)
    return f" against one D and one {own.old}" if own.old else ""


def _adam(arm: Arm) -> str:
    o = arm.optimiser
    adam = {"adam_tf1": "Adam of TensorFlow 1 (eps not bias-corrected)", "adam": "Adam of torch (eps bias-corrected)"}
    return f"{adam[o.kind]}, lr {o.lr:g}, beta1 {o.beta1:g}, beta2 {o.beta2:g}, eps {o.eps:g}"


def _alternation(arm: Arm, model: Em) -> list[str]:
    return [
        f"p-step: p(z|x) = q(z|x), exact, for {_count(arm.batch_size, 'example')}",
        "q-step: the mixture of least KL(p~(x) p(z|x) || q(z) q(x|z)), exact, then "
        f"{model.floor:g} added to the diagonals of its covariances",
        "in float64; no D, no gradients: the optimiser and the latents are not used",
    ]


def regulariser(arm: Arm, coordinates: int) -> list[str]:
    """What the regulariser holds to what, and where it acts."""
    weight, own = schedule.weights(arm, coordinates)[REGULARISER], words(arm.model)
    if not weight:
        return ["off: lambda is 0 in either reduction"]
    return [
        f"lambda: {weight:.10g} x mean over the {coordinates} coordinates of ({own.held} - {own.held_old})^2 "
        f"= {weight / coordinates:.10g} x squared norm; averaged over the batch",
        f"{own.begun}; {_old_fakes(arm)}",
        _where_it_acts(arm, coordinates),
    ]


def _old_fakes(arm: Arm) -> str:
    own = words(arm.model)
    if arm.g_batches == 1:
        return f"{own.held_old} is the phase's own first forward, taken as a constant"
    of_all = f"{own.held_old} of all {arm.g_batches * arm.batch_size} {own.inputs}"
    return f"{of_all} comes from one forward in training mode"


def _where_it_acts(arm: Arm, coordinates: int) -> str:
    at, total = schedule.acting(arm, coordinates), schedule.updates(arm)
    if not at:
        alone = f"inert: the only update of a phase is made at {at_old(arm)}"
        return f"{alone}, where the term and its gradient are exactly zero"
    span = f"update {at[0]}" if len(at) == 1 else f"updates {at[0]}..{at[-1]}"
    made = words(arm.model).made
    if at[0] == 1:
        first = f"already on update 1, because BN saw the old {made} in one batch and sees the {made} in several"
    else:
        first = (
            f"on update 1 {at_old(arm)} and the term is {'exactly zero' if arm.g_batches == 1 else 'zero to rounding'}"
        )
    return f"acts on {span} of the {total} of each phase; {first}"


def at_old(arm: Arm) -> str:
    """The place where the regulariser is zero, such as G = G_o."""
    old = words(arm.model).old
    return f"{old.replace('_o', '')} = {old}"


def moving_averages(arm: Arm) -> list[str]:
    """What moves the averages of BN."""
    lines = [
        _averages_of(arm, role, letter) for role, letter in schedule.sampling(arm).items() if schedule.moves(arm, role)
    ]
    return lines or ["none: no BN"]


def _averages_of(arm: Arm, role: str, letter: str) -> str:
    counts = schedule.moves(arm, role)
    each = " + ".join(f"{count} for {forward}" for forward, count in counts.items())
    old = any("old" in forward for forward in counts)
    counted_twice = " (update 1's own forward, counted again)" if arm.g_batches == 1 and old else ""
    readers = "only sampling reads them" if role == "generator" else "only codes outside of training read them"
    return f"{letter}'s move {sum(counts.values())} times an iteration: {each}{counted_twice}; {readers}"


def ledger(arm: Arm, iterations: int) -> list[str]:
    """What an iteration and all of them cost, as a table."""
    once, whole = (Ledger.of(arm, n).model_dump() for n in (1, iterations))
    rows = [(label, f"{once[key]:,}", f"{whole[key]:,}") for key, label in _counts(arm).items()]
    if words(arm.model).lesson:
        rows.insert(2, ("G updates", f"{arm.g_batches:,}", f"{iterations * arm.g_batches:,}"))
    return aligned([("", "each iteration", f"{iterations:,} iterations"), *rows])


def _counts(arm: Arm) -> dict[str, str]:
    return {
        "d_updates": "D updates",
        "g_updates": f"{words(arm.model).players} updates",
        "real_images": f"real examples shown{' to D' if isinstance(arm.model, Gan) else ''}",
        "latents": "latents drawn",
    }


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
