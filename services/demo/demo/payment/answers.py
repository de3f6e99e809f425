"""The gateway's answers: Alipay's codes, and JSON whose object is signed as it stands."""

import json
from typing import Any

from demo.payment.signing import Signer

_MESSAGES = {
    "20000": "Service Currently Unavailable",
    "40001": "Missing Required Arguments",
    "40002": "Invalid Arguments",
    "40004": "Business Failed",
}


class RefusedError(Exception):
    """What is asked is refused; `fields` stand in the answer besides the codes."""

    def __init__(self, code: str, sub_code: str, sub_msg: str, **fields: str) -> None:
        super().__init__(f"{code} {sub_code}: {sub_msg}")
        self.code = code
        self.sub_code = sub_code
        self.sub_msg = sub_msg
        self.fields = fields

    def as_answer(self) -> dict[str, Any]:
        """The object of the answer."""
        return {
            "code": self.code,
            "msg": _MESSAGES[self.code],
            "sub_code": self.sub_code,
            "sub_msg": self.sub_msg,
            **self.fields,
        }


def missing(sub_code: str, sub_msg: str) -> RefusedError:
    """A parameter of the gateway is missing."""
    return RefusedError("40001", sub_code, sub_msg)


def invalid(sub_code: str, sub_msg: str) -> RefusedError:
    """A parameter of the gateway is wrong."""
    return RefusedError("40002", sub_code, sub_msg)


def failed(sub_code: str, sub_msg: str, **fields: str) -> RefusedError:
    """What the request is about does not permit it."""
    return RefusedError("40004", sub_code, sub_msg, **fields)


def succeeded(**fields: object) -> dict[str, Any]:
    """The object of an answer to what was done."""
    return {"code": "10000", "msg": "Success", **fields}


def as_text(name: str, answer: dict[str, Any], signer: Signer | None) -> str:
    """The whole answer. The signature is over the exact text of the object under `name`."""
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    if signer is None:
        return f'{{"{name}":{text}}}'
    return f'{{"{name}":{text},"sign":"{signer.sign(text)}"}}'
