"""The log is JSON."""

import json
import subprocess
import sys

SCRIPT = """
import logging
from demo.logs import start_log
start_log("INFO")
log = logging.getLogger("demo.farm")
log.warning("%s of 路飞", 'a "word"')
log.debug("not worth a line")
logging.getLogger("httpx").info("nor this")
try:
    raise OSError("no such device")
except OSError:
    log.exception("it broke")
"""


def test_every_line_is_an_object_with_time_level_and_message() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    first, second = (json.loads(line) for line in ended.stderr.splitlines())
    assert (first["level"], first["logger"], first["message"]) == (
        "warning", "demo.farm", 'a "word" of 路飞'
    )  # fmt: skip
    assert first["time"].endswith("Z")
    assert (second["level"], second["message"]) == ("error", "it broke")
    assert second["exception"].endswith("OSError: no such device")
