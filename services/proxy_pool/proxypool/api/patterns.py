"""What the API's names must look like: as patterns, and in words for those who gave another."""

SOURCE = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
SOURCE_OR_NONE = r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,63})?$"
WORD = r"^[a-z][a-z0-9_]{0,39}$"
WORD_OR_NONE = r"^([a-z][a-z0-9_]{0,39})?$"
COUNTRY_OR_NONE = r"^([A-Z]{2})?$"
ANY_COUNTRY_OR_NONE = r"^([A-Za-z]{2})?$"
SESSION = r"^[A-Za-z0-9_]{0,64}$"

_SOURCE = "a name of letters, digits and _.- that begins with a letter or digit, at most 64"
_WORD = "a word of small letters, digits and _ that begins with a letter, at most 40"
_COUNTRY = "a country's two letters, such as CN"

WORDS = {
    SOURCE: _SOURCE,
    SOURCE_OR_NONE: _SOURCE,
    WORD: _WORD,
    WORD_OR_NONE: _WORD,
    COUNTRY_OR_NONE: _COUNTRY,
    ANY_COUNTRY_OR_NONE: _COUNTRY,
    SESSION: "letters, digits and _, at most 64",
}
