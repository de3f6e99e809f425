"""What goes wrong with a test host."""


class TestHostError(RuntimeError):
    """A test host could not be built, started or reached; the message says what was tried."""

    __test__ = False  # the name begins with Test, but pytest has nothing to collect here
