"""The page shows values as values, whatever they contain, and runs nothing but its own script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from vigan.io.files import RecordError
from vigan.report.cells import Cell, Table
from vigan.report.drawn import (
    Arm,
    Chart,
    ChartFacet,
    Charts,
    DotChart,
    DotFacet,
    DotRow,
    Dots,
    Line,
    Panel,
    Tick,
    Unit,
)
from vigan.report.index_page import ClaimRow, Crossing, Index, StudyRow
from vigan.report.page import (
    Block,
    Count,
    Difference,
    Effect,
    Headline,
    Link,
    Matrix,
    MatrixFacet,
    MatrixRow,
    Note,
    Page,
    Picture,
    SampleRow,
    Samples,
    Section,
    Shot,
    Slider,
    SliderArm,
    SliderExperiment,
    Verdict,
)
from vigan.report.render import joined, link, render, render_index, render_table

EVIL = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}<!-- "


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": []}
        self.metas: dict[str, str] = {}
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        values = dict(attrs)
        if "http-equiv" in values:
            self.metas[str(values["http-equiv"])] = str(values["content"])

        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in self.texts:
            self.texts[self.inside].append(data)


def _shot(word: str) -> Shot:
    return Shot(word, word, word, word, word)


def _samples(word: str) -> Samples:
    row = SampleRow(word, [_shot(word), Shot("", word, word, word)])
    return Samples(word, 1, word, word, [word, word, word], [row], [row], pixelated=True, points=True)


def _matrix(word: str) -> Matrix:
    row = MatrixRow(word, word, [Effect(Cell(word, word), "open", word)], [(Link(word, word), word, word, word)])
    return Matrix(word, [(word, word)], [MatrixFacet(word, [row])], decided=True)


def _charts(word: str) -> Charts:
    arm = Arm(word, word, dashed=True, mark=word)
    panel = Panel(word, 2, 2, [Line(arm, word, word, word, 1.0)], [Tick(word, word)], [Tick(word, word)], word, word)
    table = Table(word, [word], [[Cell(word, word)]], word, folded=True, named=True)
    chart = Chart(word, word, word, False, True, False, [ChartFacet(word, [panel])], table, (0, 1))
    return Charts(word, 1, word, word, [arm], [chart, chart._replace(small=True)], [(word, {word: word})])


def _dots(word: str) -> Dots:
    row = DotRow(Arm(word, word), word, word, word, word, Cell(word, word), word)
    table = Table(word, [word], [[Cell(word, word)]], word, folded=True, named=True)
    return Dots(
        word,
        1,
        word,
        [
            DotChart(
                word, word, word, False, False, word, 2, 2, [DotFacet(word, [row])], [Tick(word, word)], word, table
            )
        ],
    )


def _index(word: str) -> Index:
    count, claim = Count(1, word, word, word), ClaimRow(word, word, word, word, word, word, 1, word)
    study = StudyRow(word, word, [(word, word)], [count], [claim], [Link(word, word)], [word])
    return Index([study], [word], [Crossing(word, word, [([count], word)])])


def _page(word: str, *, claims: bool = True) -> Page:
    table = Table(word, [word], [[Cell(word, word)]], word)
    picture = Picture(1, word, word, word, word, word, "chart")
    facts = [(word, word)]
    verdict = Verdict(
        word,
        word,
        word,
        word,
        word,
        word,
        word,
        word,
        word,
        Cell(word, word),
        facts,
        word,
        word,
        False,
        [word],
        [Link(word, word)],
    )
    still = SliderArm(word, word, word, word)
    return Page(
        study=word,
        title=word,
        lead=word,
        derivation=True,
        headlines=[Headline(word, word, word, [Count(1, word, word, word)])],
        counts=[Count(1, word, word, word)],
        strip=[_shot(word)],
        samples=[_samples(word)],
        sample_pictures=[],
        units=[Unit(word, word, chosen=True)],
        summary=facts,
        warnings=[word],
        claims=[verdict] if claims else [],
        sections=[
            Section(
                word,
                word,
                facts,
                [word],
                _matrix(word),
                _charts(word),
                _dots(word),
                [picture],
                [table, table._replace(folded=True), table._replace(named=True)],
            )
        ],
        slider=Slider(
            1, [word], word, [SliderExperiment(word, word, 2, 2, True, word, [still])], [Block(0, word, {word: [word]})]
        ),
        differing=[(word, facts, table)],
        arms=table,
        differences=[Difference(word, word, word)],
        schedules=[Note(word, facts)],
        deviations=[Note(word, facts)],
        protocols=[Note(word, facts)],
        metrics=table,
        published=table,
        runs=table,
        failures=table,
        no_failure=word,
        provenance=facts,
        tables=facts,
        figures=table,
        commands=facts,
    )


def test_names_from_files_cannot_add_markup_or_script() -> None:
    harmless, hostile = _Tags(render(_page("word"))), _Tags(render(_page(EVIL)))
    assert hostile.tags == harmless.tags
    assert hostile.attributes == harmless.attributes
    assert hostile.tags.count("script") == 2
    assert "<title>{{ 7*7 }} " in render(_page("{{ 7*7 }}"))


def test_names_from_files_cannot_add_markup_to_the_index() -> None:
    harmless, hostile = _Tags(render_index(_index("word"))), _Tags(render_index(_index(EVIL)))
    assert hostile.tags == harmless.tags
    assert hostile.attributes == harmless.attributes
    assert "script" not in hostile.tags


def test_the_own_script_that_answers_a_reader_is_small() -> None:
    assert len(joined(("curves.js", "filter.js", "compare.js")).encode()) < 10_000


def test_a_study_without_the_regulariser_does_not_open_with_its_derivation() -> None:
    assert "lacks a term" in render(_page("word"))
    assert "lacks a term" not in render(_page("word")._replace(derivation=False))


def test_how_to_read_the_page_stands_above_its_evidence() -> None:
    told = render(_page("word"))
    assert told.index("How to read this page") < told.index('id="samples"') < told.index('id="verdicts"')


def test_a_rule_in_an_earlier_form_is_not_called_changed() -> None:
    page = _page("word")
    kept = page._replace(claims=[page.claims[0]._replace(changed="", older_form=True)])
    assert "in the form of an earlier version" in render(kept)
    assert "was changed after the runs" not in render(kept)


def test_what_the_script_reads_is_what_was_put_in() -> None:
    assert json.loads(_Tags(render(_page(EVIL))).texts["script"][0]) == {EVIL: [EVIL]}


@pytest.mark.parametrize("kind", ["script", "style"])
def test_the_policy_names_the_page_s_own_script_and_style_and_no_other(kind: str) -> None:
    found = _Tags(render(_page("word")))
    policy = found.metas["Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(found.texts[kind][-1].encode()).digest()).decode()
    assert re.findall(rf"{kind}-src ([^;]+);", policy) == [f"'sha256-{digest}'"]
    assert "default-src 'none'; img-src data:;" in policy
    assert "unsafe" not in policy


def test_a_small_page_has_no_slider_and_may_load_pictures_that_lie_beside_it() -> None:
    found = _Tags(render(_page("word")._replace(slider=None)))
    assert found.tags.count("script") == 1
    assert 'id="player"' not in render(_page("word")._replace(slider=None))
    assert "#training" not in render(_page("word")._replace(slider=None))
    assert "default-src 'none'; img-src 'self' file:;" in found.metas["Content-Security-Policy"]


def test_a_picture_is_linked_from_where_the_page_lies_if_it_is_there(tmp_path: Path) -> None:
    picture, page = tmp_path / "figures" / "a b" / "map.svg", tmp_path / "results" / "a b" / "report-small.html"
    with pytest.raises(RecordError, match=r"map\.svg: not there yet"):
        link(picture, page)
    picture.parent.mkdir(parents=True)
    picture.touch()
    assert link(picture, page) == "../../figures/a%20b/map.svg"


def test_nothing_needs_what_the_policy_forbids() -> None:
    found = _Tags(render(_page("word")))
    assert not [name for name in found.attributes if name == "style" or name.startswith("on")]
    assert not {"link", "iframe", "object", "base", "form"} & set(found.tags)


def test_a_table_alone_has_no_script_at_all() -> None:
    found = _Tags(render_table(Table(EVIL, [EVIL], [[Cell(EVIL)]], EVIL)))
    assert "script" not in found.tags
    assert "script-src" not in found.metas["Content-Security-Policy"]


def test_a_study_without_claims_says_that_it_gives_no_verdict() -> None:
    assert "This study states no claims" in render(_page("word", claims=False))
    assert "This study states no claims" not in render(_page("word"))


def test_a_verdict_is_a_sign_and_a_word_besides_its_colour() -> None:
    told = render(_page("word"))
    badge = re.search(r'<span class="badge word"><span aria-hidden="true">(\w+)</span> (\w+)</span>', told)
    assert badge is not None
    assert badge.groups() == ("word", "word")


def test_a_rule_that_was_changed_after_the_data_is_marked() -> None:
    page = _page("word")
    kept = page._replace(claims=[page.claims[0]._replace(changed="")])
    assert "was changed after the runs" in render(page)
    assert "was changed after the runs" not in render(kept)


def test_samples_that_are_folded_are_printed() -> None:
    """Paper hides folded tables, and half of the arms' samples went with them."""
    assert ".folded { display: none; }" in render(_page("word"))
    (fold,) = re.findall(r"<details([^>]*)><summary>The other 1 arms", render(_page("word")))
    assert "folded" not in fold


def test_how_failed_runs_count_is_what_the_tables_do() -> None:
    assert "count in every n" not in render(_page("word"))
