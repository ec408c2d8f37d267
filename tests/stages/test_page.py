"""The page shows values as values, whatever they contain."""

from __future__ import annotations

from html.parser import HTMLParser

from vigan.report.page import Note, Page, Picture, Section, Table, render

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def _page(word: str) -> Page:
    table = Table(word, [word], [[word]], word)
    picture = Picture(word, word, word, word)
    section = Section(word, word, [(word, word)], [word], [picture], [table])
    pairs = [(word, word)]
    return Page(word, word, pairs, [word], [section], table, table, [Note(word, pairs)], pairs, pairs, pairs)


def test_names_from_files_cannot_add_markup_or_script() -> None:
    harmless, hostile = _Tags(), _Tags()
    harmless.feed(render(_page("word")))
    hostile.feed(render(_page(EVIL)))
    assert hostile.tags == harmless.tags
    assert hostile.attributes == harmless.attributes
    assert "script" not in hostile.tags
    assert "49" not in render(_page("{{ 7*7 }}"))


def test_the_page_forbids_everything_it_does_not_carry() -> None:
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in render(_page("word"))
