#!/usr/bin/env bash
#
# Runs test programs and ends with prove's summary:
#
#     test.sh FILE...
#
# Where some of them are more than unit tests, a ClickHouse with the schema
# is started for them, on free ports and an empty folder under build/, and is
# stopped whatever happens.  What they find in the environment:
#
#     ET_NGINX         the nginx to run
#     ET_MODULE        the module to load into it; empty when it is built in
#     ET_BUILD         build/
#     CLICKHOUSE_URL   that ClickHouse; a test uses project ids of its own
#
# and, each, a port and a folder of its own: see t/run.
#
# JOBS (2) of them run at a time; PROVE_FLAGS go to prove.

set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=src/tools/ports.sh
. "$root/src/tools/ports.sh"

PATH=$PATH:/usr/sbin:/sbin

export ET_BUILD=${BUILD:-$root/build}
export ET_NGINX=${ET_NGINX:-$(command -v nginx || true)}
export ET_MODULE=${ET_MODULE-$ET_BUILD/ngx_http_errortracking_module.so}

cd "$root"

if [ $# -eq 0 ]; then
    echo "test: there are no such tests" >&2
    exit 1
fi

need_clickhouse=
for file in "$@"; do
    case $file in
    *build/unit/*) ;;
    *) need_clickhouse=1 ;;
    esac
done

if [ -n "$need_clickhouse" ]; then

    [ -x "$ET_NGINX" ] || { echo "test: nginx is missing" >&2; exit 1; }

    unset CLICKHOUSE_URL CLICKHOUSE_USER CLICKHOUSE_PASSWORD
    mkdir -p "$ET_BUILD/test"
    DATA_DIR=$(mktemp -d "$ET_BUILD/test/clickhouse.XXXXXX")
    export DATA_DIR

    stop()
    {
        local status=$?

        trap '' INT TERM HUP
        trap - EXIT
        "$root/src/tools/clickhouse.sh" stop || true
        rm -rf "$DATA_DIR"
        exit "$status"
    }

    trap stop EXIT
    trap 'exit 130' INT TERM HUP

    read -r CLICKHOUSE_HTTP_PORT CLICKHOUSE_TCP_PORT <<<"$(free_ports 2)"
    export CLICKHOUSE_HTTP_PORT CLICKHOUSE_TCP_PORT

    "$root/src/tools/clickhouse.sh" start
    export CLICKHOUSE_URL=http://127.0.0.1:$CLICKHOUSE_HTTP_PORT
    "$root/src/tools/schema.sh" >/dev/null
fi

# shellcheck disable=SC2086
prove -j"${JOBS:-2}" ${PROVE_FLAGS:-} --exec t/run "$@"
