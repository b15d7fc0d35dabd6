"""The httpx client, and what its exceptions mean."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

from orchat.errors import BadRequest, ConnectionFailed, RequestFailed, TimedOut, UpstreamFailed
from orchat.openrouter._httpx import httpx
from orchat.openrouter.server import Server

_KEEPALIVE_S = 60.0
"""A person reads an answer before the next prompt; a new TLS handshake costs more than an idle socket."""


def open_client(server: Server, *, max_connections: int, user_agent: str) -> httpx.AsyncClient:
    """A pooled client for one server; it reads no limits of time, those belong to the exchange."""
    limits = httpx.Limits(
        max_connections=max_connections, max_keepalive_connections=max_connections, keepalive_expiry=_KEEPALIVE_S
    )
    # Loading certificates costs 25 ms; without TLS nothing would ever use them.
    verify = server.is_tls
    # A client with a transport of its own asks no proxy, and still finds the certificates that the environment names.
    transport = httpx.AsyncHTTPTransport(verify=verify, limits=limits) if server.is_loopback else None
    return httpx.AsyncClient(
        verify=verify,
        limits=limits,
        transport=transport,
        headers={"User-Agent": user_agent},
        follow_redirects=False,
    )


def tls_context() -> ssl.SSLContext:
    """The certificates that requests trust, for whoever looks for a fault."""
    return httpx.create_ssl_context()


_STAGES: dict[type[httpx.TimeoutException], tuple[str, str]] = {
    httpx.ConnectTimeout: ("connect", "No connection to {host} within the time limit."),
    httpx.PoolTimeout: ("pool", "All connections are busy, and none became free in time."),
    httpx.WriteTimeout: ("write", "The request could not be sent to {host} in time."),
    httpx.ReadTimeout: ("first_byte", "{host} did not answer in time."),
}


def explain(error: Exception, *, host: str, model: str | None) -> RequestFailed | None:
    """The error for an exception that httpx raised.

    Args:
        error: What was raised.
        host: Host that was asked.
        model: Model that was asked, if any.

    Returns:
        The error to raise, which names what happened and holds no header; None for anything that is a defect.
    """
    for kind, describe in _KINDS:
        if isinstance(error, kind):
            failure = describe(error, host)
            failure.model = model
            return failure
    return None


def _late(error: Exception, host: str) -> RequestFailed:
    stage, message = next(words for kind, words in _STAGES.items() if isinstance(error, kind))
    return TimedOut(message.format(host=host), stage=stage, hint="Check the network, then try again.")


def _by_proxy(_: Exception, host: str) -> RequestFailed:
    hint = "Check HTTPS_PROXY and NO_PROXY."
    return ConnectionFailed(f"The proxy does not let the request to {host} pass.", hint=hint)


def _no_host(_: Exception, host: str) -> RequestFailed:
    return ConnectionFailed(f"The name {host} is not a host name.", hint="Check base_url.")


def _reset(_: Exception, host: str) -> RequestFailed:
    return ConnectionFailed(f"{host} reset the connection (RST).", hint="Try again.")


def _damaged(_: Exception, host: str) -> RequestFailed:
    return UpstreamFailed(f"{host} sent damaged compressed data.", hint="Try again.")


def _unwritable(_: Exception, __: str) -> RequestFailed:
    return BadRequest("The request cannot be written as HTTP.", hint="Check base_url and the key.")


def _broken(error: Exception, host: str) -> RequestFailed:
    said = str(error)
    if "without sending" in said:
        part = "the whole answer" if "complete message" in said else "an answer"
        return ConnectionFailed(f"{host} closed the connection before {part} came (FIN).", hint="Try again.")
    return UpstreamFailed(f"{host} does not speak proper HTTP.", hint="Check base_url.")


def _unreachable(error: Exception, host: str) -> RequestFailed:
    causes = _causes(error)
    for kind, message, hint in _CONNECT:
        cause = next((cause for cause in causes if isinstance(cause, kind)), None)
        if cause is not None:
            return ConnectionFailed(
                message.format(host=host, why=getattr(cause, "verify_message", "")).strip(), hint=hint
            )
    return ConnectionFailed(f"{host} cannot be reached.", hint="Check the network and base_url.")


_CONNECT: tuple[tuple[type[Exception], str, str], ...] = (
    (socket.gaierror, "The name {host} cannot be resolved (DNS).", "Check the network and base_url."),
    (
        ssl.SSLCertVerificationError,
        "The certificate of {host} is not trusted (TLS): {why}",
        "Behind a company proxy, point SSL_CERT_FILE to its certificates.",
    ),
    (ssl.SSLError, "No secure connection to {host} (TLS).", "Check base_url: does that port speak https?"),
    (
        ConnectionRefusedError,
        "{host} refuses the connection.",
        "Is the server running, and is the port in base_url right?",
    ),
)


def _causes(error: BaseException) -> list[BaseException]:
    """Everything behind an exception: causes, contexts and the members of groups (anyio tries several addresses)."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop()
        if cause is None or cause in found:
            continue
        found.append(cause)
        waiting += [cause.__context__, cause.__cause__, *getattr(cause, "exceptions", ())]
    return found


# A damaged TLS record surfaces as a bare ssl.SSLError (an OSError), a host name that cannot be one as a UnicodeError.
_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Exception, str], RequestFailed]], ...] = (
    (httpx.TimeoutException, _late),
    (httpx.ConnectError, _unreachable),
    (httpx.ProxyError, _by_proxy),
    (httpx.RemoteProtocolError, _broken),
    (httpx.LocalProtocolError, _unwritable),
    (httpx.DecodingError, _damaged),
    (UnicodeError, _no_host),
    ((httpx.NetworkError, OSError), _reset),
)
