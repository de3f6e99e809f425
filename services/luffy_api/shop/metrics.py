"""What happens in the shop, counted for Prometheus.

A web process counts for `/metrics` as all else does. The worker has no such address: what its tasks
count it hands over through Redis, and the web processes add it.
"""

import logging
from collections.abc import Iterator

from django.conf import settings
from prometheus_client import Counter
from prometheus_client.core import CounterMetricFamily
from redis.exceptions import RedisError

from luffy.redis_store import redis_client

logger = logging.getLogger(__name__)

orders = Counter(
    "luffy_orders", "Orders placed, paid, cancelled or timed out, in web processes", ["event"]
)
notifications = Counter(
    "luffy_payment_notifications", "Notifications of the gateway, by outcome", ["outcome"]
)
refunds = Counter(
    "luffy_refunds", "Refunds asked for, done, failed or left open, in web processes", ["outcome"]
)
