"""Writes the options table of each role's README from its argument specs.

`scripts/role-docs` writes them; `scripts/role-docs --check` says which are not up to date.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
START, END = "<!-- options:start -->", "<!-- options:end -->"


def options_table(role: Path) -> str:
    """Return the Markdown table of a role's options, with types, defaults and descriptions."""
    specs = yaml.safe_load((role / "meta/argument_specs.yml").read_text())["argument_specs"]
    rows = ["| variable | type | default | what it is |", "|---|---|---|---|"]
    for entry_point in specs.values():
        for name, option in (entry_point.get("options") or {}).items():
            row = f"| `{name}` | {kind(option)} | {default(option)} | {description(option)} |"
            if row not in rows:
                rows.append(row)
    return "\n".join(rows)


def kind(option: dict[str, Any]) -> str:
    """Return an option's type, with the type of its elements."""
    name = option.get("type", "str")
    return f"{name} of {option['elements']}" if "elements" in option else str(name)


def default(option: dict[str, Any]) -> str:
    """Return an option's default as code, or that it must be set."""
    if option.get("required"):
        return "must be set"
    value = option.get("default")
    if value is None or value == "":
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`".replace("|", "\\|")


def description(option: dict[str, Any]) -> str:
    """Return an option's description in one line, with its choices."""
    text = option.get("description", "")
    text = " ".join(text) if isinstance(text, list) else text
    text = re.sub(r"[CVO]\(([^)]*)\)", r"`\1`", " ".join(text.split()))
    if "choices" in option:
        text += " One of " + ", ".join(f"`{choice}`" for choice in option["choices"]) + "."
    return text.replace("|", "\\|")


def with_table(readme: str, table: str) -> str:
    """Return ``readme`` with ``table`` between its markers; raises ValueError without them."""
    if START not in readme or END not in readme:
        raise ValueError(f"expected the markers {START} and {END}")
    before, _, rest = readme.partition(START)
    return f"{before}{START}\n{table}\n{END}{rest.partition(END)[2]}"


def main() -> int:
    """Write or check every role's README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    stale = []
    for specs in sorted(REPOSITORY.glob("roles/*/meta/argument_specs.yml")):
        role = specs.parents[1]
        readme = role / "README.md"
        wanted = with_table(readme.read_text(), options_table(role))
        if wanted == readme.read_text():
            continue
        stale.append(str(readme.relative_to(REPOSITORY)))
        if not check:
            readme.write_text(wanted)
    for name in stale:
        print(f"{name}: {'out of date; do: run scripts/role-docs' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
