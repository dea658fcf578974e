"""`asgi_workers.asgi:application`, for any ASGI server.

Under plain `daphne` or `uvicorn` it is the website and the sockets; the whole process, with its consumers, is
`python -m asgi_workers`.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
django.setup()

from asgi_workers.application import Application  # noqa: E402 — Django's models must be ready first

application = Application()
