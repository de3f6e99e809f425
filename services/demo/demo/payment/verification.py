"""Whose request it is, and whether it has what every request must have."""

import logging
from collections.abc import Collection, Mapping

from demo.payment.answers import invalid, missing
from demo.payment.parameters import read_time, read_url
from demo.payment.signing import signed_text, verify
from demo.settings import Settings

log = logging.getLogger(__name__)

_SHOWN_CHARACTERS = 2000
_REQUIRED = {
    "sign": ("isv.missing-signature", "缺少签名参数"),
    "sign_type": ("isv.missing-signature-type", "缺少签名类型参数"),
    "timestamp": ("isv.missing-timestamp", "缺少时间戳参数"),
    "version": ("isv.missing-version", "缺少版本参数"),
    "charset": ("isv.missing-charset", "缺少字符集参数"),
    "biz_content": ("isv.missing-parameter", "缺少参数 biz_content"),
}


def check_request(values: Mapping[str, str], settings: Settings, methods: Collection[str]) -> None:
    """Verify the application, the method, the signature and the form. Raises RefusedError."""
    if not values.get("app_id"):
        raise missing("isv.missing-app-id", "缺少AppID参数")
    if values["app_id"] != settings.payment_app_id:
        raise invalid("isv.invalid-app-id", "无效的AppID参数")
    if not values.get("method"):
        raise missing("isv.missing-method", "缺少方法名参数")
    if values["method"] not in methods:
        raise invalid("isv.invalid-method", "不存在的方法名")
    for name, (sub_code, sub_msg) in _REQUIRED.items():
        if not values.get(name):
            raise missing(sub_code, sub_msg)
    _check_signature(values, settings)
    if values["version"] != "1.0":
        raise invalid("isv.invalid-version", "版本错误，应为 1.0")
    if values.get("format", "JSON").upper() != "JSON":
        raise invalid("isv.invalid-format", "无效的数据格式，只支持 JSON")
    try:
        read_time(values["timestamp"])
    except ValueError as error:
        raise invalid("isv.invalid-timestamp", "时间戳格式应为 yyyy-MM-dd HH:mm:ss") from error


def check_addresses(notify_url: str, return_url: str, notify_hosts: Collection[str]) -> None:
    """No open relay: only the merchant's hosts are told. Raises RefusedError."""
    for name, text in (("notify_url", notify_url), ("return_url", return_url)):
        try:
            url = read_url(text) if text else None
        except ValueError as error:
            raise invalid("isv.invalid-parameter", f"{name} 不是合法的地址") from error
        if url is None or name != "notify_url":
            continue
        host = (url.hostname or "").rstrip(".")
        port = url.port or (443 if url.scheme == "https" else 80)
        if host not in notify_hosts and f"{host}:{port}" not in notify_hosts:
            raise invalid(
                "isv.invalid-parameter",
                f"notify_url: expected a host of PAYMENT_NOTIFY_HOSTS; found {host}:{port}",
            )


def _check_signature(values: Mapping[str, str], settings: Settings) -> None:
    if values["sign_type"] != "RSA2":
        raise invalid("isv.invalid-signature-type", "无效的签名类型，只支持 RSA2")
    if values["charset"].lower() != "utf-8":
        raise invalid("isv.invalid-charset", "字符集错误，请使用 utf-8")
    key = settings.payment_merchant_public_key
    if key is None:
        raise missing("isv.missing-signature-key", "缺少签名配置")
    text = signed_text(values, with_sign_type=True)
    if not verify(key, text, values["sign"]):
        log.warning(
            "a signature does not match the merchant's public key; what was verified: %r",
            text[:_SHOWN_CHARACTERS],
        )
        raise invalid(
            "isv.invalid-signature", "验签出错，请检查签名字符串或签名私钥与应用公钥是否匹配"
        )
