"""The settings of an arm: networks, reading, update counts, regulariser, optimiser."""

from __future__ import annotations

import struct
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from vigan.config.base import Count, NonNegative, Strict
from vigan.config.datasets import Dataset, without_place
from vigan.config.methods import DEFAULT, Model
from vigan.config.methods.base import Phase, own_batches
from vigan.config.stabilisers import checked
from vigan.config.stabilisers import module_of as stabiliser_module

REGULARISER = "proximal"
Reading = Literal["released", "literal", "proximal"]
Precision = Literal["float32", "tf32", "bf16"]
UPDATES_PER_BATCH = {"released": 2, "literal": 1}


class Dcgan(Strict):
    """The released DCGAN (5x5 stride-2 kernels, TF SAME padding).

    `dim` channels at the largest map, doubled at each halving of the side.
    """

    kind: Literal["dcgan"]
    dim: Count = 64
    latent: Count = 100
    batch_norm: bool


class Mlp(Strict):
    """Two hidden layers of `width` ReLU units for two-dimensional data."""

    kind: Literal["mlp"]
    width: Count = 128
    latent: Count = 2


class Mixture(Strict):
    """A mixture of `components` Gaussians in the plane; of three latents, one selects the component, two are noise."""

    kind: Literal["mixture"]
    components: Count
    latent: Literal[3] = 3


Network = Annotated[Dcgan | Mlp | Mixture, Field(discriminator="kind")]


def _kept_from(*special: float) -> AfterValidator:
    """Leaves a value as it is. Raises ValueError where it becomes infinite, or one of `special`, in float32."""

    def check(value: float) -> float:
        try:
            (rounded,) = struct.unpack("<f", struct.pack("<f", value))
        except OverflowError:
            raise ValueError(f"{value:g} is larger than float32 can hold") from None
        if rounded in special and value not in special:
            raise ValueError(f"{value!r} is {rounded:g} in float32, in which weights are updated")
        return value

    return AfterValidator(check)


Lambda = Annotated[NonNegative, _kept_from(0)]
Scale = Annotated[float, Field(gt=0), _kept_from(0, 1)]
Decay = Annotated[float, Field(ge=0, lt=1), _kept_from(0, 1)]


class Optimiser(Strict):
    """Adam as TensorFlow 1 computes it ("adam_tf1": eps is not bias-corrected) or as torch does ("adam")."""

    kind: Literal["adam_tf1", "adam"] = "adam_tf1"
    lr: Scale = 2.0e-4
    beta1: Decay = 0.5
    beta2: Decay = 0.999
    eps: Scale = 1.0e-8


