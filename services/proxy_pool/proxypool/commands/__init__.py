"""The commands of `proxypool`, a module each.

Each has `HELP`, `add_arguments(parser)` where it has any, and `run(settings, arguments)`, which
gives the process's exit code.
"""
