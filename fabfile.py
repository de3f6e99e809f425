"""The operator's daily verbs. `fab --list` shows them, `fab VERB -h` explains one.

Each takes `--inventory FILE` (default: inventory.ini) and `--hosts a,b` (default: all of it). What
shows something is a table in a terminal and plain lines in a pipe, or with `--json` a list; what
changes something says with `--dry-run` what it would do.
"""

from __future__ import annotations

import signal
import sys

from invoke.exceptions import Exit

from operations.verb import BAD_USE
from operations.verbs import verbs

if "--" in sys.argv[1:]:
    # Fabric would run what follows on hosts of its own, and it knows none.
    raise Exit('--: expected a command in quotes: fab exec edge "haproxy -vv"; found --', BAD_USE)
if {"-h", "--help", "-l", "--list"} & {*sys.argv[1:]}:
    # Nothing but help is printed: where its reader is gone, as with `head`, that ends it silently.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
namespace = verbs()
