from django.apps import AppConfig
from django.conf import settings


class OpsConfig(AppConfig):
    name = "backend.ops"
    label = "ops"

    def ready(self) -> None:
        if settings.SENTRY_DSN:
            _report_errors(settings.SENTRY_DSN)


def _report_errors(dsn: str) -> None:
    """To Sentry, without what a message, a header or a local variable may hold."""
    import sentry_sdk  # noqa: PLC0415  # half a second, which only its users should wait for

    sentry_sdk.init(dsn, send_default_pii=False, include_local_variables=False, max_request_body_size="never")
