"""Writes README.md: what each program teaches, and what it printed against a running bundle.

    python lab/requests/write_readme.py [PROGRAM...] [OPTION...]

Options are those of the programs, such as --host. Of the programs not named the page keeps what it
says; without names all are run.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
README = FOLDER / "README.md"
# In the order in which to read them. The first ones ask the demo world's lab alone.
OF_THE_LAB = (
    *("timeouts", "exceptions", "retries", "authentication", "sessions", "uploads", "downloads"),
)
PROGRAMS = (*OF_THE_LAB, "proxies", "api_client")
HEAD = """\
# requests, by programs that run · 可运行的 requests 手册

Each program is short, teaches one thing, and runs against the bundle; its comments say why. The
server that misbehaves for them is the [demo world's lab](../../services/demo/README.md#the-lab).
Below each stands what it really printed: `lab/requests/write_readme.py` runs them all and writes
this page, and the tests compare.

每个程序都很短，只讲一件事，可直接对正在运行的系统执行，注释说明原因。配合它们“捣乱”的服务器是
[演示世界的实验室](../../services/demo/README.md#the-lab)。每个程序下面是它真实的输出：
`lab/requests/write_readme.py` 会运行全部程序并生成本页，测试会逐一核对。

```sh
. .venv/bin/activate                 # after scripts/up · 先运行 scripts/up
python lab/requests/timeouts.py      # --host HOST, --lab-port PORT …: --help
```
"""


def path_of(name: str) -> Path:
    """The file of a program."""
    return FOLDER / f"{name}.py"


def taught(name: str) -> tuple[str, str]:
    """What one learns by it, in English and in Chinese: its docstring's two paragraphs."""
    english, chinese = (ast.get_docstring(ast.parse(path_of(name).read_text())) or "").split("\n\n")
    return english, chinese


def run(name: str, options: list[str]) -> str:
    """What a program prints. Raises CalledProcessError where it fails."""
    command = [sys.executable, str(path_of(name)), *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=120)
    return done.stdout


def section(name: str, printed: str) -> str:
    """A program's part of the page."""
    english, chinese = taught(name)
    return f"## [{name}.py]({name}.py)\n\n{english}\n\n{chinese}\n\n```\n{printed.rstrip()}\n```\n"


def page(outputs: dict[str, str]) -> str:
    """The whole page, of what each program printed."""
    return "\n".join([HEAD, *(section(name, outputs[name]) for name in PROGRAMS)])


def printed_in(text: str, name: str) -> str:
    """What the page says that a program printed; empty where it says nothing."""
    block = re.search(rf"^## \[{name}\.py\].*?^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return block[1] if block else ""


def main(options: list[str]) -> None:
    """Run programs, and write the page."""
    names = [word for word in options if word in PROGRAMS] or list(PROGRAMS)
    options = [word for word in options if word not in PROGRAMS]
    before = README.read_text() if README.exists() else ""
    outputs = {name: printed_in(before, name) for name in PROGRAMS}
    with ThreadPoolExecutor(2) as two_at_a_time:
        outputs |= zip(
            names, two_at_a_time.map(lambda name: run(name, options), names), strict=True
        )
    README.write_text(page(outputs))


if __name__ == "__main__":
    main(sys.argv[1:])
