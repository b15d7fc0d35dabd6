"""The way to the server, step by step: proxies, name, connection, TLS, one request."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orchat.cli.doctor.finding import Finding, fault, ok, warn
from orchat.cli.doctor.limits import TookTooLong, limited

if TYPE_CHECKING:
    from orchat.clock import Clock
    from orchat.openrouter.server import Server

LIMIT_S = 8.0
SLOW_S = 2.0
_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_CHECK = "Check the network and api.base_url."


def port_of(server: Server) -> int:
    """The port that a base URL means.

    Args:
        server: Taken apart.
    """
    return urlsplit(server.url).port or (443 if server.is_tls else 80)


def proxy_of(server: Server, environ: Mapping[str, str]) -> str | None:
    """The proxy that a request to the server would go through, as the HTTP library decides.

    Args:
        server: Where requests go.
        environ: The environment.

    Returns:
        Its URL, which may hold a password; None when there is none.
    """
    if server.is_loopback or _is_exempt(server.host, _value(environ, "NO_PROXY")):
        return None
    return _value(environ, "HTTPS_PROXY" if server.is_tls else "HTTP_PROXY") or _value(environ, "ALL_PROXY") or None


def first_stop(server: Server, environ: Mapping[str, str]) -> tuple[str, int]:
    """Host and port that a request connects to: the proxy's, if there is one.

    Args:
        server: Where requests go.
        environ: The environment.
    """
    proxy = proxy_of(server, environ)
    if proxy is not None:
        try:
            parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
            if parts.hostname:
                return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            pass
    return server.host, port_of(server)


def proxies(server: Server, environ: Mapping[str, str]) -> Finding:
    """The proxies in the environment, without user names and passwords.

    Args:
        server: Where requests go.
        environ: The environment.
    """
    given = [f"{name} {_bare(_value(environ, name))}" for name in _VARIABLES if _value(environ, name)]
    used = proxy_of(server, environ)
    if used is None:
        return ok("proxy", f"none for {server.host}" + (f" (set: {', '.join(given)})" if given else ""))
    if not _bare(used).startswith(("http://", "https://")):
        return fault("proxy", f"{_bare(used)} is no HTTP proxy", "Set HTTPS_PROXY to an http:// address, or NO_PROXY.")
    return ok("proxy", f"{_bare(used)} (set: {', '.join(given)})")


def name(host: str, clock: Clock) -> Finding:
    """Whether the name of a host can be resolved.

    Args:
        host: The server, or the proxy.
        clock: Measures.
    """
    began = clock.monotonic()
    try:
        found = limited(lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM), LIMIT_S)
    except TookTooLong:
        return fault("dns", f"{host}: no answer within {LIMIT_S:g} s", "Check the name server and the network.")
    except (OSError, UnicodeError):
        return fault("dns", f"{host} cannot be resolved", "Check the spelling in api.base_url, and the network.")
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    return _timed("dns", f"{host} is {', '.join(addresses[:3])}", clock.monotonic() - began)


def connection(host: str, port: int, clock: Clock) -> Finding:
    """Whether a port can be reached.

    Args:
        host: The server, or the proxy.
        port: Its port.
        clock: Measures.
    """
    began = clock.monotonic()
    try:
        limited(lambda: socket.create_connection((host, port), timeout=LIMIT_S).close(), LIMIT_S + 1)
    except (TookTooLong, TimeoutError):
        return fault("connect", f"{host}:{port} does not answer within {LIMIT_S:g} s", f"A firewall? {_CHECK}")
    except ConnectionRefusedError:
        return fault("connect", f"{host}:{port} refuses the connection", f"Does the server run? {_CHECK}")
    except OSError as error:
        return fault("connect", f"{host}:{port}: {(error.strerror or 'cannot be reached').lower()}", _CHECK)
    return _timed("connect", f"{host}:{port}", clock.monotonic() - began)


def tls(host: str, port: int, clock: Clock) -> Finding:
    """Whether the connection can be secured, with the certificates that requests use.

    Args:
        host: The server.
        port: Its port.
        clock: Measures.
    """
    from orchat.openrouter.transport import tls_context

    began = clock.monotonic()

    def handshake() -> str:
        with (
            socket.create_connection((host, port), timeout=LIMIT_S) as plain,
            tls_context().wrap_socket(plain, server_hostname=host) as secured,
        ):
            return secured.version() or "TLS"

    try:
        version = limited(handshake, 2 * LIMIT_S)
    except ssl.SSLCertVerificationError as error:
        fix = "Behind a company proxy, point SSL_CERT_FILE to its certificates. Is the clock of this machine right?"
        return fault("tls", f"the certificate of {host} is not trusted: {error.verify_message}", fix)
    except (TookTooLong, OSError):
        return fault("tls", f"no secure connection to {host}:{port}", "Does that port speak https? Check api.base_url.")
    return _timed("tls", version, clock.monotonic() - began)


def _timed(what: str, said: str, seconds: float) -> Finding:
    said = f"{said}, {seconds * 1000:.0f} ms"
    return ok(what, said) if seconds < SLOW_S else warn(what, f"{said}: slow", "Check the network.")


def _value(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name.lower()) or environ.get(name) or ""


def _bare(url: str) -> str:
    """A proxy without user name and password."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(not an address)"
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def _is_exempt(host: str, exceptions: str) -> bool:
    names = [name.strip().lstrip(".").lower() for name in exceptions.split(",") if name.strip()]
    return any(name == "*" or host == name or host.endswith(f".{name}") for name in names)
