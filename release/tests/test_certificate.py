"""The end of a certificate is read from the certificate itself, whoever made it."""

import base64
import warnings
from datetime import datetime, timezone
from pathlib import Path

import pytest
from bundle import sh
from certificates import DAY, SOME_END, made
from cryptography import x509
from cryptography.x509.oid import NameOID

from engine.doctor.certificate import end_of_first

BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
@pytest.mark.parametrize("year", [1999, 2027, 2049, 2050, 9999])
def test_the_end_is_read_to_the_second(kind: str, year: int) -> None:
    # From 2050 on a date has four digits for its year (RFC 5280, 4.1.2.5).
    end = SOME_END.replace(year=year)
    _, certificate = made(end, kind)
    assert end_of_first(certificate) == end.timestamp()


def test_the_first_of_a_chain_counts_wherever_its_key_is() -> None:
    key, own = made()
    _, authority = made(SOME_END + 3650 * DAY)
    for content in (key + own + authority, own + key + authority, b"subject=CN = a\n\n" + own):
        assert end_of_first(content) == SOME_END.timestamp()
    windows = (key + own).replace(b"\n", b"\r\n")
    assert end_of_first(windows) == SOME_END.timestamp()


@pytest.mark.parametrize("size", [1, 100, 300, 70_000])
def test_names_of_any_length_stand_before_it(size: int) -> None:
    # Their lengths take one byte, two, three and four.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Attribute's length must be")
        own = x509.NameAttribute(NameOID.COMMON_NAME, "n" * size, _validate=False)
    assert end_of_first(made(names=[own])[1]) == SOME_END.timestamp()


def test_one_of_openssl_and_of_the_first_version_is_read(tmp_path: Path) -> None:
    key, asked, file = (str(tmp_path / name) for name in ("key", "request", "certificate"))
    new = ("-newkey", "ed25519", "-nodes", "-subj", "/CN=a.test", "-keyout", key)
    sh("openssl", "req", *new, "-out", asked)
    # Without extensions it is of version 1, whose number is left out.
    sh("openssl", "x509", "-req", "-days", "90", "-in", asked, "-signkey", key, "-out", file)
    content = Path(file).read_bytes()
    assert x509.load_pem_x509_certificate(content).version == x509.Version.v1
    said = sh("openssl", "x509", "-noout", "-enddate", "-in", file).partition("=")[2]
    end = datetime.strptime(said, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=timezone.utc)
    assert end_of_first(content) == end.timestamp()


@pytest.mark.parametrize(
    "content", [b"", b"a password\n", made()[0], BEGIN, b"-----BEGIN PUBLIC KEY-----\nMCow\n"]
)
def test_what_is_none_has_no_end(content: bytes) -> None:
    assert end_of_first(content) is None


def test_a_damaged_one_is_said_without_what_is_in_it() -> None:
    der = base64.b64decode(b"".join(made()[1].splitlines()[1:-1]))
    # Cut off anywhere before the end of its dates, or with any byte of what stands there changed,
    # it is told or read, and nothing else happens.
    damaged = [der[:size] for size in range(1, 90)]
    damaged += [der[:at] + bytes([der[at] ^ 0xFF]) + der[at + 1 :] for at in range(90)]
    refusals = [refusal_of(base64.b64encode(each)) for each in damaged]
    assert set(refusals) == {"", "not a certificate, or damaged"}
    assert refusals.count("") < len(damaged) / 2
    assert refusal_of(b"not base64!") == "not a certificate, or damaged"


def refusal_of(written: bytes) -> str:
    try:
        end_of_first(BEGIN + written + b"\n" + END)
    except ValueError as error:
        return str(error)
    return ""
