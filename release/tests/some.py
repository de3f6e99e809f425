"""Some container, for tests that change what they are about."""

from engine.docker_api import Container

SOME = Container(
    id="c0ffee",
    name="site-app-1",
    service="app",
    one_off=False,
    state="running",
    health="healthy",
    exit_code=0,
    oom_killed=False,
    error="",
    restarts=0,
    started_at="",
    image_id="",
    image_ref="",
    config_hash="",
    health_output="",
    pid=7,
    networks={},
)
