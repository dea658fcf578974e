"""The chat consumer of the Channels tutorial: every socket is a member of its room's group."""

import os

from django.conf import settings

layer = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [os.environ["REDIS_URL"]]}}
settings.configure(SECRET_KEY="peer", INSTALLED_APPS=["channels"], CHANNEL_LAYERS={"default": layer})

import django  # noqa: E402

django.setup()

from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402


class ChatConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self):
        self.room_group_name = f"chat_{self.scope['url_route']['kwargs']['room_name']}"
        await self.channel_layer.group_add(self.room_group_name, self.channel_name)
        await self.accept()

    async def disconnect(self, close_code):
        await self.channel_layer.group_discard(self.room_group_name, self.channel_name)

    async def chat_message(self, event):
        await self.send_json(event["message"])


application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/chat/<str:room_name>/", ChatConsumer.as_asgi())])})
