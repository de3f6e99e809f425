"""Serve the yum repositories below /srv over HTTP and HTTPS, under whatever name was asked for."""

import functools
import http.server
import ssl
import threading

Handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory="/srv")


def main() -> None:
    """Answer on port 443 in a thread, and on port 80 in this one."""
    secure = http.server.ThreadingHTTPServer(("", 443), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/tls/server.crt", "/tls/server.key")
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    threading.Thread(target=secure.serve_forever, daemon=True).start()
    http.server.ThreadingHTTPServer(("", 80), Handler).serve_forever()


if __name__ == "__main__":
    main()
