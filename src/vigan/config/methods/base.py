"""The declaration of a model: its networks, its phases, what is logged, and how it is described."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from vigan.config.base import Strict


class ArmSettings(Protocol):
    """The settings of an arm that a model may read."""

    @property
    def d_batches(self) -> int: ...  # noqa: D102
    @property
    def g_batches(self) -> int: ...  # noqa: D102
    @property
    def k(self) -> int: ...  # noqa: D102
    @property
    def updates(self) -> int: ...  # noqa: D102
    @property
    def batch_size(self) -> int: ...  # noqa: D102
    @property
    def precision(self) -> str: ...  # noqa: D102
    @property
    def old_forward_updates_bn(self) -> bool: ...  # noqa: D102


class NetworkSpec(NamedTuple):
    """A network of a model: the method of a `NetworkFactory` that builds it, and that method's arguments."""

    builder: Literal["generator", "encoder", "discriminator", "code_discriminator", "joint_discriminator"]
    arguments: tuple[int, ...] = ()


class Phase(NamedTuple):
    """A part of an iteration: updates of one optimizer group by one loss.

    `kind` says what the engine does (there is at most one "discriminator" and one "generator" phase):
      "discriminator": D is trained on the objective's real and fake inputs, with the stabilisers' terms of D.
      "generator": `Objective.loss` against one D and one old state, with the stabilisers' terms of G.
      "plain": one of `Objective.losses` and nothing else.
      "exact": one of `Objective.steps`, in closed form; no role is trained by gradients.
    `trains` names the roles whose parameters are updated. The phase makes `updates` on each of its `batches`; with
    `batches_of`, the batches are those of the phase named there. `real`: whether batches hold real examples, too.
    """

    name: str
    kind: Literal["discriminator", "generator", "plain", "exact"]
    trains: tuple[str, ...]
    batches: int
    updates: int = 1
    real: bool = True
    batches_of: str = ""

    @property
    def steps(self) -> int:
        """Updates per iteration."""
        return self.batches * self.updates


class Panel(NamedTuple):
    """How a column of telemetry is plotted: title, subtitle, whether its axis is logarithmic."""

    title: str
    subtitle: str = ""
    logarithmic: bool = False


class Description(NamedTuple):
    """The text that `vigan explain` and `vigan diff` print about a model.

    `d_inputs` are D's inputs, "" without a D; `trained` are the networks that the phase trains, on batches of `batch`.
    The regulariser compares `compared` with `compared_old`, which the networks `old` make of the same `inputs`;
    `old_meaning` defines `old`, and `outputs` is the short name of what is compared. `after` says what follows the
    phase. A model without gradients gives `steps`, one line each, instead of all that.
    """

    trained: str
    batch: str
    d_inputs: str = ""
    losses: str = ""
    compared: str = ""
    compared_old: str = ""
    old: str = ""
    old_meaning: str = ""
    inputs: str = ""
    outputs: str = ""
    after: str = ""
    steps: tuple[str, ...] = ()


class Method(Strict, ABC):
    """A model: its fields are the options of an arm's `model`, its methods the interface to the rest of the program.

    `networks`: kinds of networks it can be made of. `examples`: settings of it, so many that all that its objective can
    do is done with one of them; each is held to train on every device. `panels`: how columns of telemetry of its own
    are drawn; a figure of this model alone says how far `trained` moves; `own_scale`: columns that share no panel with
    other models', and the panel of each.
    """

    kind: Any
    networks: ClassVar[tuple[str, ...]] = ("mlp", "dcgan")
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = (MappingProxyType({}),)
    trained: ClassVar[str] = "a phase"
    panels: ClassVar[Mapping[str, Panel]] = MappingProxyType({})
    own_scale: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @abstractmethod
    def roles(self, latent: int) -> Mapping[str, NetworkSpec]:
        """Its networks by role: "generator", which is sampled, and "discriminator" and "encoder" if any."""

    @abstractmethod
    def phases(self, arm: ArmSettings) -> tuple[Phase, ...]:
        """The phases of an iteration, in order."""

    @abstractmethod
    def describe(self, arm: ArmSettings) -> Description:
        """Text for `vigan explain`, of an arm with these settings."""

    @property
    def titles(self) -> Mapping[str, Panel]:
        """How columns that other models have too are drawn in a figure of this model alone."""
        return {}

    @property
    def decision_threshold(self) -> float | None:
        """D calls real what it gives a logit above this, which decides `d_accuracy`; None: above the batch's mean."""
        return 0.0

    @property
    def parts(self) -> Mapping[str, str]:
        """Scalars that its losses report (`Loss.parts`), which are columns of telemetry, and what each means."""
        return {}

    @property
    def objective(self) -> str:
        """Its losses, "module:class"; the model of a plug-in says so in a ClassVar of this name."""
        return f"vigan.objectives.{self.kind}:{self.kind.capitalize()}"

    def coordinates(self, example: int, latent: int) -> int:
        """How many numbers the regulariser compares, for examples of `example` numbers and codes of `latent`."""
        return example

    def forwards(self, arm: ArmSettings, role: str) -> Mapping[str, int]:
        """Training-mode forwards per iteration of a network that is sampled, by purpose; each updates BN's averages."""
        return {}

    def check_data(self, arm: ArmSettings, examples: int | None) -> None:
        """Raise ValueError if an arm of this model cannot train on so many examples (None: unknown)."""

    @property
    def sampled(self) -> Mapping[str, str]:
        """Letters of the networks that make samples and codes, by role."""
        return {role: letter for role, letter in {"generator": "G", "encoder": "E"}.items() if role in self.roles(1)}

    @property
    def has_discriminator(self) -> bool:
        """Whether there is a D, without which the regulariser, KL(q || q_o) of D's fake inputs, has no meaning."""
        return "discriminator" in self.roles(1)

    @property
    def judges_examples(self) -> bool:
        """Whether D takes examples, and nothing beside them."""
        return self.roles(1).get("discriminator") == NetworkSpec("discriminator")

    @property
    def has_encoder(self) -> bool:
        """Whether examples have codes."""
        return "encoder" in self.roles(1)


def discriminator_phase(arm: ArmSettings) -> Phase:
    """D's updates, one on each of its own batches."""
    return Phase("d", "discriminator", ("discriminator",), arm.d_batches)


def generator_phase(arm: ArmSettings, trains: tuple[str, ...], *, real: bool = True) -> Phase:
    """The generator phase: K updates on each of its own batches, against one D and one old state."""
    return Phase("g", "generator", trains, arm.g_batches, arm.k, real)


def own_batches(phases: Sequence[Phase]) -> list[Phase]:
    """The phases that have batches of their own, in order."""
    return [phase for phase in phases if not phase.batches_of]


def of_kind(phases: Sequence[Phase], kind: str) -> Phase | None:
    """The first phase of a kind, None if there is none."""
    return next((phase for phase in phases if phase.kind == kind), None)
