"""`python -m proxypool` is the command `proxypool`."""

from proxypool.command import main

raise SystemExit(main())
