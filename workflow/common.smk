# What all rules share - the study, its paths, digests that stand for code.
import os
import sys
from pathlib import Path

import vigan.report
from vigan import machine
from vigan.config.base import ConfigError, read_yaml
from vigan.config.load import load_study
from vigan.config.study import Study
from vigan.layout import Layout
from vigan.provenance import stage_digest


def load():
    """The study: of --configfile, or the paper's."""
    files = workflow.configfiles or [Path(workflow.basedir) / "config" / "paper.yaml"]
    if len(files) > 1:
        raise ConfigError("one study at a time: give a single --configfile")
    study = load_study(Path(files[0]))
    unknown = set(config) - set(machine.SETTINGS) - set(Study.model_fields)
    if unknown:
        raise ConfigError(
            f"--config knows {', '.join(machine.SETTINGS)}, not {', '.join(sorted(unknown))}"
        )
    written = read_yaml(Path(files[0]))[0]
    if any(config[key] != written[key] for key in set(config) & set(written)):
        raise ConfigError("--config cannot change a study; write another study file")
    return os.path.relpath(files[0]), study


try:
    STUDY_FILE, STUDY = load()
except ConfigError as error:
    sys.exit(f"vigan: {error}")

LAYOUT = Layout(STUDY, Path(config.get("state", "state")))
RUNS = [LAYOUT.run(run) for run in STUDY.runs()]
machine.pass_on(STUDY_FILE, config)
LAYOUT.write_specs()
TEMPLATES = sorted((Path(vigan.report.__file__).parent / "templates").iterdir())
DEVIATIONS = Path(workflow.basedir) / "config" / "deviations.yaml"
LOGS = Path("logs") / STUDY.study
REFERENCES = {
    LAYOUT.reference(STUDY.datasets[name], p): (name, p) for name, p in STUDY.measured()
}
RUN = LAYOUT.results / "runs" / "{arm}" / "{reading}" / "seed-{seed}"


wildcard_constraints:
    arm="[a-z0-9-]+",
    reading="released|literal|proximal",
    seed="[0-9]+",
    dataset="[a-z]+-[0-9a-f]{10}",
    kind="[a-z]+",
    experiment="[a-z0-9-]+",


# One training job per core; one at a time where there is a GPU, which all would share. `--resources gpu=N` overrides.
if "gpu" not in workflow.global_resources:
    workflow.global_resources["gpu"] = 1 if machine.has_gpu() else workflow.cores
