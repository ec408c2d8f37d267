"""Arms told in words: how one plays its game, and how two differ. Every sentence says what `Engine` does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from vigan.config import game
from vigan.config.arms import REGULARISER, Arm, Dcgan, Ledger
from vigan.config.study import Study

NOT_GIVEN = "-"
COUNTS = {
    "d_updates": "D updates",
    "g_updates": "G updates",
    "real_images": "real examples shown to D",
    "latents": "latents drawn",
}


class Difference(NamedTuple):
    """One field in which two arms differ: its dotted name, and both values as they stand in the rows."""

    field: str
    first: str
    second: str


def differences(a: Arm, b: Arm) -> list[Difference]:
    """Fields in which two rows differ, as written, in the order of the rows; `NOT_GIVEN` stands for a missing one."""
    first, second = _flat(_row(a)), _flat(_row(b))
    fields = dict.fromkeys([*first, *second])
    pairs = [Difference(field, first.get(field, NOT_GIVEN), second.get(field, NOT_GIVEN)) for field in fields]
    return [pair for pair in pairs if pair.first != pair.second]


def tell_difference(name_a: str, a: Arm, name_b: str, b: Arm, coordinates: int) -> str:
    """Table of `differences`, and whether the arms are one computation all the same on a set of `coordinates`."""
    rows = differences(a, b)
    if not rows:
        return f"{name_a}, {name_b}: no difference"
    return "\n".join([*_aligned([("field", name_a, name_b), *rows]), *_sameness(a, b, coordinates)])


def tell_places(study: Study, first: str, second: str) -> str:
    """Lines that say where two arms stand if they are in different experiments, else nothing."""
    places = [(name, study.experiment_of(name)) for name in (first, second)]
    if places[0][1] == places[1][1]:
        return ""
    return "".join(
        f"{name} is in experiment {home}: data set {study.experiments[home].dataset}, "
        f"{study.experiments[home].iterations:,} iterations\n"
        for name, home in places
    )


def explain(name: str, arm: Arm, coordinates: int, iterations: int) -> str:
    """One arm's game on examples of `coordinates` numbers, told in words, with its ledger after `iterations`."""
    sections = {
        f"{name}: reading '{arm.reading}', {_network(arm)}, batches of {arm.batch_size}": [],
        "An iteration": _iteration(arm),
        "Regulariser": _regulariser(arm, coordinates),
        "Moving averages": [_moving_averages(arm)],
        "Ledger": _ledger(arm, iterations),
    }
    return "\n".join(line for title, lines in sections.items() for line in (title, *(f"  {text}" for text in lines)))


def _row(arm: Arm) -> dict[str, Any]:
    row = arm.model_dump(mode="json")
    return {
        **row,
        "updates_per_batch": row["updates_per_batch"] or f"{arm.k} (by its reading)",
        "precision": arm.precision,
        "model": arm.model.model_dump(),
    }


def _flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        elif value is not None:
            flat[prefix + key] = value if isinstance(value, str) else json.dumps(value)
    return flat


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _sameness(a: Arm, b: Arm, coordinates: int) -> list[str]:
    if game.computation(a, coordinates) != game.computation(b, coordinates):
        return []
    if game.moves(a) != game.moves(b):
        return [
            "The same weights, though the rows differ: only G's moving averages, and so its samples, differ "
            f"({sum(game.moves(a).values())} and {sum(game.moves(b).values())} moves an iteration)."
        ]
    first, second = (game.weights(arm, coordinates)[REGULARISER] for arm in (a, b))
    why = "none of these fields changes what is computed"
    if first != second:
        why = "one G update per phase (K = 1 on one batch) is made at G = G_o, which makes lambda inert"
    return [f"The same computation, though the rows differ: {why}."]


def _network(arm: Arm) -> str:
    network = arm.network
    if isinstance(network, Dcgan):
        return f"DCGAN of dim {network.dim} {'with' if network.batch_norm else 'without'} BN, {network.latent} latents"
    return f"MLPs of width {network.width}, {network.latent} latents"


def _iteration(arm: Arm) -> list[str]:
    o = arm.optimiser
    adam = {"adam_tf1": "Adam of TensorFlow 1 (eps not bias-corrected)", "adam": "Adam of torch (eps bias-corrected)"}
    lines = [
        f"D: {_count(arm.d_batches, 'update')}, each on a real batch and fakes of fresh latents, in separate passes",
        f"G: {_count(arm.g_batches, 'batch', 'batches')} of fresh latents, {_count(arm.k, 'update')} on each: "
        f"{_count(game.updates(arm), 'update')} per phase against one D and one G_o",
        "losses: D (BCE(D(x), 1) + BCE(D(G(z)), 0)) / 2; G -log D(G(z))",
        f"optimiser of each: {adam[o.kind]}, lr {o.lr:g}, beta1 {o.beta1:g}, beta2 {o.beta2:g}, eps {o.eps:g}",
        f"precision of products: {arm.precision}",
    ]
    rivals = [f"{name} {weight:g}" for name, weight in arm.stabilisers.items() if weight]
    return lines + [f"further terms: {', '.join(rivals)}" for _ in rivals[:1]]


def _regulariser(arm: Arm, coordinates: int) -> list[str]:
    weight = game.weights(arm, coordinates)[REGULARISER]
    if not weight:
        return ["off: lambda is 0 in either reduction"]
    return [
        f"lambda: {weight:.10g} x mean over the {coordinates} coordinates of (G(z) - G_o(z))^2 "
        f"= {weight / coordinates:.10g} x squared norm; averaged over the batch",
        f"G_o: G as it is when the phase begins; {_old_fakes(arm)}",
        _where_it_acts(arm, coordinates),
    ]


def _old_fakes(arm: Arm) -> str:
    if arm.g_batches == 1:
        return "G_o(z) is the phase's own first forward, taken as a constant"
    return f"G_o(z) of all {arm.g_batches * arm.batch_size} latents comes from one forward in training mode"


def _where_it_acts(arm: Arm, coordinates: int) -> str:
    at, total = game.acting(arm, coordinates), game.updates(arm)
    if not at:
        return "inert: the only update of a phase is made at G = G_o, where the term and its gradient are exactly zero"
    span = f"update {at[0]}" if len(at) == 1 else f"updates {at[0]}..{at[-1]}"
    if at[0] == 1:
        first = "already on update 1, because BN saw the old fakes in one batch and sees the fakes in several"
    else:
        first = f"on update 1 G is G_o and the term is {'exactly zero' if arm.g_batches == 1 else 'zero to rounding'}"
    return f"acts on {span} of the {total} of each phase; {first}"


def _moving_averages(arm: Arm) -> str:
    counts = game.moves(arm)
    if not counts:
        return "none: no BN"
    each = " + ".join(f"{count} for {forward}" for forward, count in counts.items())
    counted_twice = (
        " (update 1's own forward, counted again)" if arm.g_batches == 1 and game.old_fakes_move(arm) else ""
    )
    return f"G's move {sum(counts.values())} times an iteration: {each}{counted_twice}; only sampling reads them"


def _ledger(arm: Arm, iterations: int) -> list[str]:
    once, whole = (Ledger.of(arm, n).model_dump() for n in (1, iterations))
    rows = [(label, f"{once[key]:,}", f"{whole[key]:,}") for key, label in COUNTS.items()]
    return _aligned([("", "each iteration", f"{iterations:,} iterations"), *rows])


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
