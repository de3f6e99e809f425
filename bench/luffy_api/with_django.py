"""Runs a program of this folder with Django set up: with_django.py fill 1000 3000.

Its module is imported after the set-up, as models have to be.
"""

import sys
from importlib import import_module

import django


def main() -> None:
    """Run it, with the words behind its name."""
    django.setup()
    import_module(sys.argv[1]).main(*sys.argv[2:])


if __name__ == "__main__":
    main()
