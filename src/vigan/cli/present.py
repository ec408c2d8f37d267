"""Commands of `vigan` that draw and report what was analysed. Imports are deferred for a fast start."""

from __future__ import annotations

import argparse

from vigan.cli import before
from vigan.cli.paths import layout_of
from vigan.cli.process import quick_imports
from vigan.config.load import load_study
from vigan.errors import say
from vigan.io.stamp import write_stamp
from vigan.layout import Layout


def figure(options: argparse.Namespace) -> None:
    """Draw one figure."""
    with quick_imports():
        from vigan.stages.figures import Files, draw
        from vigan.stages.freshness import check_samples, check_stamped_tables
        from vigan.stages.made_from import files_of, of_figure
    study = load_study(options.config)
    layout = layout_of(study)
    study.experiment(options.experiment)
    out = layout.figure(options.kind, options.experiment)
    before.check(options.config, before.tables(layout))
    check_stamped_tables(layout, kept=options.kept)
    if options.kind == "samples":
        check_samples(layout, options.experiment)
    made_from, stamp = {} if options.kept else of_figure(layout), layout.stamp(out.name)
    stamp.unlink(missing_ok=True)  # of the figure that was there
    draw(options.kind, study, options.experiment, Files(layout.tables, files_of(layout, options.experiment)), out)
    if not options.kept:
        write_stamp(stamp, made_from, [out])


def frames(options: argparse.Namespace) -> None:
    """Make the pictures behind the report's slider."""
    with quick_imports():
        from vigan.stages.frames import write_frames
        from vigan.stages.made_from import files_of, of_pictures
    layout = layout_of(load_study(options.config))
    layout.study.experiment(options.experiment)
    out, files = layout.frames(options.experiment), files_of(layout, options.experiment)
    before.check(options.config, before.sampled(files))
    made_from = of_pictures(layout, files)
    write_frames(layout.study, options.experiment, files, out, layout.data)
    write_stamp(layout.stamp(out.name), made_from, [out])


def movie(options: argparse.Namespace) -> None:
    """Show the training of two arms side by side."""
    with quick_imports():
        from vigan.stages.frames import write_movie
        from vigan.stages.made_from import files_of, first_files, of_pictures
    layout = Layout(load_study(options.config))
    out, files = options.out or layout.movie(*options.arms), first_files(layout, options.arms, options.seed)
    if len({one.experiment for one in files}) == 1:  # arms of several, and what has no samples, are refused below
        known = files_of(layout, files[0].experiment)
        before.check(options.config, before.sampled(one for one in files if one in known))
    made_from = of_pictures(layout, files)
    write_movie(layout.study, options.arms, options.seed, files, out)
    if options.out is None:
        write_stamp(layout.stamp(out.name), made_from, [out])
    say(str(out))


def contact(options: argparse.Namespace) -> None:
    """Put every run of an experiment on one sheet."""
    with quick_imports():
        from vigan.stages.frames import write_contact
        from vigan.stages.made_from import files_of, of_pictures
    layout = Layout(load_study(options.config))
    layout.study.experiment(options.experiment)
    out, files = layout.contact(options.experiment), files_of(layout, options.experiment)
    before.check(options.config, before.sampled(files))
    made_from = of_pictures(layout, files)
    write_contact(layout.study, options.experiment, files, out)
    write_stamp(layout.stamp(out.name), made_from, [out])


def report(options: argparse.Namespace) -> None:
    """Write the report."""
    with quick_imports():
        from vigan.report.render import TEMPLATES
        from vigan.stages.freshness import check_figures, check_frames, check_stamped_tables
        from vigan.stages.made_from import of_page
        from vigan.stages.report import Lists, report, small_report
    study = load_study(options.config)
    layout = layout_of(study)
    before.check(options.config, [*before.tables(layout), *([] if options.small else before.pictures(layout))])
    check_stamped_tables(layout, kept=options.small)
    check_figures(layout, kept=options.small)
    lists = Lists(options.deviations, options.published)
    if options.small:
        print(small_report(study, options.config, layout, lists), flush=True)
        return
    check_frames(layout)
    made_from = of_page(layout, lists, sorted(TEMPLATES.iterdir()))
    out = report(study, options.config, layout, lists)
    write_stamp(layout.stamp(out.name), made_from, [out, *layout.all_table_pages().values()])
    print(out, flush=True)


def index(options: argparse.Namespace) -> None:
    """Write the index of all studies."""
    from vigan.tools.index import write_index

    out = options.out or options.results / "index.html"
    write_index(options.results, options.configs, out)
    print(out, flush=True)


def findings(options: argparse.Namespace) -> None:
    """Write findings and evidence, and the README's table of verdicts, from the tables in the repository."""
    from vigan.io.files import write_text
    from vigan.tools.findings import Sources, findings
    from vigan.tools.verdict_table import with_verdicts

    sources = Sources(options.results, options.records, options.paper, options.published)
    pages = {template.with_suffix(""): findings(template, sources) for template in options.templates}
    for page, text in pages.items():
        write_text(page, text)
        say(str(page))
    if options.readme.exists():
        write_text(options.readme, with_verdicts(options.readme.read_text(encoding="utf-8"), options.results))
