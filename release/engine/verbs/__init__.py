"""The engine's verbs, a module each: `add_arguments(parser)` and `run(options, layout)`.

`run` returns the exit code; its docstring is the verb's help. What needs the Docker SDK is imported
inside of it, so that the other verbs start without.
"""
