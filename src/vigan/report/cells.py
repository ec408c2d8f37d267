"""Tables as the page shows them."""

from __future__ import annotations

from typing import NamedTuple


class Cell(NamedTuple):
    """One cell of a table: its text and, in smaller type, range and n."""

    text: str
    rest: str = ""


class Table(NamedTuple):
    """A table, its caption, and its CSV file.

    A folded table is shown on demand; a wrapped one has sentences in its cells; a named one has an arm in its first
    column, by which the page's filter finds its rows.
    """

    caption: str
    columns: list[str]
    rows: list[list[Cell]]
    file: str = ""
    folded: bool = False
    wrapped: bool = False
    named: bool = False
