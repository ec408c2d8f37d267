from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from misbehaving import (
    CONTENT,
    PATIENCE,
    SHA256,
    Answer,
    Web,
    announced_longer,
    announced_shorter,
    cut_short,
    cut_short_without_a_length,
    dripping,
    dripping_head,
    drive,
    good,
    hung_up,
    longer,
    other,
    page,
    page_by_its_type,
    redirect,
    serving,
    slow,
    stalled,
    status,
    without_a_length,
)

from vigan.data import celeba
from vigan.io.files import RecordError
from vigan.runtime.download import fetch


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def get(url: str, folder: Path, attempts: int = 3, timeout: float = PATIENCE) -> Path:
    return fetch(
        url, folder / "file.bin", sha256=SHA256, size=len(CONTENT), attempts=attempts, wait=0.001, timeout=timeout
    )


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("answer", [good, without_a_length])
def test_the_file_arrives_alone_and_is_fetched_once(answer: Answer, web: Web, folder: Path) -> None:
    web.answers = [answer]
    for _ in range(2):
        assert get(web.url, folder).read_bytes() == CONTENT
    assert names(folder) == ["file.bin"]
    assert web.requests == 1


def test_a_right_file_needs_no_network_and_no_permission_to_write(folder: Path) -> None:
    folder.mkdir()
    (folder / "file.bin").write_bytes(CONTENT)
    before = folder.stat().st_mtime_ns
    assert get("http://127.0.0.1:9/none", folder).read_bytes() == CONTENT
    assert folder.stat().st_mtime_ns == before


@pytest.mark.parametrize("damaged", [b"", CONTENT[:-1], CONTENT[:-1] + b"x"])
def test_a_damaged_file_is_replaced(damaged: bytes, web: Web, folder: Path) -> None:
    folder.mkdir()
    (folder / "file.bin").write_bytes(damaged)
    assert get(web.url, folder).read_bytes() == CONTENT


def test_a_fetched_file_has_the_permissions_of_any_other(web: Web, folder: Path) -> None:
    path = get(web.url, folder)
    (folder / "plain").write_text("x")
    assert path.stat().st_mode == (folder / "plain").stat().st_mode


@pytest.mark.parametrize(
    "failure", [cut_short, cut_short_without_a_length, hung_up, status(500), status(503), status(429)]
)
def test_what_fails_twice_and_then_works_is_fetched(failure: Answer, web: Web, folder: Path) -> None:
    web.answers = [failure, failure, good]
    assert get(web.url, folder).read_bytes() == CONTENT
    assert names(folder) == ["file.bin"]
    assert web.requests == 3


@pytest.mark.parametrize("answer", [dripping, dripping_head])
def test_a_server_that_drips_is_given_up_and_asked_again(answer: Answer, web: Web, folder: Path) -> None:
    web.answers = [answer, good]
    assert get(web.url, folder, timeout=0.5).read_bytes() == CONTENT


@pytest.mark.parametrize("target", ["http://[::1", "http://a\x01b/", "//[x", "http://127.0.0.1:port/file"])
def test_a_redirect_to_no_address_is_told_in_one_line(target: str, web: Web, folder: Path) -> None:
    web.answers = [redirect(target)]
    with pytest.raises(RecordError, match=r"\A[^\n]*cannot be fetched from [^\n]*\Z"):
        get(web.url, folder)


def test_without_locks_each_process_fetches_for_itself(web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(handle: int, how: int) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert get(web.url, folder).read_bytes() == CONTENT
    assert names(folder) == ["file.bin"]


def test_a_silent_server_is_given_up_and_asked_again(web: Web, folder: Path) -> None:
    web.answers = [stalled, good]
    assert get(web.url, folder, timeout=0.2).read_bytes() == CONTENT
    assert web.requests == 2


def test_each_wait_is_twice_the_one_before(web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("vigan.runtime.download.time.sleep", waits.append)
    web.answers = [status(502)]
    with pytest.raises(RecordError, match="the server answered 502"):
        fetch(web.url, folder / "x", sha256=SHA256, size=len(CONTENT), attempts=4, wait=0.5)
    assert waits == [0.5, 1, 2]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (cut_short, rf"1000 of {len(CONTENT)} bytes arrived, after 3 attempts"),
        (hung_up, r"closed connection .*, after 3 attempts"),
        (status(500), r"the server answered 500 .*, after 3 attempts"),
    ],
)
def test_what_goes_on_failing_is_told_with_url_file_and_remedy(
    answer: Answer, reason: str, web: Web, folder: Path
) -> None:
    web.answers = [answer]
    by_hand = rf"fetch it by hand and put it there \({len(CONTENT)} bytes, SHA-256 {SHA256}\)"
    with pytest.raises(
        RecordError, match=rf"file\.bin: cannot be fetched from {web.url}: .*{reason}; {by_hand}"
    ) as info:
        get(web.url, folder)
    assert "\n" not in str(info.value)
    assert names(folder) == []
    assert web.requests == 3


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (status(404), "the server answered 404"),
        (status(403), "the server answered 403"),
        (page, "a web page instead of the file"),
        (page_by_its_type, "a web page instead of the file"),
        (other, rf"its SHA-256 is {hashlib.sha256(CONTENT[::-1]).hexdigest()}, expected {SHA256}"),
        (longer, f"more than the expected {len(CONTENT)} bytes"),
        (announced_longer, f"a file of {len(CONTENT) + 1} bytes, expected {len(CONTENT)}"),
        (announced_shorter, f"a file of {len(CONTENT) - 1} bytes, expected {len(CONTENT)}"),
        (redirect("ftp://127.0.0.1/file.bin"), "redirect to ftp://127.0.0.1/file.bin"),
        (redirect("file:///etc/hostname"), "'file:///etc/hostname' is not allowed"),
    ],
)
def test_what_will_not_pass_is_asked_for_once_and_leaves_nothing(
    answer: Answer, reason: str, web: Web, folder: Path
) -> None:
    web.answers = [answer]
    with pytest.raises(RecordError, match=reason):
        get(web.url, folder)
    assert names(folder) == []
    assert web.requests == 1


