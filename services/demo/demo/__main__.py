"""`python -m demo` is the command `demo`."""

from demo.command import main

raise SystemExit(main())
