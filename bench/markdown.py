"""Tables of the pages that measurements write."""

from collections.abc import Sequence


def table(header: list[str], rows: list[list[object]]) -> str:
    """A Markdown table."""
    lines: list[Sequence[object]] = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
