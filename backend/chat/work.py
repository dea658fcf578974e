"""The kinds of job this product has, each with its queue. `chat/tasks.py` says how each is done."""

from backend.jobs.queue import Kind

INBOX = Kind("inbox", queue="inbound")
"""Understand a tenant's waiting webhooks, in the order received. Subject: the tenant."""

INBOX_EVENT = Kind("inbox_event", queue="inbound")
"""Try one webhook again that failed in its lane. Subject: the InboundEvent."""

DOWNLOAD_MEDIA = Kind("download_media", queue="media_download")
"""Fetch, check and store an incoming file. Subject: the Attachment."""

PROCESS_UPLOAD = Kind("process_upload", queue="media_upload")
"""Check, clean and store what an agent uploaded. Subject: the Attachment."""

SEND = Kind("send", queue="outbound")
"""Hand a conversation's waiting messages to the gateway, one after the other. Subject: the Conversation."""

MARK_READ = Kind("mark_read", queue="outbound")
"""Tell WhatsApp that the customer was read. Subject: the Conversation."""

PROFILE_PICTURE = Kind("profile_picture", queue="media_priority")
"""Copy a contact's picture to our storage. Subject: the Contact."""

RECONCILE = Kind("reconcile", queue="inbound")
"""Read back from the gateway what its webhooks have lost. Subject: the Instance."""

HOUSEKEEPING = Kind("housekeeping", queue="inbound")
"""Prune what is past its retention. Subject: `hourly`."""

TAKE_BACK = Kind("take_back", queue="media_upload")
"""Look once more for what was stored while a conversation was erased. Subject: tenant and conversation."""

ORPHANS = Kind("orphans", queue="media_upload")
"""Tell of objects without a row and rows without their object. Subject: `weekly`."""
