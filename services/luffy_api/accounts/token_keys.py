"""Tokens that were signed with the key of before are good until they end, as all that Django signs.

simplejwt knows one key alone, and has no setting for what checks tokens.
"""

from typing import Any

import jwt
from django.conf import settings
from rest_framework_simplejwt import state
from rest_framework_simplejwt.backends import TokenBackend


class TokenBackendWithOldKeys(TokenBackend):
    """Signs with `SECRET_KEY`, and believes `SECRET_KEY_FALLBACKS` as well."""

    def get_verifying_key(self, token: Any) -> Any:
        """The key that the token was signed with; that of new ones where it is none of ours."""
        for key in (self.signing_key, *settings.SECRET_KEY_FALLBACKS):
            prepared = self._prepare_key(key)
            try:
                jwt.PyJWS().decode(token, prepared, algorithms=[self.algorithm])
            except jwt.InvalidTokenError:
                continue
            return prepared
        return super().get_verifying_key(token)


def believe_old_keys() -> None:
    """Have every token checked so, from now on."""
    known = state.token_backend
    state.token_backend = TokenBackendWithOldKeys(
        known.algorithm,
        known.signing_key,
        known.verifying_key,
        known.audience,
        known.issuer,
        leeway=known.leeway,
        json_encoder=known.json_encoder,
    )
