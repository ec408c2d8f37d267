"""`vigan check` and `vigan plugins`: a plug-in is held to what our own parts are held to, and told where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vigan.cli.parser import main
from vigan.config.base import ConfigError
from vigan.config.plugins import use_files
from vigan.config.stabilisers import own_stabilisers
from vigan.plugins import PluginError
from vigan.tools.check_plugin import Result, check, parts
from vigan.tools.check_stabiliser import stabiliser_checks

PENALTY = '''
"""A penalty; nobody (2026)."""
import torch
from torch import nn

from vigan.config.base import Positive
from vigan.objectives.hooks import Stabiliser
from vigan.objectives.slopes import slope_norms


class Penalty(Stabiliser):
    weight: Positive = 1.0

    def discriminator_term(self, view):
        return self.weight * slope_norms(view.discriminator, view.real).square().mean()

    def closed_form(self, linear):
        return {"discriminator_term": self.weight * linear.w.square().sum()}
'''


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    use_files([])


def results(folder: Path, text: str, name: str = "penalty.py") -> list[Result]:
    (folder / name).write_text(text, encoding="utf-8")
    ((_, found),) = check(str(folder / name))
    return found


def failures(folder: Path, text: str, name: str = "penalty.py") -> list[str]:
    return [failure for _, failure in results(folder, text, name) if failure]


def test_a_sound_penalty_keeps_every_promise(tmp_path: Path) -> None:
    found = results(tmp_path, PENALTY)
    assert len(found) == 6
    assert {failure for _, failure in found} == {""}


@pytest.mark.parametrize("name", [name for name in own_stabilisers() if name != "proximal"])
def test_our_own_stabilisers_keep_what_is_asked_of_others_before_they_train(name: str) -> None:
    for promise, run in stabiliser_checks(name)[:3]:
        run()
        assert promise


@pytest.mark.parametrize(
    ("old", "new", "failure"),
    [
        ("weight * linear.w", "weight / 2 * linear.w", "gradient of discriminator_term is .*, and closed_form says"),
        ('{"discriminator_term": self.weight * linear.w.square().sum()}', "{}", "closed_form says nothing of discri"),
        (".square().mean()", ".square().sum()", "of it twice; take means, not sums"),
        ("slope_norms(view.discriminator, view.real)", "view.discriminator(*view.real).detach()", "has no gradient"),
        ("view.real).square()", "[torch.rand_like(view.real[0])]).square()", "draws from torch's global generator"),
        ("return self.weight * slope", "torch.manual_seed(0)\n        return self.weight * slope",
         "draws from torch's global generator"),
        ("return self.weight * slope", "__import__('numpy').random.rand()\n        return self.weight * slope",
         "draws from numpy's or Python's global generator"),
        ("return self.weight * slope", "print(undefined)\n        return self.weight * slope",
         r"penalty\.py, line 15: NameError: name 'undefined' is not defined"),
    ],
    ids=["another closed form", "no closed form", "a sum", "no gradient", "a draw", "a seed", "numpy's", "an error"],
)  # fmt: skip
def test_a_broken_promise_is_told_in_a_line(tmp_path: Path, old: str, new: str, failure: str) -> None:
    import re

    assert old in PENALTY
    found = failures(tmp_path, PENALTY.replace(old, new, 1))
    assert any(re.search(failure, line) for line in found), found
    assert all(len(line.splitlines()) == 1 for line in found)


REPLACED = """\
    def prepare(self, networks, seed):
        networks["mean"] = nn.Module()
        networks["mean"].register_buffer("value", torch.zeros(()))

    def discriminator_term(self, view):
        own, now = view.networks["mean"], view.logits[0].detach().mean()
        own.value = own.value + 0.1 * (now - own.value)
