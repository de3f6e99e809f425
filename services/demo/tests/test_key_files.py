"""Keys and secrets in files: read in every form they come in, refused with a reason."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from demo.key_files import BadFileError, read_private_key, read_public_key, read_secret
from demo.settings import ConfigurationError, load

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SMALL = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  refused
CURVE = ec.generate_private_key(ec.SECP256R1())
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
PKCS8, PKCS1 = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
X509, RSA = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1
OPEN = serialization.NoEncryption()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "key"


@pytest.mark.parametrize("form", [PKCS8, PKCS1])
def test_a_private_key_is_read(form: serialization.PrivateFormat, path: Path) -> None:
    path.write_bytes(KEY.private_bytes(PEM, form, OPEN))
    assert read_private_key(str(path)).private_numbers() == KEY.private_numbers()
    path.write_bytes(base64.encodebytes(KEY.private_bytes(DER, form, OPEN)))
    assert read_private_key(str(path)).private_numbers() == KEY.private_numbers()


@pytest.mark.parametrize("form", [X509, RSA])
def test_a_public_key_is_read(form: serialization.PublicFormat, path: Path) -> None:
    path.write_bytes(KEY.public_key().public_bytes(PEM, form))
    assert read_public_key(str(path)) == KEY.public_key()
    path.write_bytes(base64.b64encode(KEY.public_key().public_bytes(DER, form)))
    assert read_public_key(str(path)) == KEY.public_key()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----",
        b"\xff" * 100,
        b"A" * 70_000,
        SMALL.public_key().public_bytes(PEM, X509),
        SMALL.private_bytes(PEM, PKCS8, OPEN),
        CURVE.public_key().public_bytes(PEM, X509),
        CURVE.private_bytes(PEM, PKCS8, OPEN),
        KEY.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"word")),
    ],
)
def test_all_else_is_refused_without_telling_it(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    for read in (read_private_key, read_public_key):
        with pytest.raises(BadFileError) as caught:
            read(str(path))
        assert str(path) in str(caught.value)
        assert len(str(caught.value)) < 200


def test_what_explains_a_key_may_stand_before_it(path: Path) -> None:
    path.write_bytes(b"# Made on a day\n" + KEY.private_bytes(PEM, PKCS8, OPEN))
    assert read_private_key(str(path)).private_numbers() == KEY.private_numbers()
    path.write_bytes(b"# Made on a day\n" + KEY.public_key().public_bytes(PEM, X509))
    assert read_public_key(str(path)) == KEY.public_key()


def test_a_pair_of_keys_is_made_by_commands(path: Path) -> None:
    private, again = (_demo("private-key") for _ in range(2))
    assert private.returncode == 0
    assert private.stdout != again.stdout
    public = _demo("public-key", b"# Made on a day\n" + private.stdout)
    assert public.returncode == 0, public.stderr
    path.write_bytes(private.stdout)
    made = read_private_key(str(path))
    path.write_bytes(public.stdout)
    assert read_public_key(str(path)) == made.public_key()


@pytest.mark.parametrize("given", [b"", b"x", KEY.public_key().public_bytes(PEM, X509)])
def test_no_public_key_is_made_of_something_else(given: bytes) -> None:
    done = _demo("public-key", given)
    assert (done.returncode, done.stdout) == (65, b"")
    assert b"expected a private key in PEM" in done.stderr


def _demo(command: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "demo", command],
        input=given,
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("content", [b"", b" \n", b"a b", b"a\nb", "é".encode(), b"x" * 70_000])
def test_a_bad_secret_is_refused(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(BadFileError):
        read_secret(str(path))


def test_a_secret_is_one_line_and_not_shown(path: Path) -> None:
    path.write_text("s3cret/+=\n")
    settings = load({"SMS_ACCESS_KEY_SECRET_FILE": str(path)})
    assert settings.sms_access_key_secret == "s3cret/+="
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    "name",
    ["PAYMENT_MERCHANT_PUBLIC_KEY_FILE", "PAYMENT_PRIVATE_KEY_FILE", "SMS_ACCESS_KEY_SECRET_FILE"],
)
def test_a_file_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load({name: "/nowhere/key"})
    (line,) = caught.value.lines
    assert line.startswith(f"{name}: expected a file with ")
    assert "found '/nowhere/key': No such file or directory. What to do: " in line
