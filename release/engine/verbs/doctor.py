"""`doctor`: what is wrong on this host, and what to do about it."""

from __future__ import annotations

import argparse
import json
import time

from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `doctor` may be told."""
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Look for what is known to go wrong; exit 0 if all is well, 3 if something needs attention,
    1 if something is broken."""
    from engine.doctor.examination import examine
    from engine.doctor.finding import EXIT_CODES, worst
    from engine.status import require_current

    findings = examine(layout, require_current(layout))
    level = worst(findings)
    if options.json:
        found = [each.as_json() for each in findings]
        print(json.dumps({"level": level, "time_s": time.time(), "findings": found}))
    else:
        for each in findings:
            todo = f"; do: {each.do}" if each.do else ""
            print(f"{each.level:9}  {each.check:9}  {each.says}{todo}")
    return EXIT_CODES[level]
