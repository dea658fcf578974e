"""The session's servers and the cast. Importing this file says where the servers are, then reads Django's settings.

A test gets PostgreSQL with `db` or `transactional_db` (the cast brings the latter), RabbitMQ with `rabbit_server` and
storage with `s3`. A test that kills or pauses a server takes a `private_…` one, which nobody else uses.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from django.conf import settings

from tests.ceph import Ceph
from tests.parts import EMBEDDED, KINDS, Parts
from tests.rabbitmq import RabbitMQ
from tests.servers import Postgres, Redis

PARTS = Parts()
if settings.configured:
    raise pytest.UsageError("unset DJANGO_SETTINGS_MODULE: the tests choose their own settings")
os.environ["DJANGO_SETTINGS_MODULE"] = "backend.settings"
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a fifth of a second less a person
django.setup()
del os.environ["DJANGO_SETTINGS_MODULE"]  # a worker would inherit it, and read the settings before it gets here

from django.core.cache import cache  # noqa: E402  # the settings read the environment that Parts has just made

from backend.media import cache as near  # noqa: E402
from backend.tenants.models import Instance, Membership, Tenant  # noqa: E402
from tests.cast import Member, company, hire  # noqa: E402

FIXTURE_OF = {"postgres": "postgres", "rabbitmq": "rabbit_server", "ceph": "s3"}
PART_FIXTURES = {"redis_server", "rabbit_server", "s3"}
WITH_STORAGE = ("tests/journeys/", "tests/unit/chat/")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Chat's tests and the journeys move files: they always have storage. Embedded, a test of a part has no subject."""
    if EMBEDDED:
        about_parts = [item for item in items if not PART_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))]
        config.hook.pytest_deselected(items=about_parts)
        items[:] = [item for item in items if item not in about_parts]
    for item in items:
        if item.nodeid.startswith(WITH_STORAGE):
            getattr(item, "fixturenames", []).append("s3")  # a mark would come too late to be a fixture


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start what the collected tests will ask for, all at once, while the first of them already run."""
    if EMBEDDED or not PARTS.is_owner or session.config.option.collectonly:
        return
    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    wanted |= {name for item in session.items for mark in item.iter_markers("usefixtures") for name in mark.args}
    for name in KINDS:
        if FIXTURE_OF[name] in wanted:
            PARTS.begin(name)


@pytest.fixture(scope="session")
def parts() -> Parts:
    """The session's servers; ask for one of the fixtures below unless you need to start something beside them."""
    return PARTS


@pytest.fixture(scope="session")
def redis_server() -> Redis:
    return PARTS.redis


@pytest.fixture(scope="session")
def postgres() -> Postgres:
    if not EMBEDDED:
        PARTS.want("postgres")
    return PARTS.postgres


@pytest.fixture(scope="session")
def rabbit_server() -> RabbitMQ:
    """The broker; `settings.RABBITMQ_URL` is this process's own vhost in it."""
    if not EMBEDDED:
        PARTS.want("rabbitmq")
    return PARTS.rabbitmq


@pytest.fixture(scope="session")
def s3() -> Ceph:
    """Storage; `settings.S3_BUCKET` is this process's own bucket in it."""
    if not EMBEDDED:
        PARTS.want("ceph")
    return PARTS.ceph


@pytest.fixture
def private_redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path).start()
    yield server
    server.stop()


@pytest.fixture
def private_postgres() -> Iterator[Postgres]:
    server = Postgres(PARTS.root).start()  # not below tmp_path, which PostgreSQL's user may not enter
    yield server
    server.stop()


@pytest.fixture
def private_rabbit(tmp_path: Path) -> Iterator[RabbitMQ]:
    server = RabbitMQ(tmp_path).start()
    yield server
    server.stop()


@pytest.fixture
def private_s3(tmp_path: Path) -> Iterator[Ceph]:
    server = Ceph(tmp_path).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The whole server goes away with the session: there is nothing to drop."""
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres: Postgres, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """PostgreSQL runs before the test database is made; on SQLite it is a file, which threads can share."""
    if EMBEDDED:
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(PARTS.data_dir / "test.sqlite3")


@pytest.fixture(autouse=True)
def _cold_cache() -> Iterator[None]:
    """No test sees what another has cached."""
    yield
    if EMBEDDED:
        near._made.cache_clear()  # a new one, and empty; Redis is emptied whole below
    elif PARTS.redis.processes[0].poll() is not None:
        return
    cache.clear()


@pytest.fixture
def acme(transactional_db: None) -> tuple[Tenant, Instance]:
    return company("Acme")


@pytest.fixture
def ana(acme: tuple[Tenant, Instance]) -> Member:
    """Owns Acme."""
    return hire("Ana", Membership.Role.OWNER, *acme)


@pytest.fixture
def bruno(acme: tuple[Tenant, Instance]) -> Member:
    """Works at Acme."""
    return hire("Bruno", Membership.Role.AGENT, *acme)


@pytest.fixture
def carla(transactional_db: None) -> Member:
    """The stranger: owns another company."""
    return hire("Carla", Membership.Role.OWNER, *company("Globex"))
