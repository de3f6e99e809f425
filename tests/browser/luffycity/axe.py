"""axe-core, run within a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests.local_deployment import docker

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules whose outcome another theme can change."""
RUN = """async (options) => {
  const { violations } = await axe.run(document, { ...options, resultTypes: ['violations'] })
  return violations.map(({ id, impact, help, nodes }) => ({
    id, impact, help, at: nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`),
  }))
}"""


@cache
def source(image: str) -> str:
    """axe-core's script, out of the image of the audits."""
    return docker(
        "run", "--rm", "--network", "none", "--entrypoint", "cat", image,
        "node_modules/axe-core/axe.min.js",
    )  # fmt: skip


@dataclass
class Axe:
    """Looks at a page and keeps what it found."""

    image: str
    found: dict[str, list[str]] = field(default_factory=dict)
    """The violations of each rule, each with the places where it was seen."""

    def words(self) -> str:
        """All that was found, a place a line."""
        return "\n".join(f"{rule}\n  " + "\n  ".join(at) for rule, at in self.found.items())

    def look(self, page: Page, where: str, *, colours_alone: bool = False) -> None:
        """Audit the page as it stands."""
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(source(self.image))
        only = (
            {"type": "rule", "values": COLOURS}
            if colours_alone
            else {"type": "tag", "values": TAGS}
        )
        violations: list[dict[str, Any]] = page.evaluate(RUN, {"runOnly": only})
        for one in violations:
            rule = f"{one['id']} ({one['impact']}): {one['help']}"
            self.found.setdefault(rule, []).extend(f"{where}: {place}" for place in one["at"])
