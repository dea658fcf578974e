"""A real RabbitMQ for tests."""

import contextlib
import os
import socket
from urllib.request import Request, urlopen

from tests.servers import HOST, Server, answers, find_program

GUEST = "Basic Z3Vlc3Q6Z3Vlc3Q="


class RabbitMQ(Server):
    """One node with its own epmd and the management API. Durable classic queues survive `kill9`."""

    name = "rabbitmq"
    port_count = 4  # AMQP, distribution, epmd, management

    @property
    def url(self) -> str:
        return self.url_of("")

    def url_of(self, vhost: str) -> str:
        return f"amqp://guest:guest@{HOST}:{self.port}/{vhost}"

    def make_vhost(self, name: str) -> str:
        """A new vhost in which `guest` may do everything; returns its URL."""
        self.manage("PUT", f"vhosts/{name}", b"{}")
        self.manage("PUT", f"permissions/{name}/guest", b'{"configure": ".*", "write": ".*", "read": ".*"}')
        return self.url_of(name)

    def manage(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Ask the management API, for example `GET queues/{vhost}`."""
        headers = {"Authorization": GUEST, "Content-Type": "application/json"}
        request = Request(f"http://{HOST}:{self.port + 3}/api/{path}", body, headers, method=method)
        with urlopen(request, timeout=10) as answer:
            content: bytes = answer.read()
        return content

    def prepare(self) -> None:
        for name in ("mnesia", "log", "home"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "plugins").write_text("[rabbitmq_management].\n")
        (self.folder / "environment").write_text("")
        settings = {
            "log.file.level": "warning",
            "disk_free_limit.absolute": "50MB",
            "vm_memory_high_watermark.absolute": "1GB",
            "management.tcp.ip": HOST,
            "management.tcp.port": str(self.port + 3),
        }
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (self.folder / "rabbitmq.conf").write_text(lines)

    def launch(self) -> None:
        env = self._environment()
        # In the foreground its pid is ours; the node would start one as a daemon, which outlives every test.
        self.run(find_program("epmd", "rabbitmq-server"), "-port", str(self.port + 2), "-address", HOST, env=env)
        # Not the wrapper in /usr/sbin, which changes the user.
        program = find_program("rabbitmq-server", "rabbitmq-server", "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin")
        self.run(program, env=env)

    def is_ready(self) -> bool:
        """Listening is not yet running: the node must answer the AMQP greeting, and the management API a connection."""
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), 2) as client:
            client.sendall(b"AMQP\x00\x00\x09\x01")
            return client.recv(8)[:1] == b"\x01" and answers(self.port + 3)
        return False

    def _environment(self) -> dict[str, str]:
        here = str(self.folder)
        return dict(
            os.environ,
            HOME=f"{here}/home",
            RUNNING_UNDER_SYSTEMD="true",  # the start script then execs the node, so that the pid is the broker's
            ERL_EPMD_PORT=str(self.port + 2),
            ERL_EPMD_ADDRESS=HOST,
            RABBITMQ_NODENAME=f"t{self.port}@localhost",
            RABBITMQ_NODE_IP_ADDRESS=HOST,
            RABBITMQ_NODE_PORT=str(self.port),
            RABBITMQ_DIST_PORT=str(self.port + 1),
            RABBITMQ_MNESIA_BASE=f"{here}/mnesia",
            RABBITMQ_LOG_BASE=f"{here}/log",
            RABBITMQ_ENABLED_PLUGINS_FILE=f"{here}/plugins",
            RABBITMQ_CONFIG_FILE=f"{here}/rabbitmq",
            RABBITMQ_ADVANCED_CONFIG_FILE=f"{here}/advanced.config",
            RABBITMQ_CONF_ENV_FILE=f"{here}/environment",
            RABBITMQ_PID_FILE=f"{here}/pid",
            RABBITMQ_GENERATED_CONFIG_DIR=f"{here}/generated",
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}",
        )
