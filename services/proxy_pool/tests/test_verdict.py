import json
import re
from importlib.resources import files

from proxypool.protocol import Protocol
from proxypool.verdict import Outcome, TargetVerdict, Verdict


def test_what_is_not_told_is_what_the_script_takes_for_unsaid() -> None:
    script = (files("proxypool") / "scripts/settle.lua").read_text(encoding="utf-8")
    table = script.partition("local UNSAID = {")[2].partition("\n}")[0]
    unsaid = dict(re.findall(r"(\w+) = ([^,]+),", table))
    del unsaid["full"]  # of the work, not of the verdict
    expected = {
        name: json.dumps(default).replace('"', "'")
        for name, default in Verdict._field_defaults.items()
        if name not in ("protocols", "tried", "failures", "targets")
    }
    empty = dict.fromkeys(("protocols", "tried", "failures", "targets"), "{}")
    assert unsaid == expected | empty


def test_a_verdict_tells_no_more_than_it_has_to_say() -> None:
    assert Verdict(Outcome.FAILED, "timeout").told() == {"outcome": "failed", "reason": "timeout"}
    good = Verdict(
        Outcome.GOOD,
        protocols=(Protocol.HTTP,),
        https_checked=False,
        targets={"shop": TargetVerdict(True, 70)},
    )
    assert json.loads(json.dumps(good.told())) == {
        "outcome": "good",
        "protocols": ["http"],
        "https_checked": False,
        "targets": {"shop": {"works": True, "latency_ms": 70, "reason": ""}},
    }
