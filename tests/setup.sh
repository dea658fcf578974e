#!/bin/sh
# The servers and the browser that the tests start privately, and with the word `bench` what the benches compare with.
# Nothing here runs as a system service, and where all of it is installed this does nothing. Only root on Debian or
# Ubuntu installs; anybody else is told what is missing.
set -eu

PACKAGES="postgresql redis-server rabbitmq-server radosgw ceph-mon ceph-osd chromium fonts-dejavu-core fonts-noto-color-emoji"
PROGRAMS="redis-server:redis-server radosgw:radosgw ceph-mon:ceph-mon ceph-osd:ceph-osd chromium:chromium"
if [ "${1:-}" = bench ]; then
    PACKAGES="$PACKAGES nginx-light wrk"
    PROGRAMS="$PROGRAMS nginx:nginx-light wrk:wrk"
fi
PATH="$PATH:/usr/sbin:/sbin"

missing() {
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || printf 'postgresql '
    for pair in $PROGRAMS; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || printf '%s ' "${pair##*:}"
    done
    ls /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server >/dev/null 2>&1 || printf 'rabbitmq-server '
}

absent=$(missing)
[ -n "$absent" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "make test needs these Debian packages (as root): apt-get install --no-install-recommends $absent" >&2
    exit 1
fi

# For the time of the installation only: no package starts its service, and PostgreSQL makes no system cluster.
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.conf
made=""
cleanup() { for file in $made; do rm -f "$file"; done; }
trap cleanup EXIT
trap 'exit 1' INT TERM
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made="$policy"
fi
if [ ! -e "$cluster" ]; then
    mkdir -p "${cluster%/*}"
    echo 'create_main_cluster = false' >"$cluster"
    made="$made $cluster"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086  # a list of words
apt-get install -qq -y --no-install-recommends $PACKAGES

absent=$(missing)
if [ -n "$absent" ]; then
    echo "still missing after apt-get: $absent(Ubuntu has chromium only as a snap: put a chromium on the PATH)" >&2
    exit 1
fi
