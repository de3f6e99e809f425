"""How passwords are hashed."""

import threading

from django.contrib.auth.hashers import Argon2PasswordHasher

# Each hashing takes memory_cost; more at once would only wait for the same cores.
_one_at_a_time = threading.Lock()


class FrugalArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with OWASP's first recommendation: 19 MiB, two passes, one lane.

    Django's own 100 MiB and eight threads each would end the container after a few logins at once.
    A password that was hashed otherwise is hashed anew when its owner logs in.
    https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
    """

    memory_cost = 19456  # KiB
    time_cost = 2
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """The hash that is stored."""
        with _one_at_a_time:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Whether `encoded` is of this password."""
        with _one_at_a_time:
            return super().verify(password, encoded)
