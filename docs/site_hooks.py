"""What the documentation site needs beside docs/: pages that lie elsewhere, and files that pages link to.

On the repository's own pages a link such as ../config/ring.yaml leads to the file. The site has a copy of each file
that is linked, under `repository/`, so that every link can be followed and none can break unseen.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md",
    "config/README.md": "configuration.md",
}  # fmt: skip
"""Pages that lie elsewhere in the repository, and what they are called in the site."""

_LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s#]+)((?:#[^)\s]*)?\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add `PAGES`, and a copy of each file of the repository that a page links to."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for file in list(files.documentation_pages()):
        for target in {match[2] for match in _LINK.finditer(Path(file.abs_src_path or "").read_text(encoding="utf-8"))}:
            copied = _copied(_in_repository(file, target))
            if copied and not files.get_file_from_path(copied):
                files.append(
                    File.generated(config, copied, abs_src_path=str(ROOT / copied.removeprefix("repository/")))
                )
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Let links lead to where their files lie in the site; a link to a folder is only its text."""

    def moved(match: re.Match[str]) -> str:
        target = _in_repository(page.file, match[2])
        if target is None:
            return match[0]
        if (ROOT / target).is_dir():
            return match[1].lstrip("!").removeprefix("[").removesuffix("](")
        found = _in_site(target)
        return f"{match[1]}{posixpath.relpath(found, posixpath.dirname(page.file.src_uri) or '.')}{match[3]}"

    return _LINK.sub(moved, markdown)


def _in_repository(file: File, target: str) -> str | None:
    """Path in the repository of what a page links to; None for an address elsewhere, or for nothing."""
    if "://" in target or target.startswith("mailto:"):
        return None
    here = os.path.dirname(os.path.realpath(file.abs_src_path or ""))
    path = os.path.relpath(os.path.join(here, target), os.path.realpath(ROOT))
    return path if (ROOT / path).exists() else None


def _in_site(path: str) -> str:
    if path in PAGES:
        return PAGES[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else f"repository/{path}"


def _copied(path: str | None) -> str | None:
    """Where a copy of a file outside docs/ lies in the site; None for pages and folders."""
    if path is None or path in PAGES or path.startswith("docs/") or (ROOT / path).is_dir():
        return None
    return f"repository/{path}"
