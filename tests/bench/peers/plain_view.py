"""The webhook as a plain Django view: look the number up, store the row, answer."""

import hashlib
import os
from urllib.parse import urlsplit

from django.conf import settings

url = urlsplit(os.environ["DATABASE_URL"])
database = {"NAME": url.path[1:], "USER": url.username, "HOST": url.hostname, "PORT": url.port}
database |= {"ENGINE": "django.db.backends.postgresql", "OPTIONS": {"pool": True}}
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=MIDDLEWARE, DATABASES={"default": database})

from django.core.asgi import get_asgi_application  # noqa: E402

application = get_asgi_application()

from django.db import connection  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

FIND = "SELECT tenant_id, id FROM tenants_instance WHERE secret = %s"
STORE = """INSERT INTO chat_inboundevent (tenant_id, instance_id, event, body_sha256, body, received_at, error)
    VALUES (%s, %s, %s, %s, %s, now(), '') ON CONFLICT DO NOTHING"""


@csrf_exempt
def webhook(request, secret):
    with connection.cursor() as cursor:
        cursor.execute(FIND, [secret])
        tenant_id, instance_id = cursor.fetchone()
        digest = hashlib.sha256(request.body).digest()
        cursor.execute(STORE, [tenant_id, instance_id, "messages.upsert", digest, request.body])
    return JsonResponse({"stored": True})


urlpatterns = [path("api/webhooks/evolution/<str:secret>", webhook)]
