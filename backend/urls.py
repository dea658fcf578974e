"""The whole HTTP surface on one page. The webhook door, files and the websockets stand before Django:
asgi_workers/application.py."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path, re_path

from backend.chat.api import attachments, conversations, events, messages, session, uploads
from backend.chat.api.surface import api, who_asks
from backend.chat.views import page
from backend.ops import health, metrics

api.add_router("/", session.router)
api.add_router("/", events.router, auth=who_asks)
api.add_router("/chat", conversations.router, auth=who_asks)
api.add_router("/chat", attachments.router, auth=who_asks)
api.add_router("/chat", uploads.router, auth=who_asks)
api.add_router("/chat", messages.router, auth=who_asks)

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/health/", health.health),
    path("api/health/live/", health.live),
    path("api/health/ready/", health.ready),
    path("metrics", metrics.metrics),
    path("api/", api.urls),
    path("admin/", admin.site.urls),
    re_path(r"^(?!api/|static/|media/|ws/|sandbox/)[^.]*$", page),
]
