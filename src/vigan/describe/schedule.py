"""The sections of an arm's description, which `describe.arms.explain` joins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vigan.config import schedule
from vigan.config.arms import Arm, Dcgan, Ledger, Mixture, Optimiser
from vigan.config.methods import DEFAULT
from vigan.config.methods.base import own_batches


def model(arm: Arm) -> str:
    """An arm's model, "" for the default."""
    return "" if arm.model == DEFAULT else f"model '{arm.model.kind}', "


def network(arm: Arm) -> str:
    """An arm's networks."""
    own = arm.network
    if isinstance(own, Mixture):
        return f"{own.components} Gaussians"
    if isinstance(own, Dcgan):
        return f"DCGAN of dim {own.dim} {'with' if own.batch_norm else 'without'} BN, {own.latent} latents"
    return f"MLPs of width {own.width}, {own.latent} latents"


def iteration(arm: Arm) -> list[str]:
    """The steps of an iteration, one per line."""
    own = arm.model.describe(arm)
    if own.steps:
        return list(own.steps)
    lines = [
        f"D: {_count(arm.d_batches, 'update')}, each on {own.d_inputs}, in separate passes"
        if own.d_inputs
        else "D: none",
        f"{own.trained}: {_count(arm.g_batches, 'batch', 'batches')} of {own.batch}, "
        f"{_count(arm.k, 'update')} on each: {_count(arm.updates, 'update')} per phase{_against(arm)}",
        *([f"G: {_count(arm.g_batches, 'update')} after the phase, one {own.after}"] if own.after else []),
        f"losses: {own.losses}",
        *_optimisers(arm),
        f"precision of products: {arm.precision}",
    ]
    named = [_stabiliser(name, settings) for name, settings in arm.stabilisers.items()]
    return lines + [f"stabilisers: {', '.join(named)}" for _ in named[:1]]


def _stabiliser(name: str, settings: Mapping[str, Any]) -> str:
    values = ", ".join(f"{setting} {value:g}" for setting, value in settings.items())
    return f"{name} ({values})" if values else name


def _against(arm: Arm) -> str:
    own = arm.model.describe(arm)
    return f" against one D and one {own.old}" if own.old else ""


def _optimisers(arm: Arm) -> list[str]:
    if arm.d_optimiser is None:
        return [f"optimiser of each: {_adam(arm.optimiser)}"]
    return [f"optimiser of D: {_adam(arm.d_optimiser)}", f"optimiser of all else: {_adam(arm.optimiser)}"]


def _adam(o: Optimiser) -> str:
    adam = {"adam_tf1": "Adam of TensorFlow 1 (eps not bias-corrected)", "adam": "Adam of torch (eps bias-corrected)"}
    return f"{adam[o.kind]}, lr {o.lr:g}, beta1 {o.beta1:g}, beta2 {o.beta2:g}, eps {o.eps:g}"


def regulariser(arm: Arm, coordinates: int) -> list[str]:
    """What the regulariser compares, and on which updates it acts."""
    weight, own = arm.lambda_per_mean(coordinates), arm.model.describe(arm)
    if not weight:
        return ["off: lambda is 0 in either reduction"]
    return [
        f"lambda: {weight:.10g} x mean over the {coordinates} coordinates of ({own.compared} - {own.compared_old})^2 "
        f"= {weight / coordinates:.10g} x squared norm; averaged over the batch",
        f"{own.old_meaning}; {_old_fakes(arm)}",
        _where_it_acts(arm),
    ]


def _old_fakes(arm: Arm) -> str:
    own = arm.model.describe(arm)
    if arm.g_batches == 1:
        return f"{own.compared_old} is the phase's own first forward, taken as a constant"
    of_all = f"{own.compared_old} of all {arm.g_batches * arm.batch_size} {own.inputs}"
    return f"{of_all} comes from one forward in training mode"


def _where_it_acts(arm: Arm) -> str:
    at, total = schedule.active_updates(arm), arm.updates
    if not at:
        alone = f"inert: the only update of a phase is made at {at_old(arm)}"
        return f"{alone}, where the term and its gradient are exactly zero"
    span = f"update {at[0]}" if len(at) == 1 else f"updates {at[0]}..{at[-1]}"
    outputs = arm.model.describe(arm).outputs
    if at[0] == 1:
        first = f"already on update 1, because BN saw the old {outputs} in one batch and sees the {outputs} in several"
    else:
        first = (
            f"on update 1 {at_old(arm)} and the term is {'exactly zero' if arm.g_batches == 1 else 'zero to rounding'}"
        )
    return f"acts on {span} of the {total} of each phase; {first}"


def at_old(arm: Arm) -> str:
    """The point at which the regulariser is zero, such as G = G_o."""
    old = arm.model.describe(arm).old
    return f"{old.replace('_o', '')} = {old}"


def moving_averages(arm: Arm) -> list[str]:
    """Updates of BN's moving averages."""
    lines = [
        _averages_of(arm, role, letter) for role, letter in arm.model.sampled.items() if schedule.bn_updates(arm, role)
    ]
    return lines or ["none: no BN"]


def _averages_of(arm: Arm, role: str, letter: str) -> str:
    counts = schedule.bn_updates(arm, role)
    each = " + ".join(f"{count} for {forward}" for forward, count in counts.items())
    old = any("old" in forward for forward in counts)
    counted_twice = " (update 1's own forward, counted again)" if arm.g_batches == 1 and old else ""
    readers = "only sampling reads them" if role == "generator" else "only codes outside of training read them"
    return f"{letter}'s move {sum(counts.values())} times an iteration: {each}{counted_twice}; {readers}"


def ledger(arm: Arm, iterations: int) -> list[str]:
    """The cost of one iteration and of all, as a table."""
    once, whole = (Ledger.of(arm, n).model_dump() for n in (1, iterations))
    rows = [(label, f"{once[key]:,}", f"{whole[key]:,}") for key, label in _counts(arm).items()]
    if arm.model.describe(arm).after:
        rows.insert(2, ("G updates", f"{arm.g_batches:,}", f"{iterations * arm.g_batches:,}"))
    return aligned([("", "each iteration", f"{iterations:,} iterations"), *rows])


def _counts(arm: Arm) -> dict[str, str]:
    others = any(phase.real and phase.kind != "discriminator" for phase in own_batches(arm.model.phases(arm)))
    return {
        "d_updates": "D updates",
        "g_updates": f"{arm.model.describe(arm).trained} updates",
        "real_images": f"real examples shown{'' if others else ' to D'}",
        "latents": "latents drawn",
    }


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
