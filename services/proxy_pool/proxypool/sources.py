"""The files that describe the sources: read, checked, and watched for changes."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from proxypool.plugin import PluginError, check
from proxypool.problems import ConfigurationError, Problem
from proxypool.source import Source

__all__ = ["Source", "SourceFiles", "load_sources"]

_ADVICE = "correct the file; README.md, Sources, has the fields"
_FIELD = re.compile(r"[a-z_]{1,32}")
_MERGE = "tag:yaml.org,2002:merge"
_MAY_BE_SECRET = ("proxies", "headers", "urls", "url")


class _OneValueLoader(yaml.SafeLoader):
    """Refuses a key that stands twice, where YAML's own rule is that the last value counts."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The fields of one mapping. Raises ConstructorError."""
        seen: set[str] = set()
        for key, _ in node.value:
            # Other keys than words are refused elsewhere; what is merged in may be overridden.
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                continue
            if key.value in seen:
                # Where it is no field's name it may be anything, a password too.
                name = repr(key.value) if _FIELD.fullmatch(key.value) else "not shown"
                what = f"a key ({name}) a second time"
                raise yaml.constructor.ConstructorError(None, None, what, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


class SourceFiles:
    """All `*.yaml` and `*.yml` of a folder; a file holds one source or a list of them."""

    def __init__(self, folder: Path, chosen: Sequence[str] = ()) -> None:
        """Take those that are enabled, or those whose names are in `chosen` where it is given."""
        self.folder = folder
        self._chosen = tuple(chosen)
        self._watched: tuple[Path, ...] = ()
        self._seen: object = None

    def load(self) -> list[Source]:
        """Read all files; raises ConfigurationError with every problem of every file at once."""
        self._seen = self._signature()
        problems: list[Problem] = []
        sources = _read(self.folder, problems)
        wanted = _chosen(sources, self._chosen, problems)
        self._watched = tuple(path for source in sources for path in _files(source))
        self._seen = self._signature()
        for source in wanted:
            problems.extend(_missing(source))
        if problems:
            raise ConfigurationError(problems)
        return wanted

    def changed(self) -> bool:
        """Whether any file is another than at the last `load`, also one that the sources name."""
        return self._signature() != self._seen

    def _signature(self) -> object:
        paths = {*_yaml_files(self.folder), *self._watched}
        return {path: _stamp(path) for path in paths}


def load_sources(folder: Path, chosen: Sequence[str] = ()) -> list[Source]:
    """The sources of `folder` that are enabled, or chosen; raises ConfigurationError."""
    return SourceFiles(folder, chosen).load()


def read_all(folder: Path) -> list[Source]:
    """Every source that the files describe, also those that are not enabled.

    The files that they name are not looked at. Raises ConfigurationError.
    """
    problems: list[Problem] = []
    sources = _read(folder, problems)
    if problems:
        raise ConfigurationError(problems)
    return sources


def version(source: Source) -> str:
    """Changes with the source, and with the content of the files that it names."""
    digest = hashlib.sha256(source.model_dump_json().encode())
    for path in _files(source):
        if path is not None:
            try:
                digest.update(path.read_bytes())
            except OSError as error:
                digest.update(str(error.errno).encode())
    return digest.hexdigest()


def public_version(source: Source) -> str:
    """Changes with what the file says of the source, its secrets aside: may be shown."""
    plain = source.model_dump_json(exclude={"proxies", "headers"})
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def _yaml_files(folder: Path) -> list[Path]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
    except OSError:
        return []  # as good as empty, which is refused
    return [path for path in paths if not path.name.startswith(".")]


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def _files(source: Source) -> Iterable[Path]:
    return filter(None, (source.file, source.auth_file, source.plugin))


def _read(folder: Path, problems: list[Problem]) -> list[Source]:
    sources: dict[str, Source] = {}
    paths = _yaml_files(folder)
    if not paths:
        advice = "put a source file there (README.md, Sources)"
        problems.append(Problem(f"SOURCES_DIR={folder}", "at least one *.yaml", "none", advice))
    for path in paths:
        for index, entry in enumerate(_entries(path, problems)):
            place = f"{path.name}[{index}]"
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                place += f" ({entry['name'][:64]})"
            try:
                source = Source.model_validate(entry, context={"folder": folder})
            except ValidationError as error:
                problems.extend(_problems(place, error))
                continue
            if source.name in sources:
                advice = "give it another name"
                problems.append(
                    Problem(f"{place}.name", "a name of its own", repr(source.name), advice)
                )
            sources[source.name] = source
    return list(sources.values())


def _chosen(sources: list[Source], chosen: Sequence[str], problems: list[Problem]) -> list[Source]:
    if not chosen:
        return [source for source in sources if source.enabled]
    names = {source.name for source in sources}
    if not problems and (unknown := [name for name in chosen if name not in names]):
        expected = f"names of sources: {', '.join(sorted(names))}"
        advice = "correct PROXY_FETCHER, or leave it empty for all that are enabled"
        problems.append(Problem("PROXY_FETCHER", expected, ", ".join(unknown), advice))
    return [source for source in sources if source.name in chosen]


def _missing(source: Source) -> list[Problem]:
    """What is wrong with the files that a source names."""
    found = []
    for field, path in (("file", source.file), ("auth_file", source.auth_file)):
        if path is None:
            continue
        try:
            path.open("rb").close()
        except OSError as error:
            advice = "put the file there, readable for the pool's user, or correct the path"
            found.append(
                Problem(
                    f"{source.name}.{field}", "a readable file", f"{path}: {error.strerror}", advice
                )
            )
    if source.plugin is not None:
        try:
            check(source.plugin)
        except PluginError as error:
            advice = "correct the plug-in; README.md, Sources, shows one"
            expected = "a class with fetch()"
            found.append(
                Problem(f"{source.name}.plugin", expected, f"{source.plugin.name}: {error}", advice)
            )
    return found


def _entries(path: Path, problems: list[Problem]) -> list[Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _OneValueLoader)  # noqa: S506  a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(
            Problem(path.name, "a readable YAML file", _what(error), "correct the file")
        )
        return []
    return content if isinstance(content, list) else [content]


def _what(error: Exception) -> str:
    """The error without the lines around it: they may hold a password."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{error.problem} in line {mark.line + 1}, column {mark.column + 1}"
    if isinstance(error, OSError):
        return str(error.strerror)
    return type(error).__name__ if isinstance(error, yaml.YAMLError) else "bytes that are not UTF-8"


def _problems(place: str, error: ValidationError) -> list[Problem]:
    found = []
    for detail in error.errors():
        field = detail.get("ctx", {}).get("field") or ".".join(map(str, detail["loc"]))
        name = f"{place}.{field}" if field else place
        expected = detail["msg"].removeprefix("Value error, ").removeprefix("expected ")
        found.append(Problem(name, expected, _shown(field, detail), _ADVICE))
    return found


def _shown(field: str, detail: Any) -> str:
    value = detail["input"]
    if detail["type"] == "missing":
        return "nothing"
    if field.partition(".")[0] in _MAY_BE_SECRET:
        return "something else (not shown: it may hold a password)"
    if isinstance(value, dict):
        return "the fields " + ", ".join(sorted(str(key)[:40] for key in value))[:200]
    if not field:
        return f"a {type(value).__name__}"
    return " ".join(repr(value).split())[:120]
