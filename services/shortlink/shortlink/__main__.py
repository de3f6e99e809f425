"""`python -m shortlink` is the command `shortlink`."""

from shortlink.command import main

raise SystemExit(main())
