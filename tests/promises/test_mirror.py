"""Tests mirror `src`: a module's tests are beside it, or where `ELSEWHERE` says."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE, TESTS = ROOT / "src" / "vigan", ROOT / "tests"
CROSS_CUTTING = ("promises", "workflow", "cluster")
"""Rooms of tests that span modules."""

ELSEWHERE = {
    "analysis/elsewhere": "stages/test_elsewhere.py",
    "analysis/fates": "analysis/test_outcomes.py",
    "bench/baseline": "bench/test_engine.py",
    "bench/bias": "bench/test_tool_tables.py",
    "bench/browser": "report/test_render_in_browser.py",
    "bench/calibration_processes": "bench/test_calibration.py",
    "bench/calibration_rules": "bench/test_calibration.py",
    "bench/calibration_statistics": "bench/test_calibration.py",
    "bench/calibration_verdicts": "bench/test_calibration.py",
    "bench/divergence_runs": "bench/test_divergence.py",
    "bench/doctor_arms": "bench/test_doctor.py",
    "bench/doctor_machine": "bench/test_doctor.py",
    "bench/ensemble": "training/test_engine_of_many_seeds.py",
    "bench/every_arm": "training/test_engine_on_a_gpu.py",
    "bench/extraction": "bench/test_every_benchmark.py",
    "bench/fixtures": "bench/test_engine.py",
    "bench/foreign_runs": "stages/test_elsewhere.py",
    "bench/growth": "bench/test_every_benchmark.py",
    "bench/metrics": "bench/test_every_benchmark.py",
    "bench/plots": "bench/test_documentation.py",
    "bench/prepare": "bench/test_every_benchmark.py",
    "bench/record": "bench/test_timing.py",
    "bench/report": "bench/test_every_benchmark.py",
    "bench/rounded": "bench/test_rounding.py",
    "bench/scaling": "workflow/test_growth.py",
    "bench/simulated": "report/test_render_in_browser.py",
    "bench/stacked": "training/test_engine_of_many_seeds.py",
    "bench/tables": "bench/test_documentation.py",
    "bench/witness": "evaluation/test_witness.py",
    "cli/completion": "cli/test_every_command.py",
    "cli/examples": "cli/test_every_command.py",
    "cli/arguments": "test_errors.py",
    "cli/images": "evaluation/test_anybody.py",
    "cli/inspect": "stages/test_every_stage.py",
    "cli/measuring": "evaluation/test_anybody.py",
    "cli/options": "test_errors.py",
    "cli/parser": "test_errors.py",
    "cli/paths": "stages/test_every_stage.py",
    "cli/pipeline": "stages/test_every_stage.py",
    "cli/plugins": "tools/test_check_plugin.py",
    "cli/present": "stages/test_every_stage.py",
    "config/datasets": "config/test_load.py",
    "config/counts": "config/test_load.py",
    "config/published": "report/test_page_content.py",
    "config/samplers": "stages/test_evaluate_samplers.py",
    "config/schedule": "describe/test_arms.py",
    "config/stabilisers": "objectives/test_every_stabiliser.py",
    "config/study": "config/test_load.py",
    "config/validation": "config/test_load_errors.py",
    "config/arm_rows": "config/test_load.py",
    "data/delivered": "data/test_prepare.py",
    "data/digits": "data/test_prepare.py",
    "data/files": "data/test_identity.py",
    "data/image_folder": "data/test_prepare.py",
    "data/parallel": "data/test_prepare.py",
    "data/source": "data/test_prepare.py",
    "describe/durations": "tools/test_estimate.py",
    "describe/schedule": "describe/test_arms.py",
    "elsewhere/identity": "elsewhere/test_files.py",
    "elsewhere/numbers": "elsewhere/test_table.py",
    "elsewhere/read": "elsewhere/test_table.py",
    "elsewhere/seeds": "elsewhere/test_stylegan.py",
    "evaluation/base": "protocols/test_every_kind.py",
    "evaluation/cache": "evaluation/test_references.py",
    "evaluation/features": "evaluation/test_references.py",
    "evaluation/witness_tools": "bench/test_tool_tables.py",
    "evaluation/opened": "evaluation/test_anybody.py",
    "evaluation/origin": "stages/test_freshness.py",
    "evaluation/reference_file": "evaluation/test_anybody.py",
    "evaluation/request": "evaluation/test_anybody.py",
    "evaluation/statistics": "evaluation/test_witness.py",
    "features/clip": "features/test_transformer.py",
    "features/dinov2": "features/test_transformer.py",
    "features/pillow_float": "features/test_inception.py",
    "features/pillow_uint8": "features/test_transformer.py",
    "features/weights": "features/test_transformer.py",
    "figures/contact": "figures/test_movie.py",
    "figures/layout": "figures/test_style.py",
    "figures/summary_rows": "figures/test_heatmap.py",
    "golden/errors": "golden/test_replay.py",
    "golden/recording": "golden/test_replay.py",
    "golden/tf_variables": "golden/test_replay.py",
    "io/arrays": "evaluation/test_own_features.py",
    "io/durable": "promises/faults/test_power_cut.py",
    "io/elsewhere_record": "stages/test_elsewhere.py",
    "io/run_record": "stages/test_train.py",
    "io/run_tables": "stages/test_every_stage.py",
    "contents": "stages/test_every_stage.py",
    "layout": "stages/test_every_stage.py",
    "metrics/reconstruction": "stages/test_evaluate_reconstruction.py",
    "metrics/two_samples": "cli/test_api.py",
    "models/build": "models/test_dcgan.py",
    "models/mlp": "models/test_three_layers.py",
    "objectives/applied": "objectives/test_every_stabiliser.py",
    "objectives/draws": "training/test_engine_stabilisers.py",
    "objectives/hooks": "training/test_engine_stabilisers.py",
    "report/cells": "report/test_page.py",
    "report/drawn": "report/test_page.py",
    "report/frames": "report/test_page_content.py",
    "report/index_page": "report/test_page.py",
    "report/methods": "report/test_page_content.py",
    "report/slider": "report/test_render_in_browser.py",
    "report/tables": "report/test_page_content.py",
    "runtime/settings": "runtime/test_gpu_slots.py",
    "stages/analyse": "tools/test_audit.py",
    "stages/frames": "report/test_render_in_browser.py",
    "stages/sampler": "stages/test_evaluate_discriminator.py",
    "stages/git_info": "report/test_page_content.py",
    "stages/kept_samples": "stages/test_figures_of_several_models.py",
    "stages/made_from": "stages/test_freshness.py",
    "stages/publish": "promises/faults/test_power_cut.py",
    "stages/reference": "stages/test_every_stage.py",
    "stages/snapshot_samples": "stages/test_elsewhere_samples.py",
    "stages/report": "report/test_page_content.py",
    "stages/report_figures": "stages/test_every_stage.py",
    "stages/report_published": "report/test_page_content.py",
    "stages/report_summary": "report/test_page_content.py",
    "tools/check_stabiliser": "tools/test_check_plugin.py",
    "tools/first_verdicts": "tools/test_join.py",
    "tools/check_training": "tools/test_check_plugin.py",
    "tools/linear_games": "objectives/test_every_stabiliser.py",
    "tools/merge": "workflow/test_merge.py",
    "tools/run_groups": "tools/test_new_study.py",
    "tools/study_text": "tools/test_new_study.py",
    "tools/timings": "tools/test_estimate.py",
    "tools/truths": "tools/test_power_table.py",
    "training/latents": "training/test_batches.py",
    "training/randomness": "training/test_engine_stabilisers.py",
    "training/snapshots": "training/test_run.py",
}
"""Modules without a test module of their own, and where their tests are."""

ROOMS = {
    "config/methods": "training/test_every_model.py",
    "objectives": "training/test_every_model.py",
    "objectives/stabilisers": "objectives/test_every_stabiliser.py",
    "protocols": "protocols/test_every_kind.py",
}
"""Rooms whose modules are found by one test of all of them: a new one needs no entry here."""

MODULES = {
    str(path.relative_to(SOURCE).with_suffix("")) for path in SOURCE.rglob("*.py") if not path.name.startswith("__")
}
FILES = [str(path.relative_to(TESTS)) for path in TESTS.rglob("test_*.py")]


def module_of(file: str) -> str | None:
    """The module that a test file is beside: `room/test_MODULE.py`, or `room/test_MODULE_aspect.py`."""
    words = Path(file).stem.split("_")[1:]
    names = (str(Path(file).parent / "_".join(words[:count])) for count in range(len(words), 0, -1))
    return next((name for name in names if name in MODULES), None)


@pytest.mark.parametrize("file", [file for file in FILES if not file.startswith(CROSS_CUTTING)])
def test_a_test_module_is_named_after_a_module_or_is_about_every_module_of_its_room(file: str) -> None:
    about_all = Path(file).name.startswith("test_every_") and (SOURCE / file).parent.is_dir()
    assert module_of(file) or about_all


def test_a_module_has_its_tests_beside_it_or_it_is_said_where_they_are() -> None:
    beside = {module_of(file) for file in FILES if not file.startswith(CROSS_CUTTING)}
    others = {module for module in MODULES - beside if str(Path(module).parent) not in ROOMS}
    assert {module for module in ELSEWHERE if str(Path(module).parent) not in ROOMS} == others
    assert {*ELSEWHERE.values(), *ROOMS.values()} <= set(FILES)
