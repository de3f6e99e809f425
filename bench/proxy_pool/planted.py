"""Asks the farm what it planted at its loopback addresses, and waits for it to be up.

Writes the whole truth to the file named, as one JSON array; prints the proxies' names, one a line.

    planted.py TRUTH_JSON [--farm http://127.0.0.1:8009]
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import requests

_PAGE = 5000
_UP_WITHIN_S = 60.0


def wait_for(farm: str) -> None:
    """Wait until the farm answers. Raises its last error after a minute."""
    deadline = time.monotonic() + _UP_WITHIN_S
    while True:
        try:
            requests.get(f"{farm}/healthz", timeout=5).raise_for_status()
        except requests.RequestException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def truth(farm: str) -> list[dict[str, Any]]:
    """All proxies at loopback addresses."""
    planted: list[dict[str, Any]] = []
    while True:
        query = {"offset": len(planted), "limit": _PAGE}
        answer = requests.get(f"{farm}/farm/wide/", params=query, timeout=60)
        answer.raise_for_status()
        page = answer.json()["proxies"]
        planted += page
        if not page:
            return planted


def main() -> None:
    """Fetch and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--farm", default="http://127.0.0.1:8009")
    options = parser.parse_args()
    wait_for(options.farm)
    planted = truth(options.farm)
    options.truth.write_text(json.dumps(planted))
    print("\n".join(entry["proxy"] for entry in planted))


if __name__ == "__main__":
    main()
