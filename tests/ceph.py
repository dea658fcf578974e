"""A real S3 for tests: Ceph's RADOS gateway over one monitor and one store in memory. Signatures, POST policies, Range,
CORS and lifecycle are the real thing; `x-amz-checksum-*` and unsigned `x-amz-*` headers are not looked at by it."""

import signal
import subprocess
import uuid
from pathlib import Path
from typing import Any, ClassVar

from tests.servers import HOST, Server, answers, find_program

CONFIG = """[global]
fsid = {fsid}
mon_host = [v2:{host}:{port}/0]
mon_initial_members = a
public_addr = {host}
cluster_addr = {host}
ms_bind_port_min = {first_port}
ms_bind_port_max = {last_port}
ms_bind_msgr1 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
# without it, and without keys, the gateway waits for ever
ms_mon_client_mode = crc
keyring = {folder}/keyring
run_dir = {folder}/run
admin_socket = {folder}/run/$name.asok
log_file = {folder}/log/$name.log
crash_dir = {folder}/run
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 500
# these make a cold start take under a second instead of twelve
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
mon_tick_interval = 1
osd_heartbeat_interval = 1
osd_heartbeat_grace = 3
objecter_timeout = 1
objecter_tick_interval = 0.5
[mon]
mon_data = {folder}/mon
mon_data_avail_crit = 1
mon_cluster_log_file = {folder}/log/cluster.log
[osd]
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 4294967296
[client]
rgw_frontends = beast endpoint={host}:{gateway_port}
rgw_data = {folder}/gateway
rgw_thread_pool_size = 32
rgw_lc_debug_interval = {day_seconds}
"""


class Ceph(Server):
    """Faults hit the gateway alone (back within 0.1 s, nothing lost): the store behind it lives in memory."""

    name = "ceph"
    port_count = 40
    access_key: ClassVar[str] = "testaccesskey"
    secret_key: ClassVar[str] = "testsecretkey0123456789"

    def __init__(self, root: Path, *, port: int | None = None, lifecycle_day_seconds: int = -1) -> None:
        """`lifecycle_day_seconds`: how long a day of a lifecycle rule lasts; -1 is a real one."""
        super().__init__(root, port=port)
        self.lifecycle_day_seconds = lifecycle_day_seconds
        self._store: list[subprocess.Popen[bytes]] = []

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port + 1}"

    def client(self) -> Any:
        """A boto3 client with the settings that every server which is not AWS needs."""
        import boto3  # a third of a second, which only the tests that use it should pay
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=2,
                read_timeout=10,
            ),
        )

    def make_bucket(self, name: str) -> str:
        """A private bucket: no ACL of an object can make it public. (BlockPublicAcls: Ceph 16 refuses every PUT.)"""
        client = self.client()
        client.create_bucket(Bucket=name)
        switches = ("IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(switches, True))
        return name

    def prepare(self) -> None:
        for name in ("mon", "osd", "run", "log", "gateway"):
            (self.folder / name).mkdir(exist_ok=True)
        fsid, osd = str(uuid.uuid4()), str(uuid.uuid4())
        (self.folder / "ceph.conf").write_text(
            CONFIG.format(
                fsid=fsid,
                host=HOST,
                port=self.port,
                gateway_port=self.port + 1,
                first_port=self.port + 2,
                last_port=self.port + self.port_count - 1,
                folder=self.folder,
                day_seconds=self.lifecycle_day_seconds,
            )
        )
        self._make_monitor(fsid)
        self.run(*self._ceph("ceph-mon", "ceph-mon"), "-i", "a", "-f")
        self._do(*self._ceph("ceph", "ceph-common"), "osd", "new", osd)
        self._do(*self._ceph("ceph-osd", "ceph-osd"), "-i", "0", "--mkfs", "--osd-uuid", osd)
        self.run(*self._ceph("ceph-osd", "ceph-osd"), "-i", "0", "-f")
        keys = ("--access-key", self.access_key, "--secret-key", self.secret_key)
        self._do(
            *self._ceph("radosgw-admin", "radosgw"), "user", "create", "--uid", "app", "--display-name", "app", *keys
        )
        self._store, self.processes = self.processes, []

    def launch(self) -> None:
        self.run(*self._ceph("radosgw", "radosgw"), "-n", "client.admin", "-f")

    def is_ready(self) -> bool:
        return answers(self.port + 1)

    def stop(self) -> None:
        self.processes += self._store
        self._store = []
        super().stop()

    def _make_monitor(self, fsid: str) -> None:
        keyring = find_program("ceph-authtool", "ceph-common")
        self._do(keyring, "--create-keyring", "keyring", "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        everything = ("--cap", "mon", "allow *", "--cap", "osd", "allow *")
        self._do(keyring, "keyring", "--gen-key", "-n", "client.admin", *everything)
        address = f"[v2:{HOST}:{self.port}]"
        maptool = find_program("monmaptool", "ceph-common")
        self._do(maptool, "--create", "--clobber", "--fsid", fsid, "--addv", "a", address, "monmap")
        program = self._ceph("ceph-mon", "ceph-mon")
        self._do(*program, "-i", "a", "--mkfs", "--monmap", "monmap", "--keyring", "keyring")

    @staticmethod
    def _ceph(program: str, package: str) -> tuple[str, ...]:
        return (find_program(program, package), "-c", "ceph.conf")

    def _do(self, *command: str) -> None:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            self.processes, running = [], self.processes
            for process in running:
                process.send_signal(signal.SIGKILL)
            raise RuntimeError(f"{Path(command[0]).name}: {done.stderr[-2_000:]}")
