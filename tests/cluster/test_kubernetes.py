"""What the Kubernetes plugin makes of the profile: the pod of a training job, without a cluster."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import pytest
from studies import IMAGES
from workflow.conftest import ROOT, Snakemake

from vigan.cli.parser import main

from .needs import skip_without

PLUGINS = ("snakemake_executor_plugin_kubernetes", "snakemake_storage_plugin_fs")

pytestmark = [pytest.mark.slow, skip_without(modules=PLUGINS, programs=("rsync",))]


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """A storage in which the data set lies prepared."""
    place = tmp_path / "bucket"
    place.mkdir()
    (tmp_path / "study.yaml").write_text(IMAGES)
    with contextlib.chdir(place):
        assert main(["prepare", "--config", str(tmp_path / "study.yaml"), "--dataset", "digits"]) == 0
    return place


def test_a_training_job_is_a_pod_with_a_gpu_its_memory_the_image_and_its_state_on_a_volume(
    bucket: Path, tmp_path: Path
) -> None:
    from .kubernetes import Noted

    with Noted(tmp_path) as noted:
        runner = Snakemake(
            tmp_path, KUBECONFIG=str(noted.configuration), VIGAN_STATE="/state", VIGAN_IMAGE="registry/vigan:1",
        )  # fmt: skip
        command = ["snakemake", "all", "--until", "train", "--snakefile", str(ROOT / "Snakefile")]
        profile = [
            "--workflow-profile",
            str(ROOT / "profiles" / "kubernetes"),
            "--retries",
            "0",
            "--seconds-between-status-checks",
            "1",
        ]
        storage = ["--default-storage-provider", "fs", "--default-storage-prefix", str(bucket)]
        place = ["--directory", str(tmp_path), "--configfile", str(tmp_path / "study.yaml")]
        done = subprocess.run(
            [*command, *place, *profile, *storage], cwd=ROOT, env=runner.environment, text=True, timeout=400,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    assert noted.jobs, done.stdout[-3000:]
    (container,) = noted.jobs[0]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry/vigan:1"
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]
    assert {"name": "vigan-state", "mountPath": "/state"} in container["volumeMounts"]
    volumes = noted.jobs[0]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "vigan-state", "persistentVolumeClaim": {"claimName": "vigan-state"}} in volumes
    assert "VIGAN_STATE" in [variable["name"] for variable in container["env"]]
    assert "train:arm=" in container["args"][1].replace("\\", "")
