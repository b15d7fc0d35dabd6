"""What the exceptions of httpx mean, and how its client is set up."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys

import pytest

from orchat.errors import BadRequest, ConnectionFailed, RequestFailed, TimedOut, UpstreamFailed
from orchat.openrouter._httpx import httpx
from orchat.openrouter.server import read_base_url
from orchat.openrouter.transport import explain, open_client, tls_context

UNTRUSTED = ssl.SSLCertVerificationError(1, "certificate verify failed")
UNTRUSTED.verify_message = "self-signed certificate"


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


class Several(Exception):
    """Looks like the group that several failed addresses end up in."""

    def __init__(self, *exceptions: Exception) -> None:
        super().__init__("several")
        self.exceptions = exceptions


CONNECT = "All connection attempts failed"


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (caused(httpx.ConnectError(CONNECT), socket.gaierror(-2, "unknown")), ConnectionFailed, "host (DNS)|resolved"),
        (caused(httpx.ConnectError(CONNECT), ConnectionRefusedError()), ConnectionFailed, "refuses"),
        (
            caused(httpx.ConnectError(CONNECT), Several(OSError(), ConnectionRefusedError())),
            ConnectionFailed,
            "refuses",
        ),
        (caused(httpx.ConnectError(CONNECT), UNTRUSTED), ConnectionFailed, "not trusted.*self-signed"),
        (caused(httpx.ConnectError(CONNECT), ssl.SSLError(1, "wrong version")), ConnectionFailed, "TLS"),
        (httpx.ConnectError(CONNECT), ConnectionFailed, "cannot be reached"),
        (httpx.ProxyError("403 Forbidden"), ConnectionFailed, "proxy"),
        (httpx.ReadError(""), ConnectionFailed, "RST"),
        (httpx.WriteError(""), ConnectionFailed, "RST"),
        (ssl.SSLError(1, "bad record"), ConnectionFailed, "RST"),
        (UnicodeError("label too long"), ConnectionFailed, "not a host name"),
        (
            httpx.RemoteProtocolError("Server disconnected without sending a response."),
            ConnectionFailed,
            "an answer.*FIN",
        ),
        (
            httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
            ConnectionFailed,
            "whole answer.*FIN",
        ),
        (httpx.RemoteProtocolError("illegal status line"), UpstreamFailed, "proper HTTP"),
        (httpx.LocalProtocolError("Illegal header value b'Bearer sk-or-secret'"), BadRequest, "cannot be written"),
        (httpx.DecodingError("bad"), UpstreamFailed, "compressed"),
        (httpx.ReadTimeout(""), TimedOut, "did not answer"),
        (httpx.ConnectTimeout(""), TimedOut, "No connection"),
        (httpx.PoolTimeout(""), TimedOut, "busy"),
        (httpx.WriteTimeout(""), TimedOut, "could not be sent"),
    ],
)
def test_every_exception_says_what_happened(error: Exception, kind: type[RequestFailed], words: str) -> None:
    found = explain(error, host="example.org", model="a/b")
    assert type(found) is kind
    assert found.model == "a/b"
    assert found.hint
    assert "secret" not in str(found)
    with pytest.raises(kind, match=words):
        raise found


def test_a_defect_is_not_explained_away() -> None:
    assert explain(ZeroDivisionError(), host="h", model=None) is None


def mounts(url: str) -> list[str]:
    client = open_client(read_base_url(url), max_connections=3, user_agent="orchat/0")
    return [pattern.pattern for pattern in client._mounts]


def test_a_proxy_is_used_for_the_world_and_never_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert "https://" in mounts("https://openrouter.ai/api/v1")
    assert mounts("http://127.0.0.1:8080/v1") == []
    assert mounts("https://localhost/v1") == []


def verifies(url: str) -> bool:
    client = open_client(read_base_url(url), max_connections=3, user_agent="orchat/0")
    context: ssl.SSLContext = client._transport._pool._ssl_context  # type: ignore[attr-defined]  # shown nowhere else
    return context.verify_mode is ssl.CERT_REQUIRED


def test_certificates_are_checked_wherever_there_are_any() -> None:
    assert verifies("https://openrouter.ai/api/v1")
    assert verifies("https://localhost/v1")
    assert not verifies("http://localhost/v1")


def test_whoever_looks_for_a_fault_gets_the_same_certificates() -> None:
    assert tls_context().verify_mode is ssl.CERT_REQUIRED


LOADED = """
import sys
{before}
import orchat.openrouter.client
assert {before!r} or "httpx" not in sys.modules, "the client loads httpx before it is used"
from orchat.openrouter._httpx import httpx
heavy = [name for name in ("click", "rich", "pygments", "textual", "PIL", "keyring") if name in sys.modules]
assert "httpx._main" not in sys.modules or {before!r}, "the stand-in is still there"
print(",".join(heavy))
sys.argv = ["httpx", "--help"]
try:
    httpx.main()
except SystemExit as leaving:
    print("left", leaving.code)
"""


def run(before: str) -> list[str]:
    code = LOADED.format(before=before)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_httpx_comes_without_its_command_line_which_still_works() -> None:
    lines = run("")
    assert lines[0] == ""
    assert any("Usage" in line or "httpx" in line for line in lines[1:])
    assert lines[-1] == "left 0"


def test_httpx_that_somebody_loaded_before_is_left_alone() -> None:
    lines = run("import httpx")
    assert "click" in lines[0]
    assert lines[-1] == "left 0"
