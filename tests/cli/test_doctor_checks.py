"""The checks of the doctor one by one: installation, folders, keys, network, server."""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from orchat.cli.doctor import database, installation, keyring, network, places, service
from orchat.cli.doctor.finding import Finding, guarded, ok
from orchat.cli.doctor.limits import TookTooLong, limited
from orchat.clock import SystemClock
from orchat.config import ApiSettings, KeySettings
from orchat.demo import DemoThread
from orchat.domain.secret import Secret
from orchat.errors import StoreBusy, StoreDamaged
from orchat.openrouter.account import FreeRequests, KeyStatus
from orchat.openrouter.server import Server, read_base_url
from tests.support.cli import KEY, Orchat, run
from tests.support.clock import START
from tests.support.doctor import found, states

CLOCK = SystemClock()
CERTIFICATE = Path(__file__).parent.parent / "support" / "localhost.pem"
"""Self-signed, for localhost and 127.0.0.1, together with its key: it protects nothing."""
DOLLAR = 10**12


# ---- whatever happens


def test_whatever_a_check_raises_is_what_it_found() -> None:
    def falls(error: Exception) -> Callable[[], Finding]:
        def check() -> Finding:
            raise error

        return check

    busy = guarded("x", falls(StoreBusy("busy")))
    damaged = guarded("x", falls(StoreDamaged("damaged", hint="mend it")))
    denied = guarded("x", falls(PermissionError(13, "Permission denied", "/a/b")))
    bare = guarded("x", falls(OSError()))
    defect = guarded("x", falls(ZeroDivisionError()))

    assert (busy.state, damaged.state, damaged.fix) == ("warn", "fault", "mend it")
    assert (denied.state, denied.detail) == ("fault", "/a/b: permission denied")
    assert (bare.state, bare.detail) == ("fault", "oserror")
    assert (defect.state, defect.detail) == ("fault", "could not be looked at (ZeroDivisionError)")
    assert guarded("x", lambda: ok("x", "well")).state == "ok"


