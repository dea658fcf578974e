"""A file out of the cache as a plain Django view: read it from the same Redis, answer."""

import os

import redis
from django.conf import settings

MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=MIDDLEWARE, SECRET_KEY="peer")

from django.core.asgi import get_asgi_application  # noqa: E402

application = get_asgi_application()

from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

cache = redis.Redis.from_url(os.environ["REDIS_URL"])


def media(request, media_hash):
    body = cache.get(f"media:{media_hash}")
    return HttpResponse(body, content_type="image/jpeg", headers={"X-Cache": "HIT"})


urlpatterns = [path("media/<str:media_hash>", media)]
