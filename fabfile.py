"""The operator's daily verbs. `fab --list` shows them, `fab VERB -h` explains one.

Each takes `--inventory FILE` (default: inventory.ini) and `--hosts a,b` (default: all of it). What
shows something is a table in a terminal and plain lines in a pipe, or with `--json` a list; what
changes something says with `--dry-run` what it would do.
"""

from __future__ import annotations

from operations.verbs import verbs

namespace = verbs()