class Arm(Strict):
    """One arm of an experiment.

    `model` defaults to the GAN; records omit it then, as they omit the default precision.
    An iteration is `d_batches` D updates (one batch each), then a G phase of `g_batches` batches of z with
    `updates_per_batch` G updates on each, all against one D and one G_o. The reading fixes `updates_per_batch`:
    "released" 2 (the released code runs the G step twice), "literal" 1 (the article's text), "proximal" any K,
    which must then be written. Exactly one lambda is given, its reduction in its name: `lambda_mean` multiplies
    the mean over coordinates of (G(z) - G_o(z))^2 (as the released code), `lambda_sum` the squared norm (as the
    article); both are averaged over the batch.
    `stabilisers` are the settings of each, by its name: see `vigan.config.stabilisers`.
    `d_optimiser` is D's, where it differs from the others' (two time scales): what it does not say is as in
    `optimiser`. Records omit it where it is the same, so existing digests stay valid.
    `precision` is that of convolutions and matrix products: "tf32" needs a CUDA device; "bf16" is autocast. Records
    of a float32 arm omit it, so existing digests stay valid.
    """

    model: Model = DEFAULT
    network: Network
    reading: Reading
    d_batches: Annotated[int, Field(ge=0, le=10**9)]
    g_batches: Count
    updates_per_batch: Count | None = None
    batch_size: Annotated[int, Field(ge=2, le=10**9)] = 64
    lambda_mean: Lambda | None = None
    lambda_sum: Lambda | None = None
    stabilisers: dict[str, dict[str, Any]] = Field(default_factory=dict)
    optimiser: Optimiser = Optimiser()
    d_optimiser: Optimiser | None = None
    precision: Precision = "float32"

    @model_serializer(mode="wrap")
    def _omit_defaults(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        record = serialize(self)
        omitted = {"precision": "float32", "model": DEFAULT.model_dump(), "d_optimiser": None}
        return {key: value for key, value in record.items() if key not in omitted or value != omitted[key]}

    @model_validator(mode="after")
    def _one_lambda(self) -> Arm:
        if (self.lambda_mean is None) == (self.lambda_sum is None):
            raise ValueError("give exactly one of 'lambda_mean' and 'lambda_sum' (0.0 for the plain arm)")
        return self

    @model_validator(mode="after")
    def _reading_fixes_updates(self) -> Arm:
        fixed = UPDATES_PER_BATCH.get(self.reading)
        if fixed is None and self.updates_per_batch is None:
            raise ValueError("reading 'proximal' needs 'updates_per_batch' (K)")
        if fixed is not None and self.updates_per_batch not in (None, fixed):
            raise ValueError(
                f"reading '{self.reading}' makes {fixed} G updates per batch, not {self.updates_per_batch}; "
                "write reading 'proximal' for another K"
            )
        return self

    @model_validator(mode="after")
    def _fits_model(self) -> Arm:
        kind, known = self.model.kind, self.model.networks
        if self.network.kind not in known:
            raise ValueError(f"model '{kind}' is made of network {' or '.join(known)}, not '{self.network.kind}'")
        if self.model.has_discriminator:
            if not self.d_batches:
                raise ValueError(f"'d_batches' is 0: the D of '{kind}' needs at least 1")
        elif self.d_batches or self.k > 1 or self.regularised or self.stabilisers:
            raise ValueError(f"'{kind}' has no D: write d_batches 0, reading 'literal', lambda 0.0 and no stabilisers")
        elif self.d_optimiser:
            raise ValueError(f"'{kind}' has no D: leave out 'd_optimiser'")
        return self

    @field_validator("d_optimiser", mode="before")
    @classmethod
    def _completed(cls, raw: Any, info: ValidationInfo) -> Any:
        both = info.data.get("optimiser")
        return {**both.model_dump(), **raw} if isinstance(raw, dict) and isinstance(both, Optimiser) else raw

    @field_validator("d_optimiser")
    @classmethod
    def _where_it_differs(cls, own: Optimiser | None, info: ValidationInfo) -> Optimiser | None:
        return None if own == info.data.get("optimiser") else own

    @field_validator("stabilisers", mode="before")
    @classmethod
    def _known_stabilisers(cls, raw: Any) -> Any:
        if not isinstance(raw, dict):
            return raw
        if REGULARISER in raw:
            raise ValueError(f"the weight of '{REGULARISER}' is 'lambda_mean' or 'lambda_sum', not a stabiliser's")
        return {name: checked(name, settings) for name, settings in raw.items()}

    @property
    def k(self) -> int:
        """G updates on each batch of z: 2, 1, or the K of the row."""
        return self.updates_per_batch or UPDATES_PER_BATCH[self.reading]

    def optimiser_of(self, phase: Phase) -> Optimiser:
        """The optimiser's settings in a phase."""
        return self.d_optimiser if self.d_optimiser and phase.kind == "discriminator" else self.optimiser

    def lambda_per_mean(self, coordinates: int) -> float:
        """Weight of the *mean* squared difference for examples of `coordinates` numbers."""
        return self.lambda_mean if self.lambda_mean is not None else (self.lambda_sum or 0.0) * coordinates

    @property
    def updates(self) -> int:
        """Updates of the generator phase, all against one D and one old state."""
        return self.g_batches * self.k

    @property
    def old_forward_updates_bn(self) -> bool:
        """Whether the forward that makes the old fakes updates BN's moving averages, as in the released graph."""
        return self.reading == "released" and self.regularised

    @property
    def real_batches(self) -> int:
        """Batches of real examples in an iteration, over all of its phases."""
        return sum(phase.batches for phase in own_batches(self.model.phases(self)) if phase.real)

    @property
    def latent_batches(self) -> int:
        """Batches of latents in an iteration, over all of its phases."""
        return sum(phase.batches for phase in own_batches(self.model.phases(self)))

    @property
    def modules(self) -> tuple[str, ...]:
        """Modules that training imports by name: the model's two, the regulariser's, the stabilisers'."""
        stabilisers = (stabiliser_module(name) for name in (REGULARISER, *self.stabilisers))
        return (type(self.model).__module__, self.model.objective.partition(":")[0], *stabilisers)

    @property
    def regularised(self) -> bool:
        """Whether lambda is positive."""
        return self.lambda_ > 0

    @property
    def lambda_(self) -> float:
        """Lambda as written, under either reduction."""
        return self.lambda_mean or self.lambda_sum or 0.0


class Ledger(Strict):
    """The cost of `iterations` of an arm: updates made and examples used."""

    d_updates: int
    g_updates: int
    real_images: int
    latents: int

    @classmethod
    def of(cls, arm: Arm, iterations: int) -> Ledger:
        """Ledger of an arm after `iterations`: each D update takes one batch, each G batch is used K times."""
        return cls(
            d_updates=iterations * arm.d_batches,
            g_updates=iterations * arm.g_batches * arm.k,
            real_images=iterations * arm.real_batches * arm.batch_size,
            latents=iterations * arm.latent_batches * arm.batch_size,
        )


class RunSpec(Strict):
    """One run: everything that determines its weights, bit for bit, on one machine.

    `snapshots` are the iterations after which the generator is saved, with `keep_discriminator` D, too; `log_every` is
    the spacing of telemetry rows.
    """

    name: str
    arm: Arm
    dataset: Dataset
    seed: int
    iterations: Count
    snapshots: Annotated[tuple[int, ...], Field(strict=False)]
    log_every: Count
    keep_discriminator: bool = False

    @field_validator("dataset")
    @classmethod
    def _wherever(cls, dataset: Dataset) -> Dataset:
        return without_place(dataset)

    @model_serializer(mode="wrap")
    def _omit_default(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The record without `keep_discriminator` where it is false, so existing digests stay valid."""
        record = serialize(self)
        return record if self.keep_discriminator else {k: v for k, v in record.items() if k != "keep_discriminator"}
