"""Who may send: the key, the signature, the time and the nonce of a request."""

import hmac
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from demo.settings import Settings
from demo.sms.refusals import bad_request, missing, not_found
from demo.sms.signature import sign, signed_text

_TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_TOLERANCE_S = 15 * 60
_MAX_NONCES = 20_000
_MAX_NONCE_LENGTH = 128
_REQUIRED = ("AccessKeyId", "Signature", "SignatureNonce", "Timestamp")


class Credentials:
    """Verifies requests, and remembers their nonces for as long as their time is accepted."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._nonces: dict[str, float] = {}

    def check(self, method: str, values: Mapping[str, str]) -> None:
        """Verify who asks. Raises RefusedError."""
        for name in _REQUIRED:
            if not values.get(name):
                raise missing(name)
        if values["AccessKeyId"] != self._settings.sms_access_key_id:
            raise not_found("InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        if not self._settings.sms_access_key_secret:
            raise bad_request("InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
        if values.get("SignatureMethod") != "HMAC-SHA1" or values.get("SignatureVersion") != "1.0":
            raise bad_request(
                "InvalidSignatureMethod",
                "Specified signature method is not supported: expected HMAC-SHA1, version 1.0.",
            )
        self._check_time(values["Timestamp"])
        text = signed_text(method, values)
        expected = sign(self._settings.sms_access_key_secret, text)
        if not hmac.compare_digest(expected.encode(), values["Signature"].encode()):
            raise bad_request(
                "SignatureDoesNotMatch",
                "Specified signature is not matched with our calculation. "
                f"server string to sign is:{text}",
            )
        self._use_nonce(values["SignatureNonce"])

    def _check_time(self, text: str) -> None:
        try:
            if len(text) != len("2026-01-01T00:00:00Z"):
                raise ValueError(text)
            moment = datetime.strptime(text, _TIMESTAMP_FORMAT).replace(tzinfo=UTC)
        except ValueError as error:
            raise bad_request(
                "InvalidTimeStamp.Format",
                "Specified time stamp or date value is not well formatted.",
            ) from error
        if abs((datetime.now(UTC) - moment).total_seconds()) > _TOLERANCE_S:
            raise bad_request(
                "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."
            )

    def _use_nonce(self, nonce: str) -> None:
        now_s = time.monotonic()
        while self._nonces:
            oldest, used_s = next(iter(self._nonces.items()))
            # A request is accepted from a quarter of an hour early to a quarter of an hour late.
            if now_s - used_s <= 2 * _TOLERANCE_S and len(self._nonces) < _MAX_NONCES:
                break
            del self._nonces[oldest]
        if len(nonce) > _MAX_NONCE_LENGTH:
            raise bad_request("InvalidSignatureNonce", "Specified signature nonce is too long.")
        if nonce in self._nonces:
            raise bad_request("SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces[nonce] = now_s
