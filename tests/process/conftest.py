"""Rooms for the processes under test: a migrated database, a vhost and a bucket that only one test uses."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.ceph import Ceph
from tests.parts import WORKER, Parts
from tests.process.chat_process import ROOT
from tests.rabbitmq import RabbitMQ
from tests.servers import Postgres

TEMPLATE = f"template_{WORKER}"


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> str:
    """A database with our tables, to be copied (0.1 s) instead of migrated (2 s)."""
    with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as link:
        if link.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            return TEMPLATE  # made for another folder's tests, which borrow these fixtures
        link.execute(f"CREATE DATABASE {TEMPLATE}")
    environment = os.environ | {"DATABASE_URL": postgres.url_of(TEMPLATE)}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return TEMPLATE


@pytest.fixture
def fresh_database(postgres: Postgres, migrated_template: str) -> Callable[[], str]:
    """Call it for the name of a new database with our tables."""

    def make() -> str:
        name = f"process_{uuid4().hex}"
        with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as link:
            link.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
        return name

    return make


@pytest.fixture
def real_parts(
    parts: Parts, fresh_database: Callable[[], str], rabbit_server: RabbitMQ, s3: Ceph, tmp_path: Path
) -> dict[str, str]:
    """What a ChatProcess must be told to use all four real servers, in rooms of its own."""
    room = f"process-{uuid4().hex}"
    rabbit_server.make_vhost(room)
    s3.make_bucket(room)
    return parts.environment(database=fresh_database(), vhost=room, bucket=room)
