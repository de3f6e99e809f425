"""Every service of a test's site: `serve` answers, `idle` only runs.

MODE says how it fails, and VERSION is what it says of itself. With secrets, `serve` logs in at the
store for every page, and signs what it recognises later; `keep` is a store that `accept` tells whom
to let in.
"""

import hashlib
import hmac
import http.server
import os
import signal
import sys
import threading
import time
from pathlib import Path

VERSION, MODE = os.environ.get("VERSION", "1"), os.environ.get("MODE", "well")
ORDERS = Path("/data/orders")
FULL = Path("/data/full")
"""Where it lies, nothing that serves starts any more."""
SECRETS, ACCEPTED = Path("/run/secrets"), Path("/data/accepted")
LET_GO = Path("/data/let_go")
"""Where it lies, downloads end."""
CHUNKS, CHUNK_S = 400, 0.25


def secret(name: str) -> str:
    """As it was when this began, as a service reads it; empty where there is none."""
    path = SECRETS / name
    return path.read_text().strip() if path.exists() else ""


PASSWORD, KEY, OLD_KEY = secret("app_password"), secret("app_key"), secret("app_old_key")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/readyz":
            self.answer(200, "ready\n")
        elif self.path == "/download":
            self.download()
        elif self.path == "/die" and MODE == "mortal":
            os._exit(9)
        elif self.path == "/sign":
            self.answer(200, signed(KEY))
        elif self.path.startswith("/signed/"):
            good = self.path[8:] in [signed(key) for key in (KEY, OLD_KEY) if key]
            self.answer(200 if good else 403, f"version {VERSION}\n")
        elif PASSWORD and PASSWORD not in ACCEPTED.read_text().split():
            self.answer(500, "access denied\n")
        elif MODE == "wrong":
            self.answer(500, "no such table\n")
        else:
            self.answer(200, f"version {VERSION}\n")

    def do_POST(self) -> None:
        number = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if MODE == "unkind":
            self.answer(500, "no such table\n")
            return
        # One write at the end of the file: two processes never mix their lines.
        descriptor = os.open(ORDERS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.write(descriptor, f"{number}\n".encode())
        os.close(descriptor)
        self.answer(201, "ordered\n")

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def download(self) -> None:
        chunk = VERSION.encode() * 1000
        self.send_response(200)
        self.send_header("Content-Length", str(len(chunk) * CHUNKS))
        self.end_headers()
        for _ in range(CHUNKS):
            self.wfile.write(chunk)
            if not LET_GO.exists():
                time.sleep(CHUNK_S)

    def log_message(self, *words: object) -> None:
        """Say nothing: thousands of requests are asked."""


def serve() -> None:
    if MODE == "crash":
        sys.exit("cannot open /etc/app/missing.conf")
    if FULL.exists():
        sys.exit("no space left on device")
    server = Server(("", 8000), Handler)
    # What has begun is finished: `server_close` waits for its threads.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"serving version {VERSION}", flush=True)
    server.serve_forever(poll_interval=0.05)
    server.server_close()


def signed(key: str) -> str:
    return hmac.digest(key.encode(), b"a visitor", hashlib.sha256).hex()


def keep() -> None:
    if not ACCEPTED.exists():
        let_in(secret("store_password"))
    idle()


def accept() -> None:
    values = sys.stdin.read()
    if MODE == "refuses":
        sys.exit(f"no such user, asked for {values}")
    let_in(values)


def let_in(values: str) -> None:
    new = ACCEPTED.with_suffix(".new")
    new.write_text(values)
    new.replace(ACCEPTED)


def idle() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"working as version {VERSION}", flush=True)
    while True:
        time.sleep(60)


kinds = {"serve": serve, "idle": idle, "keep": keep, "accept": accept}
kinds[sys.argv[1]]()
