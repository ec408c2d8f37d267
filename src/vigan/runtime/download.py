"""Files from the network, checked before anyone sees them, and fetched once by however many processes ask."""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import ssl
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from vigan.io.durable import rename
from vigan.io.files import RecordError, sha256_file
from vigan.io.locks import held, is_named

_CHUNK = 1 << 20
SLOWEST = 4096
"""Bytes a second below which a server is given up on."""
_BUSY = {408, 425, 429}
_PAGE_STARTS = (b"<!doctype html", b"<html")


class _PassingError(RecordError):
    """A failure that may be gone at the next attempt."""


@dataclass(frozen=True)
class _Source:
    url: str
    sha256: str
    size: int
    timeout: float

    def is_at(self, path: Path) -> bool:
        return path.is_file() and path.stat().st_size == self.size and sha256_file(path) == self.sha256


def fetch(
    url: str, path: Path, *, sha256: str, size: int, attempts: int = 5, wait: float = 2.0, timeout: float = 60.0
) -> Path:
    """`path`, once it holds the `size` bytes with that SHA-256 (hex); they are downloaded unless they are there.

    Of several processes one downloads and the others wait for it. What passes (no connection, silence of `timeout`
    seconds, a body cut short, a server's error) is tried `attempts` times, `wait` seconds after the first failure,
    twice as long after each other. Nothing appears under `path` before it is complete and checked, and nothing stays
    behind on failure. Raises RecordError that names URL, file, reason and remedy.
    """
    source = _Source(url, sha256, size, timeout)
    try:
        if not source.is_at(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with _own(path.with_name(f".{path.name}.part")) as part:
                if not source.is_at(path):
                    _download_patiently(source, part, attempts, wait)
                    rename(Path(part.name), path)
    except RecordError as error:
        remedy = f"fetch it by hand and put it there ({size} bytes, SHA-256 {sha256})"
        raise RecordError(f"{path}: cannot be fetched from {url}: {error}; {remedy}") from None
    except OSError as error:
        remedy = "make room, permit writing or name another folder"
        raise RecordError(f"{path}: cannot be written with what is fetched from {url}: {error}; {remedy}") from None
    return path


@contextlib.contextmanager
def _own(part: Path) -> Iterator[IO[bytes]]:
    """The file `part`, open for writing and locked against other processes; afterwards deleted, unless renamed.

    Where the file system has no locks each process fills a file of its own, and the last one's name stays.
    """
    with contextlib.ExitStack() as stack:
        stream, locked = stack.enter_context(held(part, wait=True))
        if locked is None:
            part.unlink(missing_ok=True)
            own = tempfile.NamedTemporaryFile("a+b", dir=part.parent, prefix=part.name, delete=False)  # noqa: SIM115
            stream, part = stack.enter_context(own), Path(own.name)
        try:
            yield stream
        finally:
            if is_named(stream, part):
                part.unlink()


def _download_patiently(source: _Source, part: IO[bytes], attempts: int, wait: float) -> None:
    for attempt in range(attempts):
        try:
            return _download(source, part)
        except _PassingError as error:
            if attempt + 1 == attempts:
                raise RecordError(f"{error}, after {attempts} attempts") from None
            time.sleep(wait * 2**attempt)
    raise ValueError(f"attempts is {attempts}, expected 1 or more")


def _download(source: _Source, part: IO[bytes]) -> None:
    """Fill `part` with the checked content of `source`, on disk. Raises RecordError with the reason only."""
    part.truncate(0)
    digest, received = hashlib.sha256(), 0
    for chunk in _chunks(source):
        part.write(chunk)
        digest.update(chunk)
        received += len(chunk)
        if received > source.size:
            raise RecordError(f"more than the expected {source.size} bytes arrived: it is another file")
    if received < source.size:
        raise _PassingError(f"{received} of {source.size} bytes arrived")
    if digest.hexdigest() != source.sha256:
        raise RecordError(f"its SHA-256 is {digest.hexdigest()}, expected {source.sha256}")
    part.flush()
    os.fsync(part.fileno())


def _chunks(source: _Source) -> Iterator[bytes]:
    """The body in pieces. Raises RecordError, or _PassingError where another attempt may help."""
    if urlsplit(source.url).scheme not in {"http", "https"}:
        raise RecordError("only http and https are fetched")
    began, received = time.monotonic(), 0
    try:
        with _answer(source) as response:
            chunk = response.read1(_CHUNK)
            _check_start(response, chunk, source.size)
            while chunk:
                yield chunk
                received += len(chunk)
                if time.monotonic() - began > source.timeout + received / SLOWEST:
                    raise _PassingError(f"only {received} bytes in {time.monotonic() - began:.0f} seconds")
                chunk = response.read1(_CHUNK)
    except HTTPError as error:
        error.close()
        kind = _PassingError if error.code >= 500 or error.code in _BUSY else RecordError
        raise kind(_one_line(f"the server answered {error.code} ({error.reason})")) from None
    except ValueError as error:
        raise RecordError(_one_line(f"a redirect to no address ({error})")) from None
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        kind = RecordError if isinstance(reason, ssl.SSLCertVerificationError) else _PassingError
        raise kind(_one_line(f"{reason}" or type(reason).__name__)) from None


def _answer(source: _Source) -> HTTPResponse:
    """The server's answer. Raises _PassingError where its head takes longer than twice the timeout, dripping or not."""
    opener = urllib.request.build_opener(_WebOnly)
    answers: queue.Queue[HTTPResponse | BaseException] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(opener.open(source.url, timeout=source.timeout))
        except BaseException as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=2 * source.timeout)
    except queue.Empty:
        raise _PassingError(f"no whole answer within {2 * source.timeout:.0f} seconds") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _check_start(response: HTTPResponse, start: bytes, size: int) -> None:
    """Raise RecordError if a body that starts so is a web page, or announced to be of another size."""
    is_page = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:20].lower().startswith(_PAGE_STARTS)
    if is_page or response.headers.get_content_type() == "text/html":
        raise RecordError("the server sent a web page instead of the file (a quota, login or error page)")
    announced = response.headers["Content-Length"]
    if announced is not None and announced != str(size):
        raise RecordError(f"the server has a file of {announced} bytes, expected {size}: it is another file")


def _one_line(text: str) -> str:
    return " ".join(text.split())


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Request to follow. Raises HTTPError on any other scheme."""
        if urlsplit(newurl).scheme not in {"http", "https"}:
            raise HTTPError(newurl, code, f"a redirect to {newurl}, which is not followed", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
