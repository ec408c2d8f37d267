# What every rule needs: the study, its paths, and digests that stand for its code.
import sys
from pathlib import Path

import vigan.report
from vigan.config.base import ConfigError
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.layout import Layout
from vigan.provenance import stage_digest

MACHINE_SETTINGS = {"celeba", "download", "cpu", "state"}  # of this machine, not of the study: --config KEY=VALUE


def load():
    """The study: of --configfile, or the paper's."""
    files = workflow.configfiles or [Path(workflow.basedir) / "config" / "paper.yaml"]
    if len(files) > 1:
        raise ConfigError("one study at a time: give a single --configfile")
    unknown = set(config) - MACHINE_SETTINGS - set(Study.model_fields)
    if unknown:
        raise ConfigError(f"--config knows {', '.join(sorted(MACHINE_SETTINGS))}, not {', '.join(sorted(unknown))}")
    return Path(files[0]).resolve(), load_study(Path(files[0]))


def flags(*names):
    """Machine settings that are given, as options of a vigan command."""
    given = {name: config[name] for name in names if config.get(name)}
    return " ".join(f"--{name}" if value is True else f"--{name} '{value}'" for name, value in given.items())


try:
    STUDY_FILE, STUDY = load()
except ConfigError as error:
    sys.exit(f"vigan: {error}")

LAYOUT = Layout(STUDY, Path(config.get("state", "state")))
RUNS = [LAYOUT.run(run) for run in STUDY.runs()]
PREFLIGHT_FLAGS = flags("celeba", "download", "cpu")
PREPARE_FLAGS = flags("celeba", "download")
TRAIN_FLAGS = flags("state")
TEMPLATES = sorted((Path(vigan.report.__file__).parent / "templates").iterdir())
DEVIATIONS = Path(workflow.basedir) / "config" / "deviations.yaml"
LOGS = Path("logs") / STUDY.study
DATASETS = {LAYOUT.data(dataset).name: name for name, dataset in STUDY.datasets.items()}
REFERENCES = {LAYOUT.reference(STUDY.datasets[name], p): (name, p) for name, p in STUDY.measured()}
RUN = LAYOUT.results / "runs" / "{arm}" / "{reading}" / "seed-{seed}"

wildcard_constraints:
    arm="[a-z0-9-]+",
    reading="released|literal|proximal",
    seed="[0-9]+",
    dataset="[a-z]+-[0-9a-f]{10}",
    kind="[a-z]+",
    experiment="[a-z0-9-]+",


# One training job per core, or per GPU where there are GPUs; `--resources gpu=N` overrides.
if "gpu" not in workflow.global_resources:
    workflow.global_resources["gpu"] = len(list(Path("/proc/driver/nvidia/gpus").glob("*"))) or workflow.cores
