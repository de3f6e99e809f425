"""Words of a text, as the search index has them: Latin ones whole, Chinese in ones and twos.

Chinese is written without spaces, so a run of its characters is indexed as each character and each
pair of neighbours; what is searched for is found where all its pairs are. Words are written in
letters and digits that MariaDB's full-text parser takes for one word, and with a prefix that makes
each longer than its shortest (`innodb_ft_min_token_size`, 3) and none of its stopwords.
"""

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 40
_WORD = re.compile(r"[^\W_]+[+#]*")
_CHINESE = re.compile(
    "([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+)"
)
"""Kana and Hangul too: they too run on without spaces, or with endings."""
_SIGNS = str.maketrans({"+": "plus", "#": "sharp"})


def index_words(text: str) -> list[str]:
    """Every word of `text`, each once, in order."""
    found: list[str] = []
    for is_chinese, run in _runs(text):
        if is_chinese:
            found += [*map(_encoded, run), *map(_encoded, _pairs(run))]
        else:
            found.append(_latin(run))
    return list(dict.fromkeys(found))


def search_words(text: str) -> list[str]:
    """What an index must hold, all of it. Latin words end with `*`: any ending will do."""
    found: list[str] = []
    for is_chinese, run in _runs(text):
        if is_chinese:
            found += map(_encoded, _pairs(run) if len(run) > 1 else run)
        else:
            found.append(_latin(run) + "*")
    return list(dict.fromkeys(found))


def _runs(text: str) -> Iterator[tuple[bool, str]]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    for word in _WORD.findall(plain):
        for part in filter(None, _CHINESE.split(word)):
            is_chinese = _CHINESE.fullmatch(part) is not None
            yield is_chinese, part if is_chinese else part.translate(_SIGNS)[:LONGEST]


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)]


def _latin(word: str) -> str:
    return f"xw{word}"


def _encoded(characters: str) -> str:
    return "xc" + "".join(f"{ord(character):05x}" for character in characters)
