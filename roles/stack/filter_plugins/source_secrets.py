"""Ansible filters: the secrets that the operator gives to sources of the proxy pool.

One NAME is one file, proxy_pool_source_NAME, on the host below the folder of secrets and in the
scheduler's container below /run/secrets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

POOL_UID = 10006
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def source_secret_specs(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the files as the release engine takes them; raises AnsibleFilterError."""
    return [{"file": file, "uid": POOL_UID, "given": True} for file in _files(names)]


def source_secret_overlay(names: Sequence[str]) -> dict[str, Any]:
    """Return the Compose file that gives them to the scheduler, to be laid over the others."""
    files = _files(names)
    return {
        "services": {"proxy_pool_scheduler": {"secrets": files}},
        "secrets": {file: {"file": "${SECRETS_DIR}/" + file} for file in files},
    }


def _files(names: Sequence[str]) -> list[str]:
    for name in names:
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise AnsibleFilterError(
                "proxy_pool_source_secrets: expected names of small letters, digits, _ and -; "
                f"found {name!r}; do: rename the file and what names it"
            )
    return [f"proxy_pool_source_{name}" for name in names]


class FilterModule:
    """The filters, under their names."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters."""
        return {
            "source_secret_specs": source_secret_specs,
            "source_secret_overlay": source_secret_overlay,
        }
