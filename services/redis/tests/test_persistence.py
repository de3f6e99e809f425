"""What was answered is still there after a stop, a kill, and a shortage of memory."""

from __future__ import annotations

import subprocess
import time

from conftest import HEALTH_CHECK, PASSWORDS, Redis, docker


def restart(redis: Redis) -> None:
    """Start the stopped container again, and wait until it is healthy."""
    docker("start", redis.name)
    redis.wait_healthy()


def test_settings_are_the_bundles(redis: Redis) -> None:
    log = redis.log()
    assert "Ready to accept connections" in log
    assert "WARNING" not in log.replace("WARNING Memory overcommit", ""), log


def test_stop_and_start_keep_data(redis: Redis) -> None:
    redis.cli("luffy", "set", "luffy:a", "kept")
    started = time.monotonic()
    docker("stop", "--time", "20", redis.name)
    assert time.monotonic() - started < 10
    assert redis.wait_exit() == 0
    restart(redis)
    assert redis.cli("luffy", "get", "luffy:a") == "kept"


def test_kill_loses_at_most_a_second_of_answered_writes(redis: Redis) -> None:
    """The log is written before the answer and synced each second (appendfsync everysec)."""
    writer = subprocess.Popen(
        [
            *("docker", "exec", "--env", f"REDISCLI_AUTH={PASSWORDS['proxy_pool']}", redis.name),
            *(
                "sh",
                "-c",
                "while redis-cli --no-auth-warning --user proxy_pool incr proxy_pool:n; do :; done",
            ),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    time.sleep(1.5)
    docker("kill", "--signal", "KILL", redis.name)
    output, _ = writer.communicate(timeout=20)
    answered = [int(line) for line in output.split() if line.isdigit()]
    assert len(answered) > 20, output
    rate_per_s = len(answered) / 1.5
    restart(redis)
    kept = int(redis.cli("proxy_pool", "get", "proxy_pool:n"))
    assert kept >= answered[-1] - rate_per_s, (kept, answered[-1])


def test_transactions_and_scripts_outlive_a_kill(redis: Redis) -> None:
    """Redis replays them as the default user, which is off (redis/redis#14541)."""
    redis.cli("luffy", "eval", "for i=1,3 do redis.call('set','luffy:'..i,i) end", "0")
    transaction = (
        "printf 'multi\\nset luffy:a 1\\nset luffy:b 2\\nexec\\n' | redis-cli --user luffy"
    )
    docker(
        *("exec", "--env", f"REDISCLI_AUTH={PASSWORDS['luffy']}", redis.name),
        *("sh", "-c", transaction),
    )
    docker("kill", redis.name)
    restart(redis)
    keys = ("luffy:1", "luffy:2", "luffy:3", "luffy:a", "luffy:b")
    assert redis.cli("luffy", "mget", *keys).split() == ["1", "2", "3", "1", "2"], redis.log()


def test_log_cut_in_the_middle_of_a_command_still_loads(redis: Redis) -> None:
    redis.cli("luffy", "set", "luffy:a", "kept")
    redis.cli("luffy", "set", "luffy:b", "cut")
    docker("kill", redis.name)
    docker(
        *("run", "--rm", "--volume", f"{redis.volume}:/data", "--entrypoint", "sh", image(redis)),
        *("-c", "for f in /data/appendonlydir/*.incr.aof; do truncate -s -5 $f; done"),
    )
    restart(redis)
    assert redis.cli("luffy", "get", "luffy:a") == "kept"
    assert redis.cli("luffy", "get", "luffy:b") == ""


def test_short_memory_evicts_cache_and_keeps_data(prepared: Redis) -> None:
    prepared.write_configuration(redis_maxmemory="8mb")
    prepared.create()
    prepared.wait_healthy()
    prepared.cli("luffy", "set", "luffy:data", "kept")
    fill = (
        'i=0; while [ $i -lt 1500 ]; do printf "set luffy:cache:%d %01000d%s ex 600\\n" $i 0 '
        "$(printf %07000d 0); i=$((i+1)); done | "
        "redis-cli --no-auth-warning --user luffy | sort | uniq -c"
    )
    result = docker(
        *("exec", "--env", f"REDISCLI_AUTH={PASSWORDS['luffy']}", prepared.name, "sh", "-c", fill)
    )
    assert result.stdout.split() == ["1500", "OK"], result.stdout
    assert prepared.cli("luffy", "get", "luffy:data") == "kept"
    # Which ones went is chance where they were written within a second, one tick of Redis's clock.
    left = int(prepared.cli("luffy", "dbsize")) - 1
    assert 0 < left < 1500
    assert prepared.healthy()


def test_full_of_data_refuses_writes_and_serves_reads(prepared: Redis) -> None:
    prepared.write_configuration(redis_maxmemory="4mb")
    prepared.create()
    prepared.wait_healthy()
    fill = (
        'i=0; while [ $i -lt 900 ]; do printf "set luffy:data:%d %07000d\\n" $i 0; i=$((i+1)); done'
        " | redis-cli --no-auth-warning --user luffy | sort | uniq -c"
    )
    result = docker(
        *("exec", "--env", f"REDISCLI_AUTH={PASSWORDS['luffy']}", prepared.name, "sh", "-c", fill)
    )
    assert "OOM command not allowed" in result.stdout, result.stdout
    assert prepared.cli("luffy", "strlen", "luffy:data:0") == "7000"
    # All that it said OK to is there, also after a stop and a start.
    accepted = next(line.split()[0] for line in result.stdout.splitlines() if line.endswith(" OK"))
    assert prepared.cli("luffy", "dbsize") == accepted
    docker("stop", "--time", "20", prepared.name)
    restart(prepared)
    assert prepared.cli("luffy", "dbsize") == accepted


def test_health_check_fails_when_redis_hangs(redis: Redis) -> None:
    assert redis.healthy()
    docker("exec", redis.name, "sh", "-c", "kill -STOP $(pidof redis-server)")
    try:
        result = docker("exec", redis.name, "timeout", "2", "sh", "-c", HEALTH_CHECK, check=False)
        assert result.returncode != 0
    finally:
        docker("exec", redis.name, "sh", "-c", "kill -CONT $(pidof redis-server)")
    redis.wait_healthy()


def test_health_check_fails_while_loading(redis: Redis) -> None:
    """While Redis reads its log it answers LOADING to a ping, which is not health."""
    fill = "for i=1,6000 do redis.call('set','luffy:'..i,i) end"
    assert redis.cli("luffy", "eval", fill, "0") == ""
    docker("kill", redis.name)
    # Redis's own testing option: a pause of so many microseconds for each key that it loads. It
    # answers callers after every 1024 of them.
    redis.append_configuration("key-load-delay 500")
    docker("start", redis.name)
    answers = {"PONG": 0, "LOADING": 0}
    deadline = time.monotonic() + 30
    while not answers["PONG"] and time.monotonic() < deadline:
        healthy_before = redis.healthy()
        answer = redis.cli("health", "ping").split()[0]
        if answer in answers:
            answers[answer] += 1
        assert not (answer == "LOADING" and healthy_before)
    assert answers["LOADING"], redis.log()
    assert answers["PONG"], redis.log()


def image(redis: Redis) -> str:
    """The image that the container runs."""
    return docker("inspect", "--format", "{{.Config.Image}}", redis.name).stdout.strip()
