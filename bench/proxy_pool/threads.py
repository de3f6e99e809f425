"""Baseline A: checks as the tutorials write them, `requests` in 20 threads.

For each proxy one GET over HTTP and one over HTTPS, as many a pool does it. Reads proxies from
standard input, one a line; prints one JSON object.

    threads.py --http-url URL --https-url URL --timeout SECONDS [--threads 20]
"""

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests
import urllib3


def answers(url: str, proxy: str, timeout_s: float) -> bool:
    """Whether `url` answers 200 through the HTTP proxy at `proxy` (host:port)."""
    proxies = {"http": f"http://{proxy}", "https": f"http://{proxy}"}
    try:
        with requests.get(url, proxies=proxies, timeout=timeout_s, verify=False) as response:  # noqa: S501  as the tutorials do
            return response.status_code == 200
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
        return False


def main() -> None:
    """Check every proxy of standard input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--http-url", required=True)
    parser.add_argument("--https-url", required=True)
    parser.add_argument("--timeout", type=float, required=True)
    parser.add_argument("--threads", type=int, default=20)
    options = parser.parse_args()
    urllib3.disable_warnings()
    proxies = sys.stdin.read().split()

    def check(proxy: str) -> tuple[bool, bool]:
        return (
            answers(options.http_url, proxy, options.timeout),
            answers(options.https_url, proxy, options.timeout),
        )

    started = time.monotonic()
    with ThreadPoolExecutor(options.threads) as threads:
        verdicts = list(threads.map(check, proxies))
    took_s = time.monotonic() - started
    print(
        json.dumps(
            {
                "verdicts": len(verdicts),
                "seconds": round(took_s, 2),
                "verdicts_per_s": round(len(verdicts) / took_s, 1),
                "http": sum(http for http, _ in verdicts),
                "https": sum(https for _, https in verdicts),
            }
        )
    )


if __name__ == "__main__":
    main()
