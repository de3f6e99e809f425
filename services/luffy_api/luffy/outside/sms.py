"""Texts a code to a phone through Alibaba Cloud SMS (Dysmsapi, version 2017-05-25, RPC style).

https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism
"""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from luffy.environment import SmsSettings
from luffy.outside.circuit import Circuit
from luffy.outside.client import Answer, OutsideClient
from luffy.outside.failures import BadAnswerError, RefusedError

OK = "OK"
# What the provider says of one number; any other refusal is of our account or our settings.
_OF_THE_PHONE = frozenset(
    {
        "isv.BLACK_KEY_CONTROL_LIMIT",
        "isv.BUSINESS_LIMIT_CONTROL",
        "isv.DAY_LIMIT_CONTROL",
        "isv.MOBILE_COUNT_OVER_LIMIT",
        "isv.MOBILE_NUMBER_ILLEGAL",
    }
)

# Three failures and it is left alone for half a minute: a visitor is told at once meanwhile.
sms_circuit = Circuit(failures=3, open_s=30)
sms_client = OutsideClient("sms", sms_circuit, connect_timeout_s=2, read_timeout_s=4)


def send_code(settings: SmsSettings, phone: str, code: str) -> None:
    """Text `code` to `phone`.

    The form is the body of a POST: keys and numbers in a query would end in the logs of proxies.

    Raises:
        RefusedError: the provider does not text this phone; its word for why is in `code`.
        NotReachedError, CircuitOpenError: nothing was sent.
        NoAnswerError, BadAnswerError: it may have been sent, or our account was refused.
    """
    form = {
        "AccessKeyId": settings.access_key_id,
        "Action": "SendSms",
        "Format": "JSON",
        "PhoneNumbers": phone,
        "RegionId": "cn-hangzhou",
        "SignName": settings.sign_name,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": uuid.uuid4().hex,
        "SignatureVersion": "1.0",
        "TemplateCode": settings.template_code,
        "TemplateParam": json.dumps({"code": code}),
        "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Version": "2017-05-25",
    }
    form["Signature"] = signature("POST", form, settings.access_key_secret)
    sms_client.call("POST", settings.url, form, _check)


def _check(answer: Answer) -> None:
    try:
        found = str(json.loads(answer.body)["Code"])
    except (ValueError, KeyError, TypeError):
        raise BadAnswerError(f"HTTP {answer.status} without the JSON field Code") from None
    if found in _OF_THE_PHONE:
        raise RefusedError(found)
    if found != OK:
        # Printable and short, whoever wrote it: it goes into the log.
        raise BadAnswerError(f"refused with {found[:80]!a}")


def signature(method: str, parameters: Mapping[str, str], secret: str) -> str:
    """The signature, version 1.0, of all `parameters` but itself."""
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in parameters.items())
    canonical = "&".join(f"{name}={value}" for name, value in pairs)
    text = f"{method}&{_encoded('/')}&{_encoded(canonical)}"
    digest = hmac.digest(f"{secret}&".encode(), text.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
