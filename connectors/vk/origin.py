"""Where VK is: sends what vk_api means for api.vk.ru there, or elsewhere, and can be cut off."""

from __future__ import annotations

import socket
import weakref
from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from connectors.vk.settings import VK_ORIGIN
from inboxd import line
from inboxd.errors import Unavailable

if TYPE_CHECKING:
    from datetime import timedelta

    from urllib3.connection import HTTPConnection

LARGEST_ANSWER: Final = 32 * 1024 * 1024  # bytes; VK's own limit is about 5 MB


class Origin(HTTPAdapter):
    """
    Sends what is meant for api.vk.ru to another origin, with a time limit, and can be cut off.

    vk_api knows neither another origin nor time limits, and a thread in a blocking read can
    be ended only by closing its socket.
    """

    def __init__(self, origin: str, timeout: timedelta) -> None:
        self.url = origin
        self._timeout = timeout.total_seconds()
        self._open: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        self._cut = False
        super().__init__()

    def session(self) -> requests.Session:
        """Return what sends vk_api's calls this way."""
        http = requests.Session()
        http.headers["User-Agent"] = "inboxd"
        http.max_redirects = 0  # a redirected POST would show the token to another host
        http.trust_env = False  # a .netrc would add somebody's password to the request
        http.mount(f"{VK_ORIGIN}/", self)
        return http

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as requests has it
        """Make the pools, of connections that are known here as soon as they are open."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:  # noqa: ANN401 - as requests has it
        """Return the pools of a proxy, whose connections are known here as well."""
        manager = super().proxy_manager_for(proxy, proxy_ssl_context=line.tls(), **options)
        manager.pool_classes_by_scheme = self._pools()
        return manager

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:  # noqa: ANN401 - as requests has it
        """Have TLS spoken as everybody of ours speaks it."""
        host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
        return host, {"cert_reqs": pool["cert_reqs"], "ssl_context": line.tls()}

    def cert_verify(self, conn: Any, *_args: Any) -> None:  # noqa: ANN401 - as requests has it
        """Add no authorities of requests' own."""
        conn.cert_reqs = "CERT_REQUIRED"

    def _pools(self) -> dict[str, type[Any]]:
        pools: dict[str, type[Any]] = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
        return {
            scheme: type(pool.__name__, (pool,), {"ConnectionCls": self._known(pool.ConnectionCls)})
            for scheme, pool in pools.items()
        }

    def _known(self, connection_class: type[Any]) -> type[Any]:
        def connect(connection: Any) -> None:  # noqa: ANN401 - HTTP or HTTPS
            # Before it is open: a proxy, or TLS, may be slow to let one through.
            self._open.add(connection)
            connection_class.connect(connection)
            if self._cut:
                connection.close()
                raise ConnectionAbortedError("the connector is closed")

        return type(connection_class.__name__, (connection_class,), {"connect": connect})

    def send(
        self,
        request: requests.PreparedRequest,
        *args: Any,  # noqa: ANN401 - requests' own options
        **options: Any,  # noqa: ANN401 - the same
    ) -> requests.Response:
        """Send *request* to the other origin."""
        if self._cut:
            raise Unavailable("the connector is closed")
        request.url = self.url + (request.url or "").removeprefix(VK_ORIGIN)
        proxy = line.proxy_for(request.url)
        options["proxies"] = {self.url.partition(":")[0]: proxy} if proxy else {}
        options["verify"] = True
        options["timeout"] = self._timeout
        return _bounded(super().send(request, *args, **options))

    def trouble(self, error: Exception) -> str:
        """Return in words what kept an answer from coming; nothing of the request."""
        return line.trouble(error, self.url)

    def cut(self) -> None:
        """End whatever is under way, from another thread, and let nothing begin."""
        self._cut = True
        self.hang_up()

    def hang_up(self) -> None:
        """End whatever is under way, from another thread."""
        for connection in list(self._open):
            if (sock := getattr(connection, "sock", None)) is None:
                continue
            try:
                # Not SSLSocket.shutdown, which takes the TLS state from under the reader.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                continue


def _bounded(response: requests.Response) -> requests.Response:
    """Read the body here, so that one without an end does not fill the memory."""
    body = response.raw.read(LARGEST_ANSWER + 1, decode_content=True)
    if len(body) > LARGEST_ANSWER:
        response.close()
        raise requests.ConnectionError("the answer is too large")
    # requests has no other way to be handed a body.
    response._content = body  # noqa: SLF001 - the same
    return response
