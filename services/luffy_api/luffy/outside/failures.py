"""What can go wrong with a service of others. No text of these holds a secret, nor an address."""


class OutsideError(Exception):
    """The service of others did not do what it was asked."""


class NotReachedError(OutsideError):
    """No connection was made: it was surely not done."""


class NoAnswerError(OutsideError):
    """The request was sent and no answer came in time: nobody knows whether it was done."""


class BadAnswerError(OutsideError):
    """What came is not an answer: a server's error, a redirection, or something too long."""


class CircuitOpenError(OutsideError):
    """It failed so often that it is left alone for a while; it was not asked."""


class RefusedError(OutsideError):
    """It answered that it will not do it; `code` is its own word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(f"refused with {code}")
        self.code = code
