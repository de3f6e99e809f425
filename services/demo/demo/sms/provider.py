"""Dysmsapi, version 2017-05-25: SendSms, and where its messages go."""

import json
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

from demo.settings import Settings
from demo.sms.credentials import Credentials
from demo.sms.inbox import Inbox, Message, plain_phone
from demo.sms.limits import Limits
from demo.sms.refusals import bad_request, missing, not_found, not_sent

VERSION = "2017-05-25"
_MAX_PHONES = 1000
_MAX_PARAM_LENGTH = 35
_MAX_PARAMS = 50
_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9_]{1,40})\}")


class Provider:
    """The SMS provider."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._credentials = Credentials(settings)
        self._limits = Limits(settings.sms_limits)
        self.inbox = Inbox(settings.sms_inbox_size)

    def answer(self, method: str, values: Mapping[str, str]) -> dict[str, str]:
        """Do what is asked, by GET or POST. Raises RefusedError."""
        if values.get("Format", "JSON").upper() != "JSON":
            raise bad_request("InvalidFormat", "Specified format is not supported: expected JSON.")
        if not values.get("Action"):
            raise missing("Action")
        if values.get("Version") != VERSION:
            raise bad_request("InvalidVersion", "Specified parameter Version is not valid.")
        if values["Action"] != "SendSms":
            raise not_found(
                "InvalidAction.NotFound",
                "Specified api is not found, please check your url and method.",
            )
        self._credentials.check(method, values)
        for name in ("PhoneNumbers", "SignName", "TemplateCode"):
            if not values.get(name):
                raise missing(name)
        return {"Message": "OK", "BizId": self._send(values), "Code": "OK"}

    def _send(self, values: Mapping[str, str]) -> str:
        """The number under which the messages went."""
        if values["SignName"] != self._settings.sms_sign_name:
            raise not_sent("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
        template = self._settings.sms_templates.get(values["TemplateCode"])
        if template is None:
            raise not_sent("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
        params = _read_params(values.get("TemplateParam", ""))
        text = f"【{self._settings.sms_sign_name}】{_fill(template, params)}"
        phones = _read_phones(values["PhoneNumbers"])
        for phone in phones:
            self._limits.check(phone)
        biz_id = f"{secrets.randbelow(10**18):018d}^0"
        moment = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        for phone in phones:
            self._limits.note(phone)
            self.inbox.put(
                Message(
                    phone,
                    values["SignName"],
                    values["TemplateCode"],
                    params,
                    text,
                    biz_id,
                    moment,
                )
            )
        return biz_id


def _read_phones(text: str) -> list[str]:
    parts = text.split(",")
    if len(parts) > _MAX_PHONES:
        raise not_sent("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制")
    phones = [plain_phone(part) for part in parts]
    if any(phone is None for phone in phones):
        raise not_sent("isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式错误")
    return list(dict.fromkeys(phone for phone in phones if phone))


def _read_params(text: str) -> dict[str, str]:
    """The values of a template's variables."""
    try:
        params = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise not_sent("isv.INVALID_JSON_PARAM", "参数格式错误，请修改为字符串值") from error
    if not isinstance(params, dict) or not all(
        isinstance(value, str) and _is_text(value) and _is_text(name)
        for name, value in params.items()
    ):
        raise not_sent("isv.INVALID_JSON_PARAM", "参数格式错误，请修改为字符串值")
    longest = max(map(len, [*params, *params.values()]), default=0)
    if longest > _MAX_PARAM_LENGTH or len(params) > _MAX_PARAMS:
        raise not_sent("isv.PARAM_LENGTH_LIMIT", "参数超过长度限制")
    if any("://" in value for value in params.values()):
        raise not_sent("isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入URL")
    return params


def _is_text(text: str) -> bool:
    """Whether it can be written: JSON can name halves of characters, which cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fill(template: str, params: Mapping[str, str]) -> str:
    needed = set(_PLACEHOLDER.findall(template))
    if needed - set(params):
        raise not_sent("isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少对应参数值")
    return _PLACEHOLDER.sub(lambda match: params[match[1]], template)