"""


def test_a_tensor_that_is_replaced_is_found_for_a_graph_would_go_on_with_the_first(tmp_path: Path) -> None:
    """On a GPU every replay read the first one: a mean that never moved, and no word."""
    text = PENALTY.replace("    def discriminator_term(self, view):\n", REPLACED)
    found = failures(tmp_path, text)
    assert any("'mean.value' is another tensor after an iteration" in line for line in found), found
    in_place = text.replace(
        "own.value = own.value + 0.1 * (now - own.value)", "own.value.lerp_(now.to(own.value), 0.1)"
    )
    assert failures(tmp_path, in_place, "other.py") == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("return self.weight", "self.weight", "`discriminator_term` returns NoneType; return a tensor with one number"),
        (".square().mean()", ".square()", "`discriminator_term` returns a tensor of shape"),
    ],
)
def test_a_term_that_is_none_ends_a_training_in_a_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    """The error arose in our own frame, and was a traceback."""
    assert old in PENALTY
    assert any(told in line for line in failures(tmp_path, PENALTY.replace(old, new, 1)))


def test_a_perturbation_of_another_shape_ends_a_training_in_a_line(tmp_path: Path) -> None:
    """D took the batch apart, and said that it was given five arguments."""
    text = PENALTY.replace(
        "    def closed", "    def perturb(self, inputs, draws):\n        return RETURNED\n\n    def closed"
    )
    wrong = failures(tmp_path, text.replace("RETURNED", "inputs[0] + draws.randn(*inputs[0].shape)"))
    assert any("`perturb` must return a tuple of tensors" in line for line in wrong), wrong
    assert failures(tmp_path, text.replace("RETURNED", "[x + draws.randn(*x.shape) for x in inputs]")) == []


@pytest.mark.parametrize("drawn", ["random.random()", "np.random.default_rng().random()"])
def test_other_numbers_at_the_next_import_are_found(tmp_path: Path, drawn: str) -> None:
    """Both halves of the run that is killed shared one import, and a resumed run went on with another constant."""
    text = PENALTY.replace("import torch\n", f"import random, numpy as np, torch\nSHARE = {drawn}\n")
    found = failures(tmp_path, text.replace("return self.weight *", "return SHARE * self.weight *"))
    assert any("ends otherwise" in line for line in found), found


def test_a_draw_of_numpy_s_before_training_is_refused(tmp_path: Path) -> None:
    prepare = "    def prepare(self, networks, seed):\n        __import__('numpy').random.rand()\n\n    def closed"
    found = failures(tmp_path, PENALTY.replace("    def closed", prepare))
    assert sum("draws from numpy's or Python's global generator" in line for line in found) == 2, found


WRAPPED = PENALTY.replace(
    "from torch import nn\n", "from torch import nn\nfrom torch.nn.utils import parametrize\n"
).replace(
    "    def discriminator_term",
    """\
    def prepare(self, networks, seed):
        for layer in networks["generator"].modules():
            if isinstance(getattr(layer, "weight", None), nn.Parameter):
                parametrize.register_parametrization(layer, "weight", nn.Tanh())

    def discriminator_term""",
)
DECAY = """\
from vigan.config.base import Positive
from vigan.objectives.hooks import Stabiliser


class Decay(Stabiliser):
    weight: Positive = 10

    def generator_term(self, view):
        return self.weight * sum(each.square().sum() for each in view.parameters["g"] if each.ndim > 1)

    def discriminator_term(self, view):
        return self.weight * sum(each.square().sum() for each in view.parameters["d"])

    def closed_form(self, linear):
        return {"discriminator_term": self.weight * linear.w.square().sum(),
                "generator_term": self.weight * linear.new.square().sum()}
"""
LASTING = """\
import torch
from torch import nn

from vigan.objectives.hooks import Stabiliser


class Mean(nn.Module):
    def __init__(self, like):
        super().__init__()
        self.register_buffer("value", like.new_zeros(()))


class Lasting(Stabiliser):
    def prepare(self, networks, seed):
        networks["gmean"] = Mean(next(networks["generator"].parameters()))

    def generator_term(self, view):
        own = view.networks["gmean"].value
        own.lerp_(view.fake.detach().mean(), 0.5)
        return (view.fake.mean() - own).square()

    def closed_form(self, linear):
        fake = (linear.z @ linear.new.T).mean()
        return {"generator_term": (fake - fake.detach() / 2).square()}