def test_a_failed_download_leaves_the_file_that_was_there(web: Web, folder: Path) -> None:
    folder.mkdir()
    (folder / "file.bin").write_bytes(b"older")
    web.answers = [other]
    with pytest.raises(RecordError):
        get(web.url, folder)
    assert (folder / "file.bin").read_bytes() == b"older"
    assert names(folder) == ["file.bin"]


def test_redirects_are_followed(web: Web, folder: Path) -> None:
    web.answers = [redirect("/elsewhere"), redirect(web.url), good]
    assert get(web.url, folder).read_bytes() == CONTENT


def test_the_address_of_celeba_passes_the_page_that_asks_to_confirm_and_no_other_takes_it_for_the_file(
    web: Web, folder: Path
) -> None:
    query = urlsplit(celeba.URL).query
    moved = redirect(f"/download?{query}")
    web.answers = [moved, drive]
    assert get(f"{web.url}?{query}", folder).read_bytes() == CONTENT
    (folder / "file.bin").unlink()
    with pytest.raises(RecordError, match=r"a web page instead of the file \(a quota, login or error page\)"):
        get(f"{web.url}?{query.replace('&confirm=t', '')}", folder)
    assert names(folder) == []


def test_a_circle_of_redirects_ends(web: Web, folder: Path) -> None:
    web.answers = [redirect(web.url)]
    with pytest.raises(RecordError, match="infinite loop") as info:
        get(web.url, folder)
    assert "\n" not in str(info.value)


def test_nothing_but_the_web_is_asked(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    with pytest.raises(RecordError, match="only http and https"):
        get(source.as_uri(), folder)


def test_a_refused_connection_is_tried_again_and_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("vigan.runtime.download.time.sleep", waits.append)
    with Web() as closed:
        url = closed.url
    with pytest.raises(RecordError, match="refused, after 3 attempts"):
        get(url, folder)
    assert len(waits) == 2


def test_a_full_disk_is_told_as_such_and_leaves_nothing(web: Web, folder: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 2, before[1]))
    try:
        with pytest.raises(RecordError, match=rf"file\.bin: cannot be written .*{web.url}.*File too large.*make room"):
            get(web.url, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert names(folder) == []
    assert web.requests == 1


@pytest.mark.parametrize(
    "block", [lambda folder: folder.write_text(""), lambda folder: (folder / "file.bin").mkdir(parents=True)]
)
def test_a_place_that_cannot_be_written_is_told_as_such(
    block: Callable[[Path], object], web: Web, folder: Path
) -> None:
    block(folder)
    with pytest.raises(RecordError, match=r"file\.bin: cannot be written .*name another folder"):
        get(web.url, folder)
    assert not list(folder.parent.rglob("*.part"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_told_as_such(web: Web, folder: Path) -> None:
    folder.mkdir(mode=0o500)
    with pytest.raises(RecordError, match=r"file\.bin: cannot be written .*Permission denied"):
        get(web.url, folder)


def test_an_interrupt_leaves_nothing(web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vigan.runtime.download.time.sleep", interrupt)
    web.answers = [cut_short]
    with pytest.raises(KeyboardInterrupt):
        get(web.url, folder)
    assert names(folder) == []


@contextlib.contextmanager
def processes(count: int, web: Web, folder: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that fetch the file as soon as all of them are there; killed at the end."""
    script = (
        "import sys; from pathlib import Path; from vigan.runtime.download import fetch\n"
        "print('here', flush=True); input()\n"
        f"fetch({web.url!r}, Path({str(folder / 'file.bin')!r}), sha256={SHA256!r}, size={len(CONTENT)}, attempts=1)"
    )
    pipe = subprocess.PIPE
    with contextlib.ExitStack() as stack:
        started = []
        for _ in range(count):
            process = subprocess.Popen([sys.executable, "-c", script], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            started.append(process)
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "here\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        yield started


def test_of_many_processes_one_downloads_and_the_others_wait_for_it(web: Web, folder: Path) -> None:
    web.answers = [slow]
    with processes(3, web, folder) as started:
        assert [process.wait(PATIENCE) for process in started] == [0, 0, 0]
    assert (folder / "file.bin").read_bytes() == CONTENT
    assert names(folder) == ["file.bin"]
    assert web.requests == 1


def test_if_the_one_that_downloads_fails_the_next_one_tries(web: Web, folder: Path) -> None:
    web.answers = [status(404), slow]
    with processes(3, web, folder) as started:
        assert sorted(process.wait(PATIENCE) for process in started) == [0, 0, 1]
    assert names(folder) == ["file.bin"]
    assert web.requests == 2


def test_a_killed_process_stands_in_nobody_s_way(web: Web, folder: Path) -> None:
    web.answers = [stalled, good]
    with processes(1, web, folder) as (process,):
        assert web.reached.wait(PATIENCE)
        process.kill()
        process.wait(PATIENCE)
    assert get(web.url, folder).read_bytes() == CONTENT
    assert names(folder) == ["file.bin"]
