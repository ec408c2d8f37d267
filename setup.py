"""Puts what a study's folder needs (Snakefile, workflow, studies, environment) into the wheel, for `vigan init`."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PROJECT = ("Snakefile", "workflow", "config", "environment.yml", "profiles")


class BuildWithProject(build_py):
    """The package's modules, and beside them `vigan/project`."""

    def run(self) -> None:
        """Build; in an editable install the checkout itself is the project."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "vigan" / "project"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name in PROJECT:
            copy = shutil.copytree if Path(name).is_dir() else shutil.copy2
            copy(name, target / name)


setup(cmdclass={"build_py": BuildWithProject})