"""


@pytest.mark.parametrize("text", [WRAPPED, DECAY, LASTING], ids=["a wrapped G", "a term of weights", "a state of G's"])
def test_what_a_sound_plug_in_may_do_keeps_every_promise(tmp_path: Path, text: str) -> None:
    assert failures(tmp_path, text) == []


def test_a_plug_in_in_two_files_is_checked_with_the_one_beside_it(tmp_path: Path) -> None:
    text = PENALTY.replace("from vigan.config", "from vigan_plugins.helper import twice\nfrom vigan.config")
    with pytest.raises((PluginError, ConfigError), match=r"add it to `plugins` and import vigan_plugins\.helper$"):
        results(tmp_path, text)
    (tmp_path / "helper.py").write_text("from .further import twice\n")
    (tmp_path / "further.py").write_text("def twice(x):\n    return 2 * x\n")
    assert failures(tmp_path, text) == []


def test_a_state_that_is_not_in_checkpoints_is_found(tmp_path: Path) -> None:
    text = PENALTY.replace("class Penalty", "CALLS = []\n\n\nclass Penalty").replace(
        "        return self.weight * slope", "        CALLS.append(1)\n        return len(CALLS) * self.weight * slope"
    )
    assert any("ends otherwise" in failure for failure in failures(tmp_path, text))


def test_a_record_that_can_be_changed_is_refused(tmp_path: Path) -> None:
    text = PENALTY.replace("    weight: Positive", "    model_config = {'frozen': False}\n    weight: Positive")
    with pytest.raises(PluginError, match="Penalty can be changed while it trains; leave out its model_config"):
        results(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "def discriminator_term",
            "def discriminator_terms",
            "'discriminator_terms' is no hook; did you mean 'discr",
        ),
        ("import torch\n", "import torch\nimport nowhere\n", "line 4: ModuleNotFoundError: No module named 'nowhere'"),
        ("(self, view)", "(self, discriminator, real, fake)", r"write `def discriminator_term\(self, view\)`"),
        (
            "    def closed",
            "    def perturb(self, inputs):\n        pass\n\n    def closed",
            r"write `def perturb\(self, inputs, draws\)`",
        ),
        (
            "    def closed",
            "    def after_iteration(self):\n        pass\n\n    def closed",
            r"line \d+: stabiliser Penalty: 'after_iteration' cannot be called as it is .*`def after_it",
        ),
        ("import torch\n", "import torch\nSHIFT = torch.randn(2)\n", "its import draws from torch's global generator"),
        ("import torch\n", "import numpy\nSHIFT = numpy.random.rand(2)\n", "its import draws from numpy's global"),
    ],
    ids=["a hook's name", "an import", "a term's arguments", "a hook's arguments", "no argument", "a draw", "numpy's"],
)
def test_what_cannot_be_defined_is_named_in_one_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    assert old in PENALTY
    with pytest.raises((PluginError, ConfigError), match=line) as refused:
        assert failures(tmp_path, PENALTY.replace(old, new, 1)) == []
    assert len(str(refused.value).splitlines()) == 1


KIND = '''
"""A metric."""
from vigan.protocols.base import POINTS, Metric, ProtocolKind

SPREAD = ProtocolKind(
    name="spread",
    metrics={"spread": Metric(title="Spread", definition="over that of reals", source="here", better="none", high=2.0)},
    sources=frozenset({POINTS}),
    notes=(("Samples", "{n}"),),
    estimator=f"{__name__}:spread",
)
DRAWS = []


def spread(reals, samples):
    return samples.std() / reals.std()
'''


def test_a_metric_is_held_to_what_it_declares(tmp_path: Path) -> None:
    assert failures(tmp_path, KIND, "kind.py") == []
    (line,) = failures(tmp_path, f"import numpy, yaml\n{KIND}", "kind.py")
    assert "it imports yaml, whose next version may give other numbers: libraries=('pyyaml',) in its" in line
    for name in ("pyyaml", "PyYAML"):
        named = KIND.replace("sources=", f"libraries=('{name}',), sources=")
        assert failures(tmp_path, f"import numpy, yaml\n{named}", "kind.py") == []
    (tmp_path / "helper.py").write_text("import yaml\n")
    (line,) = failures(tmp_path, f"from vigan_plugins import helper\n{KIND}", "kind.py")
    assert "it imports yaml, whose next version" in line
    (line,) = failures(tmp_path, KIND.replace("/ reals.std()", "+ 3"), "kind.py")
    assert "outside the range 0 to 2" in line
    other = KIND.replace("return samples.std() / reals.std()", "return {'other': 1.0}")
    assert failures(tmp_path, other, "kind.py") == ["it gives other, and declares spread"]
    changing = KIND.replace("    return samples", "    DRAWS.append(0.0)\n    return len(DRAWS) * 1e-3 + samples")
    (line,) = failures(tmp_path, changing, "kind.py")
    assert "others the second time" in line


SOURCE = '''
"""Points on a line."""
from typing import Literal

import numpy as np

from vigan.config.base import Count
from vigan.config.datasets import DataSource
from vigan.data.source import SourceData


class Line(DataSource):
    source: Literal["line"]
    count: Count = 50

    @property
    def shape(self):
        return (2,)

    def most(self):
        return self.count

    def source_data(self):
        points = np.random.default_rng(0).standard_normal((self.count, 2)).astype(np.float32)
        return SourceData(self.count, (2,), points.dtype, (block for block in [points]), "points on a line")
'''


def test_a_source_delivers_what_it_declares_the_same_each_time(tmp_path: Path) -> None:
    assert failures(tmp_path, SOURCE, "line.py") == []
    (line,) = failures(tmp_path, SOURCE.replace("default_rng(0)", "default_rng()"), "line.py")
    assert "others the second time" in line
    (line,) = failures(tmp_path, SOURCE.replace("return self.count", "return 7"), "line.py")
    assert "most() says 7 examples, and there are 50" in line
    (line,) = failures(tmp_path, SOURCE.replace(".astype(np.float32)", ""), "line.py")
    assert "delivers float64 of shape (2,), and declares float32" in line


MODEL = '''
"""A GAN of a plug-in."""
from typing import ClassVar, Literal

from vigan.config.methods.gan import Gan
from vigan.objectives.gan import Gan as Losses


class Doubled(Gan):
    kind: Literal["doubled"]
    examples: ClassVar = ({},)
    objective: ClassVar[str] = f"{__name__}:DoubledLosses"


class DoubledLosses(Losses):
    def discriminator_loss(self, real_logits, fake_logits):
        return 2 * super().discriminator_loss(real_logits, fake_logits)
'''


def test_a_model_trains_resumes_and_is_replayed(tmp_path: Path) -> None:
    found = results(tmp_path, MODEL, "doubled.py")
    assert [failure for _, failure in found] == ["", "", ""]


def test_the_commands_say_it_and_their_exit_code_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (file := tmp_path / "kind.py").write_text(KIND)
    assert main(["check", str(file)]) == 0
    assert "  ok      it gives the numbers that it declares" in capsys.readouterr().out
    file.write_text(KIND.replace("/ reals.std()", "+ 3"))
    assert main(["check", str(file)]) == 1
    assert "  failed  it gives the numbers that it declares, the same each time: 'spread' is" in capsys.readouterr().out
    assert main(["check", "nobody-s"]) == 1
    assert "no plug-in 'nobody-s' is installed" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "gone.py")]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_what_is_in_use_is_listed_with_the_digest_of_its_code(tmp_path: Path) -> None:
    (tmp_path / "penalty.py").write_text(PENALTY)
    (tmp_path / "kind.py").write_text(KIND)
    use_files([tmp_path / "penalty.py", tmp_path / "kind.py"])
    found = {(part.sort, part.name): part for part in parts()}
    assert set(found) == {("stabiliser", "penalty"), ("protocol", "spread")}
    assert all(len(part.digest) == 64 for part in found.values())
