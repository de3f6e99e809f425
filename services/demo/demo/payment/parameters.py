"""Reading what merchants send: the gateway's parameters, and the fields of `biz_content`."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from demo.payment.answers import RefusedError, failed, invalid

MAX_BYTES = 64 * 1024
MAX_PARAMETERS = 100
MAX_FEN = 10_000_000_000
CHINA = timezone(timedelta(hours=8))
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
_AMOUNT = re.compile(r"(\d{1,9})(?:\.(\d{1,2}))?", re.ASCII)
_NUMBER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EXPRESS = re.compile(r"(\d{1,5})([mhd])|1c", re.ASCII)
_EXPRESS_S = {"m": 60, "h": 3600, "d": 86400}
_LONGEST_EXPRESS_S = 15 * 86400


def read_parameters(query: bytes, body: bytes) -> dict[str, str]:
    """The parameters of a request, from its query and its form. Raises RefusedError.

    Some SDKs repeat a parameter of the query in the form; what comes twice must be the same.
    """
    values: dict[str, str] = {}
    for text in (query, body):
        try:
            pairs = parse_qsl(
                text.decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MAX_PARAMETERS,
            )
        except UnicodeDecodeError as error:
            raise invalid("isv.invalid-charset", "字符集错误，请使用 utf-8") from error
        except ValueError as error:
            raise invalid("isv.invalid-parameter", "参数过多") from error
        for name, value in pairs:
            if values.get(name, value) != value:
                raise invalid("isv.invalid-parameter", f"参数重复：{name[:40]}")
            values[name] = value
    return values


def show_time(moment: datetime) -> str:
    """As Alipay writes times: in China's."""
    return moment.astimezone(CHINA).strftime(_TIME_FORMAT)


def read_time(text: str) -> datetime:
    """A time as Alipay writes it. Raises ValueError."""
    if len(text) != len("2026-01-01 00:00:00") or not text.isascii():
        raise ValueError(text)
    return datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=CHINA)


def show_amount(fen: int) -> str:
    """Hundredths of a yuan as Alipay writes them."""
    return f"{fen // 100}.{fen % 100:02d}"


def read_url(text: str) -> SplitResult:
    """A URL that can be posted or sent to. Raises ValueError."""
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or "@" in url.netloc:
        raise ValueError(text)
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > 1024:
        raise ValueError(text)
    _ = url.port  # raises ValueError where it is none
    return url


class BizContent:
    """The business fields of a request, read one by one. What is wrong raises RefusedError."""

    def __init__(self, text: str) -> None:
        try:
            # Amounts come as numbers too: their text is kept as it was written.
            fields = json.loads(
                text, parse_int=str, parse_float=str, parse_constant=_refuse_constant
            )
        except (ValueError, RecursionError) as error:
            raise invalid("isv.invalid-parameter", "biz_content 不是合法的 JSON") from error
        if not isinstance(fields, dict):
            raise invalid("isv.invalid-parameter", "biz_content 不是 JSON 对象")
        self._fields: Mapping[str, Any] = fields

    def text(self, name: str, max_length: int = 256, default: str | None = None) -> str:
        """A text on one line; a missing one is `default`, or refused where that is None."""
        value = self._fields.get(name)
        if value is None or value == "":
            if default is None:
                raise _wrong(name, "不能为空")
            return default
        if not isinstance(value, str) or len(value) > max_length or not value.isprintable():
            raise _wrong(name, f"应为不超过 {max_length} 个字符的单行文本")
        return value

    def number(self, name: str, default: str | None = None) -> str:
        """An order's or a request's number: letters, digits, `_` and `-`."""
        value = self.text(name, 64, default)
        if value and not _NUMBER.fullmatch(value):
            raise _wrong(name, "应由字母、数字、下划线组成，最长 64 位")
        return value

    def fen(self, name: str) -> int:
        """An amount in hundredths of a yuan, from 0.01 to 100,000,000 yuan."""
        match = _AMOUNT.fullmatch(self.text(name, 12))
        if match is None:
            raise _wrong(name, "应为最多两位小数的金额")
        fen = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
        if not 0 < fen <= MAX_FEN:
            raise _wrong(name, "取值范围 [0.01,100000000]")
        return fen

    def expires_in_s(self, default_s: float) -> float:
        """Seconds until an unpaid trade is closed: by `time_expire`, else by `timeout_express`."""
        now = datetime.now(UTC)
        if at := self.text("time_expire", 19, ""):
            try:
                left_s = (read_time(at) - now).total_seconds()
            except ValueError as error:
                raise _wrong("time_expire", "格式应为 yyyy-MM-dd HH:mm:ss") from error
            if not 0 < left_s <= _LONGEST_EXPRESS_S:
                raise _wrong("time_expire", "应晚于当前时间，且不超过 15 天")
            return left_s
        express = self.text("timeout_express", 6, "")
        if not express:
            return default_s
        match = _EXPRESS.fullmatch(express)
        if match is None:
            raise _wrong("timeout_express", "取值范围：1m～15d 或 1c")
        if express == "1c":  # until the end of the day
            today = now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
            return (today + timedelta(days=1) - now).total_seconds()
        seconds = int(match[1]) * _EXPRESS_S[match[2]]
        if not 0 < seconds <= _LONGEST_EXPRESS_S:
            raise _wrong("timeout_express", "取值范围：1m～15d 或 1c")
        return seconds


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and the like are no JSON


def _wrong(name: str, what: str) -> RefusedError:
    return failed("ACQ.INVALID_PARAMETER", f"参数无效：{name} {what}")
