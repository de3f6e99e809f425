"""Entry point of the zipapp and of `python -m engine`."""

import sys
from pathlib import Path

from engine.cli import main

if __name__ == "__main__":
    # Runs start others of this archive, and a detached one is in another folder by then.
    sys.argv[0] = str(Path(sys.argv[0]).absolute())
    sys.exit(main())
