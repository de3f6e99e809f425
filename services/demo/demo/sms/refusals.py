"""What the provider refuses. Errors of the RPC gateway have HTTP statuses of their own; errors of
the SMS service itself are answered with 200, as Dysmsapi does."""


class RefusedError(Exception):
    """A request is refused, with the provider's code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    @property
    def is_gateways(self) -> bool:
        """Whether the RPC gateway refused it, before the SMS service saw it."""
        return self.status != 200


def missing(name: str) -> RefusedError:
    """A parameter is missing."""
    return RefusedError(400, f"Missing{name}", f"{name} is mandatory for this action.")


def bad_request(code: str, message: str) -> RefusedError:
    """The gateway does not take it."""
    return RefusedError(400, code, message)


def not_found(code: str, message: str) -> RefusedError:
    """The gateway does not know what is named."""
    return RefusedError(404, code, message)


def not_sent(code: str, message: str) -> RefusedError:
    """The SMS service does not send it."""
    return RefusedError(200, code, message)
