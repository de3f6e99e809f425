"""The second step of staff's login: a code of the phone, or one of the backup codes."""