def test_a_call_that_never_comes_back_is_left_behind() -> None:
    never = threading.Event()
    with pytest.raises(TookTooLong):
        limited(never.wait, 0.01)
    never.set()
    assert limited(lambda: 7, 5) == 7
    with pytest.raises(ZeroDivisionError):
        limited(lambda: 1 // 0, 5)


@pytest.mark.parametrize(
    ("version", "full_text", "state", "says"),
    [
        ((3, 31, 0), True, "fault", "needs 3.37.0"),
        ((3, 40, 1), False, "fault", "FTS5"),
        ((3, 40, 1), True, "ok", "before 3.51.3"),
        ((3, 51, 3), True, "ok", "3.51.3"),
    ],
)
def test_the_age_of_sqlite_is_judged(version: tuple[int, int, int], full_text: bool, state: str, says: str) -> None:
    finding = installation.judged_sqlite(version, (3, 51, 3), full_text=full_text)
    assert finding.state == state
    assert says in finding.detail


def test_an_old_python_is_a_fault() -> None:
    assert installation.python((3, 9, 2)).state == "fault"
    assert installation.python((3, 10, 0)).state == "ok"


@pytest.mark.parametrize(
    ("mode", "private", "state"), [(0o700, True, "ok"), (0o755, True, "warn"), (0o755, False, "ok")]
)
def test_who_may_look_into_a_folder_is_judged(mode: int, private: bool, state: str, tmp_path: Path) -> None:
    tmp_path.chmod(mode)
    finding = places.folder("data folder", tmp_path, private=private)
    assert finding.state == state
    assert f"{mode:04o}" in finding.detail


def test_a_folder_that_others_may_write_is_told_of_even_where_nothing_is_secret(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    finding = places.folder("settings folder", tmp_path, private=False)
    assert (finding.state, finding.fix) == ("warn", f"Run: chmod go-w {tmp_path}")


def test_what_stands_in_the_place_of_a_folder_or_a_file_is_a_fault(tmp_path: Path) -> None:
    stone = tmp_path / "stone"
    stone.write_text("")
    stone.chmod(0o600)
    assert places.folder("x", stone, private=True).state == "fault"
    assert places.file("x", tmp_path).state == "fault"
    assert places.file("x", stone).state == "ok"
    assert places.file("x", stone / "below").state == "ok"
    stone.chmod(0o644)
    assert places.file("x", stone).state == "warn"


def test_what_belongs_to_somebody_else_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert "somebody else" in places.folder("x", tmp_path, private=True).detail


def test_what_may_not_be_written_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stone = tmp_path / "stone"
    stone.write_text("")
    monkeypatch.setattr(os, "access", lambda *_: False)  # whoever runs the tests may be allowed everything
    assert places.folder("x", tmp_path, private=True).state == "fault"
    assert places.folder("x", tmp_path / "new", private=True).state == "fault"
    assert places.file("x", stone).state == "fault"


def test_a_network_file_system_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchat.store import filesystem

    assert database.place(tmp_path / "orchat.db").state == "ok"
    monkeypatch.setattr(filesystem, "network_type", lambda folder: "nfs4")
    assert database.place(tmp_path / "orchat.db").state == "warn"


def test_a_big_database_is_looked_at_quickly(session: str, orchat: Orchat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BIG", 0)
    assert "quick check" in found(orchat("doctor", "--json", "--offline"), "integrity")["detail"]


# ---- keys


def test_the_current_key_of_the_ring_is_the_one_that_is_looked_at() -> None:
    first, second = Secret("sk-or-v1-" + "1" * 32), Secret("sk-or-v1-" + "2" * 32)
    kept = keyring.Found(finding=ok("keys", ""), kept={"a": first, "b": second})

    assert keyring.chosen(kept, second.fingerprint) == ("b", second)
    assert keyring.chosen(kept, None) == ("a", first)
    assert keyring.chosen(keyring.Found(finding=ok("keys", ""), passing=first), None) == ("env", first)
    assert keyring.chosen(keyring.Found(finding=ok("keys", "")), None) is None


def test_a_file_of_keys_is_read(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"work": KEY}))
    path.chmod(0o600)
    settings = KeySettings(store="file", file=str(path))
    well = keyring.read(settings, {}, tmp_path, CLOCK)
    assert (well.finding.state, "1 key," in well.finding.detail) == ("ok", True)
    path.chmod(0o644)
    assert keyring.read(settings, {}, tmp_path, CLOCK).finding.state == "fault"


def test_an_environment_that_is_the_only_place_needs_no_keyring(tmp_path: Path) -> None:
    looked = keyring.read(KeySettings(store="env"), {}, tmp_path, CLOCK)
    assert (looked.finding.state, looked.kept) == ("ok", {})


def test_a_slow_keyring_is_warned_of() -> None:
    assert keyring._timed("the keyring", 2, 1.5).state == "warn"
    assert keyring._timed("the keyring", 2, 0.5).state == "ok"


# ---- the network

SERVER = read_base_url("https://openrouter.ai/api/v1")
PLAIN = read_base_url("http://models.lan:8080/v1")
LOCAL = read_base_url("http://127.0.0.1:8080/v1")


@pytest.mark.parametrize(
    ("server", "environ", "state", "says", "stop"),
    [
        (SERVER, {}, "ok", "none for openrouter.ai", ("openrouter.ai", 443)),
        (PLAIN, {"HTTPS_PROXY": "http://p:3128"}, "ok", "none", ("models.lan", 8080)),
        (SERVER, {"HTTPS_PROXY": "http://me:pass@p:3128"}, "ok", "http://p:3128", ("p", 3128)),
        (SERVER, {"https_proxy": "p:3128", "HTTPS_PROXY": "q:1"}, "ok", "http://p:3128", ("p", 3128)),
        (SERVER, {"ALL_PROXY": "https://p"}, "ok", "https://p", ("p", 443)),
        (PLAIN, {"HTTP_PROXY": "http://p"}, "ok", "http://p", ("p", 80)),
        (SERVER, {"ALL_PROXY": "socks5://p:1080"}, "fault", "no HTTP proxy", ("p", 1080)),
        (SERVER, {"HTTPS_PROXY": "http://p:port"}, "fault", "not an address", ("openrouter.ai", 443)),
        (SERVER, {"HTTPS_PROXY": "http://"}, "ok", "http://", ("openrouter.ai", 443)),
        (
            SERVER,
            {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "lan, .openrouter.ai"},
            "ok",
            "none",
            ("openrouter.ai", 443),
        ),
        (SERVER, {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "ok", "none", ("openrouter.ai", 443)),
        (LOCAL, {"HTTP_PROXY": "http://p:1"}, "ok", "none", ("127.0.0.1", 8080)),
    ],
)
def test_the_proxy_on_the_way_is_named_without_its_password(
    server: Server, environ: dict[str, str], state: str, says: str, stop: tuple[str, int]
) -> None:
    finding = network.proxies(server, environ)
    assert finding.state == state
    assert says in finding.detail
    assert "pass" not in finding.detail
    assert network.first_stop(server, environ) == stop


@contextmanager
def listening(*, secured: bool, times: int = 1) -> Iterator[int]:
    """A server that shakes hands, or says nothing that TLS would understand."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(times):
                client, _ = server.accept()
                with client, suppress(OSError):  # the other side may not trust us, or be gone
                    if secured:
                        context.wrap_socket(client, server_side=True).close()
                    else:
                        client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                        client.recv(4096)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_a_certificate_that_nobody_vouches_for_is_a_fault() -> None:
    with listening(secured=True) as port:
        finding = network.tls("127.0.0.1", port, CLOCK)
    assert finding.state == "fault"
    assert "not trusted: self-signed" in finding.detail.replace("self signed", "self-signed")
    assert "SSL_CERT_FILE" in (finding.fix or "")


def test_a_certificate_that_the_environment_names_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with listening(secured=True) as port:
        finding = network.tls("127.0.0.1", port, CLOCK)
    assert (finding.state, finding.detail[:5]) == ("ok", "TLSv1")


def test_a_port_that_does_not_speak_tls_is_a_fault() -> None:
    with listening(secured=False) as port:
        finding = network.tls("127.0.0.1", port, CLOCK)
    assert (finding.state, "https" in (finding.fix or "")) == ("fault", True)


def test_a_server_with_a_bad_certificate_is_not_asked() -> None:
    with listening(secured=True, times=2) as port:
        done = run("doctor", "--json", base_url=f"https://127.0.0.1:{port}/v1")
    assert (done.code, states(done)["server"]) == (1, "skip")


def test_waiting_for_names_and_ports_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(network, "LIMIT_S", 0.01)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait())
    assert "no answer" in network.name("somewhere", CLOCK).detail
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: (_ for _ in ()).throw(TimeoutError()))
    assert "does not answer" in network.connection("somewhere", 1, CLOCK).detail
    assert "no secure connection" in network.tls("somewhere", 1, CLOCK).detail
    never.set()


def test_a_host_without_a_route_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    assert "network is unreachable" in network.connection("somewhere", 1, CLOCK).detail


def test_a_slow_step_is_warned_of() -> None:
    assert network._timed("dns", "x", 3.0).state == "warn"


# ---- the server


@pytest.mark.parametrize(
    ("status", "state", "says"),
    [
        (KeyStatus(usage_daily_pico=DOLLAR), "ok", "$1.00 today"),
        (
            KeyStatus(limit_pico=10 * DOLLAR, limit_remaining_pico=4 * DOLLAR, limit_reset="daily"),
            "ok",
            "$4.00 of $10.00 left, resets daily",
        ),
        (KeyStatus(limit_pico=DOLLAR, limit_remaining_pico=0), "fault", "used up"),
        (KeyStatus(is_management_key=True), "fault", "cannot chat"),
        (KeyStatus(free_requests=FreeRequests(used=3, limit=50, remaining=47)), "ok", "47 of 50 free requests"),
        (KeyStatus(expires_at="2026-09-01T00:00:00Z"), "fault", "expired"),
        (KeyStatus(expires_at="2026-09-22T00:00:00.000Z"), "warn", "expires"),
        (KeyStatus(expires_at="2027-09-22T00:00:00Z"), "ok", "today"),
        (KeyStatus(expires_at="some day"), "ok", "today"),
    ],
)
def test_the_state_of_a_key_is_judged(status: KeyStatus, state: str, says: str) -> None:
    finding = service.judged(status, START)
    assert finding.state == state
    assert says in finding.detail


def test_a_server_of_another_kind_that_wants_a_key_is_told_of(demo: DemoThread) -> None:
    from orchat.demo.faults import fault

    demo.server.script(fault("401-no-key"), fault("401-no-key"), fault("401-no-key"), path="/models")
    other = ApiSettings(base_url=demo.base_url, dialect="openai")
    (finding,) = service.visit(other, None, CLOCK)
    assert (finding.state, "wants a key" in finding.detail) == ("warn", True)
    finding, _ = service.visit(other, ("work", Secret(KEY)), CLOCK)
    assert finding.state == "fault"
    (finding,) = service.visit(ApiSettings(base_url=demo.base_url, dialect="openrouter"), None, CLOCK)
    assert finding.state == "fault"


def test_a_defect_of_ours_is_a_finding_too(demo: DemoThread, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchat.openrouter.client import OpenRouter

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(OpenRouter, "reach", broken)
    (finding,) = service.visit(ApiSettings(base_url=demo.base_url), None, CLOCK)
    assert (finding.state, "ZeroDivisionError" in finding.detail) == ("fault", True)
