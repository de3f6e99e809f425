"""The WSGI application that gunicorn serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "luffy.settings")
application = get_wsgi_application()
# Django would import the views at the first request of each worker, which then takes a second on a
# busy host. Here they are read before gunicorn forks its workers, who share them.
_ = get_resolver().url_patterns
# All of that stays. To look through it for garbage, as Python does now and then, takes a worker a
# tenth of a second, in which none of its threads answers.
gc.collect()
gc.freeze()
