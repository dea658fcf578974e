"""nginx with sendfile from a directory, private to a bench: what a server of plain files can do on this machine."""

from tests.servers import HOST, Server, find_program

CONFIGURATION = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type image/jpeg;
    client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
    server {{ listen {host}:{port}; root {folder}/files; }}
}}
"""


class Nginx(Server):
    """Serves what lies in `files` of its folder."""

    name = "nginx"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> None:
        (self.folder / "files" / "media").mkdir(parents=True)
        (self.folder / "tmp").mkdir()
        text = CONFIGURATION.format(folder=self.folder, host=HOST, port=self.port)
        (self.folder / "nginx.conf").write_text(text)

    def launch(self) -> None:
        program = find_program("nginx", "nginx-light")
        self.run(program, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"))
