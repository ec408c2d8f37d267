"""Captures an iteration as a CUDA graph and replays it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from vigan.runtime.settings import switched_off
from vigan.training.batches import Batch, Batches
from vigan.training.engine import Callback, Engine
from vigan.training.optimisers import AdamTF1

WARM_UP = 3
"""Eager iterations before the capture, in which libraries choose and initialise their kernels."""

NOT_CAPTURED = (
    "an iteration cannot be captured as a CUDA graph ({reason}); the run goes on without, slower where networks are "
    "small and otherwise the same"
)

Call = Callable[[], None]


def trainer(engine: Engine, device: torch.device) -> Engine | CapturedEngine:
    """What plays a run's iterations: captured on a CUDA device, unless the arm cannot be or VIGAN_GRAPHS=0 says not."""
    return (
        CapturedEngine(engine) if device.type == "cuda" and engine.capturable and not switched_off("graphs") else engine
    )


def cuda_graph(call: Call) -> Call:
    """A function that replays the kernels which `call` launches; capturing does not run them."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph.replay


class CapturedEngine:
    """An engine whose iteration is captured once and replayed on inputs copied into static buffers.

    Results are those of the engine. Iterations with a callback, and the first `WARM_UP`, run eagerly; so do all if an
    iteration cannot be captured, and a line says why.
    """

    def __init__(self, engine: Engine, capture: Callable[[Call], Call] = cuda_graph) -> None:
        self.engine, self.capture, self.warm_up_left = engine, capture, WARM_UP
        self.replay: Call | None = None
        self.refused = ""

    def iterate(self, batches: Batches, callback: Callback | None = None) -> None:
        """One iteration, as `Engine.iterate`."""
        # Run eagerly while warming up, where each update is to be reported, and where capturing failed.
        if callback is not None or self.warm_up_left or self.refused:
            self.warm_up_left -= bool(self.warm_up_left)
            return self.engine.iterate(batches, callback)
        # Write this iteration's random numbers into the buffers that the graph reads.
        self.engine.draws.begin(batches.iteration)
        self.engine.draws.fill_buffers()
        # Capture once.
        if self.replay is None and not self._captured(batches):
            return self.engine.iterate(batches)
        # Copy batches and learning rates into the graph's static inputs, then replay.
        for place, value in zip(_flat(self.inputs), _flat(batches), strict=True):
            place.copy_(value, non_blocking=True)
        for optimiser, rates in self.rates:
            rates.copy_(torch.tensor([optimiser.next_rate() for _ in rates], dtype=rates.dtype), non_blocking=True)
        assert self.replay is not None
        return self.replay()

    def _captured(self, batches: Batches) -> bool:
        """Whether an iteration could be recorded; recording has trained nothing, whether it could or not."""
        try:
            self._capture(batches)
        except (RuntimeError, KeyError) as error:  # also what CUDA raises, want of memory, and a draw that is new
            first = _first_of(error)
            self.refused = str(first).strip().partition("\n")[0] or type(first).__name__
            print(f"warning: {NOT_CAPTURED.format(reason=self.refused)}", flush=True)
        return not self.refused

    def _capture(self, batches: Batches) -> None:
        self.inputs = Batches({name: [_copied(batch) for batch in own] for name, own in batches.phases.items()})
        self.rates = list(self._rates())
        # A term that reaches both networks would add to gradients that lie outside the graph, and are freed within it.
        for parameter in self.engine.networks.parameters():
            parameter.grad = None
        before = Places(self.engine.networks)
        try:
            replay = self.capture(self._iterate_captured)
        finally:
            if moved := before.moved():
                before.restore()
        if moved:
            raise RuntimeError(f"'{moved}' is put in the place of another tensor, and not changed in place")
        self.replay = replay

    def _rates(self) -> Iterator[tuple[AdamTF1, Tensor]]:
        for name, (parameters, optimiser) in self.engine.groups.items():
            device = parameters[0].device
            dtype = torch.float32 if device.type == "cuda" else torch.float64  # what the fused kernels read
            if isinstance(optimiser, AdamTF1):
                yield optimiser, torch.zeros(self.engine.steps[name], dtype=dtype, device=device)

    def _iterate_captured(self) -> None:
        with ExitStack() as stack:
            stack.enter_context(self.engine.draws.from_buffers())
            for optimiser, rates in self.rates:
                stack.enter_context(_planned(optimiser, rates))
            self.engine.iterate(self.inputs)


@contextmanager
def _planned(optimiser: AdamTF1, rates: Tensor) -> Iterator[None]:
    """Within, an optimiser takes its rates from a tensor, one after the other."""
    optimiser.planned = iter(rates.unbind())
    try:
        yield
    finally:
        optimiser.planned = None


def _copied(batch: Batch) -> Batch:
    return Batch(None if batch.x is None else batch.x.clone(), batch.z.clone())


def _flat(batches: Batches) -> list[Tensor]:
    own = (tensor for phase in batches.phases.values() for batch in phase for tensor in batch)
    return [tensor for tensor in own if tensor is not None]


CONTENTS = ("_parameters", "_buffers", "_modules")
"""Where a module keeps what it holds, by name."""


class Places:
    """Where the tensors of networks lie. A graph reads and writes there, whatever Python calls by their names later."""

    def __init__(self, networks: nn.Module) -> None:
        self.networks = networks
        self.held = [(module, *(dict(getattr(module, name)) for name in CONTENTS)) for module in networks.modules()]
        self.data = {name: tensor.data for name, tensor in self._tensors().items()}

    def _tensors(self) -> dict[str, Tensor]:
        return {**dict(self.networks.named_parameters()), **dict(self.networks.named_buffers())}

    def moved(self) -> str:
        """The first tensor by its name that lies elsewhere now, or is gone; "" if none does."""
        now = {name: tensor.data_ptr() for name, tensor in self._tensors().items()}
        return next((name for name, data in self.data.items() if now.get(name) != data.data_ptr()), "")

    def restore(self) -> None:
        """Put every tensor back, and every module that held one."""
        for module, *contents in self.held:
            for name, content in zip(CONTENTS, contents, strict=True):
                place: dict[str, object] = getattr(module, name)
                place.clear()
                place.update(content)
        for name, tensor in self._tensors().items():
            tensor.data = self.data[name]


def _first_of(error: BaseException) -> BaseException:
    """What went wrong first: whatever ends a capture, CUDA then says only that it ended."""
    while isinstance(error.__context__, RuntimeError):
        error = error.__context__
    return error
