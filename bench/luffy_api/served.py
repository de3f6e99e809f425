"""gunicorn's settings of the service, with the worker model that is measured.

`BENCH_WORKER_CLASS`, `BENCH_WORKERS` and `BENCH_THREADS` name it. For gevent the database is asked
by PyMySQL: the service's own driver, mysqlclient, waits in C, where no other greenlet gets a turn.
"""

import os

_CLASS = os.environ["BENCH_WORKER_CLASS"]
if _CLASS == "gevent":
    from gevent import monkey

    monkey.patch_all()
    import pymysql

    # Django asks for the version of mysqlclient.
    pymysql.version_info = (2, 2, 7, "final", 0)
    pymysql.install_as_MySQLdb()

from luffy.gunicorn_conf import *  # noqa: E402, F403  all of them, as gunicorn reads them

bind = "127.0.0.1:8000"
worker_class = _CLASS
workers = int(os.environ["BENCH_WORKERS"])
threads = int(os.environ["BENCH_THREADS"])
worker_connections = 100
