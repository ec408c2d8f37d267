"""A web server on this machine that misbehaves as told, and the ways in which it can."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PAGE = b"\n<!DOCTYPE html><html><body>Too many users have downloaded this file</body></html>"
CONFIRMATION = b"""<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body>
<p>file.bin is too large for Google to scan for viruses. Would you still like to download this file?</p>
<form id="download-form" action="/download" method="get"><input type="submit" value="Download anyway"/>
<input type="hidden" name="id" value="0"><input type="hidden" name="export" value="download">
<input type="hidden" name="confirm" value="t"></form></body></html>"""
PATIENCE = 10.0
"""Seconds after which something has gone wrong."""

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers the n-th request by the server's n-th answer, and all later ones by its last."""

    server: Web

    def do_GET(self) -> None:
        with self.server.lock:
            answer = self.server.answers[min(self.server.requests, len(self.server.answers) - 1)]
            self.server.requests += 1
        with contextlib.suppress(ConnectionError):
            answer(self)

    def begin(self, status: int = 200, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Web(ThreadingHTTPServer):
    """A server on this machine that misbehaves as told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/file.bin"
        self.answers: list[Answer] = [good]
        self.requests = 0
        self.lock = threading.Lock()
        self.reached, self.released = threading.Event(), threading.Event()


@contextlib.contextmanager
def serving() -> Iterator[Web]:
    """A server that answers until the end."""
    with Web() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


def good(handler: Handler) -> None:
    handler.begin(Content_Length=len(CONTENT))
    handler.wfile.write(CONTENT)


def without_a_length(handler: Handler) -> None:
    handler.begin()
    handler.wfile.write(CONTENT)


def cut_short(handler: Handler) -> None:
    handler.begin(Content_Length=len(CONTENT))
    handler.wfile.write(CONTENT[:1000])


def cut_short_without_a_length(handler: Handler) -> None:
    handler.begin()
    handler.wfile.write(CONTENT[:1000])


def hung_up(handler: Handler) -> None:
    handler.close_connection = True


def stalled(handler: Handler) -> None:
    handler.begin(Content_Length=len(CONTENT))
    handler.wfile.write(CONTENT[:1000])
    handler.server.reached.set()
    handler.server.released.wait(PATIENCE)


def slow(handler: Handler) -> None:
    handler.begin(Content_Length=len(CONTENT))
    time.sleep(0.3)
    handler.wfile.write(CONTENT)


def other(handler: Handler) -> None:
    handler.begin(Content_Length=len(CONTENT))
    handler.wfile.write(CONTENT[::-1])


def longer(handler: Handler) -> None:
    handler.begin()
    handler.wfile.write(CONTENT + b"x")


def announced_longer(handler: Handler) -> None:
    handler.begin(Content_Length=len(CONTENT) + 1)
    handler.wfile.write(CONTENT)


def announced_shorter(handler: Handler) -> None:
    handler.begin(Content_Length=len(CONTENT) - 1)
    handler.wfile.write(CONTENT)


def page(handler: Handler) -> None:
    handler.begin(Content_Type="application/octet-stream", Content_Length=len(PAGE))
    handler.wfile.write(PAGE)


def page_by_its_type(handler: Handler) -> None:
    handler.begin(Content_Type="text/html; charset=utf-8")
    handler.wfile.write(b"Sign in to continue")


def drive(handler: Handler) -> None:
    """Google Drive, as it answers for a file too large for its virus scanner: a page whose form asks to confirm."""
    asked = parse_qs(urlsplit(handler.path).query)
    if asked.get("confirm") == ["t"] and {"id", "export"} <= set(asked):
        handler.begin(
            Content_Type="application/octet-stream", Content_Length=len(CONTENT),
            Content_Disposition='attachment; filename="file.bin"',
        )  # fmt: skip
        handler.wfile.write(CONTENT)
    else:
        handler.begin(Content_Type="text/html; charset=utf-8")
        handler.wfile.write(CONFIRMATION)


def status(code: int) -> Answer:
    return lambda handler: handler.begin(code, Content_Length=0)


def redirect(target: str) -> Answer:
    return lambda handler: handler.begin(302, Location=target, Content_Length=0)


def dripping(handler: Handler) -> None:
    """A byte at a time, each well within the timeout, for as long as anybody listens."""
    handler.begin(Content_Length=len(CONTENT))
    for byte in CONTENT:
        handler.wfile.write(bytes([byte]))
        if handler.server.released.wait(0.05):
            return


def dripping_head(handler: Handler) -> None:
    """An answer whose head does not end."""
    handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
    while not handler.server.released.wait(0.05):
        handler.wfile.write(b"X")
