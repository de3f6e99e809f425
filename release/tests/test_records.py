"""Two runs write down what they kept at the same moment: nothing is lost."""

import threading
from pathlib import Path

from engine.backups import records
from engine.layout import Layout


def test_both_are_written_down(tmp_path: Path) -> None:
    layout = Layout(tmp_path)

    def note(what: str) -> None:
        for number in range(40):
            records.note(layout, what, number=number)
            assert records.noted(layout, what)["number"] == number

    threads = [threading.Thread(target=note, args=[what]) for what in ("backup", "logs")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (
        records.noted(layout, "backup")["number"] == records.noted(layout, "logs")["number"] == 39
    )
