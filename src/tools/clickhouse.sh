#!/usr/bin/env bash
#
# A ClickHouse for development, tests and the demo.
#
#     clickhouse.sh start    starts one and waits until it answers; with
#                            CLICKHOUSE_URL set, waits for that one only
#     clickhouse.sh wait     waits until it answers
#     clickhouse.sh stop     ends the one that start started
#     clickhouse.sh install  gets the engine, when no server is on the PATH
#     clickhouse.sh kind     prints which one start would use: url, server
#                            or engine
#
# CLICKHOUSE_URL wins; else a current "clickhouse" on the PATH is run as a
# server; else ClickHouse's engine from the npm registry behind clickhouse.c.
# CLICKHOUSE_HTTP_PORT (8123) and CLICKHOUSE_TCP_PORT (9000) are listened on
# at 127.0.0.1; data, log and pid are under DATA_DIR (data).
#
# What start starts is in a session of its own, so that a terminal's Ctrl-C
# does not reach it before what still writes to it has ended.

set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=src/tools/ports.sh
. "$root/src/tools/ports.sh"

build=${BUILD:-$root/build}
http_port=${CLICKHOUSE_HTTP_PORT:-8123}
tcp_port=${CLICKHOUSE_TCP_PORT:-9000}
data=${DATA_DIR:-$root/data}
url=${CLICKHOUSE_URL:-http://127.0.0.1:$http_port}

# the oldest server whose deduplication covers dependent views
oldest=24

engine_version=26.7.3-stable.1
start_timeout=60
stop_timeout=20


fail()
{
    echo "clickhouse: $*" >&2
    exit 1
}


server_is_current()
{
    local version

    command -v clickhouse >/dev/null || return 1

    version=$(clickhouse local --version 2>/dev/null \
              | sed -n 's/.*version \([0-9]*\)\..*/\1/p' | head -n 1)

    if [ -z "$version" ] || [ "$version" -lt "$oldest" ]; then
        echo "clickhouse: $(command -v clickhouse) is older than $oldest:" \
             "not used" >&2
        return 1
    fi
}


kind()
{
    if [ -n "${CLICKHOUSE_URL:-}" ]; then
        echo url
    elif server_is_current; then
        echo server
    else
        echo engine
    fi
}


engine_package()
{
    case $(uname -m) in
    x86_64)         echo @chdb/lib-linux-x64-gnu ;;
    aarch64|arm64)  echo @chdb/lib-linux-arm64-gnu ;;
    *)  fail "there is no engine for $(uname -m): install a ClickHouse" \
             "server, or set CLICKHOUSE_URL to one" ;;
    esac
}


install_engine()
{
    local package dir

    package=$(engine_package)
    dir=$build/clickhouse

    if ! grep -qs "\"version\": *\"$engine_version\"" \
                  "$dir/node_modules/$package/package.json" \
        || [ ! -f "$dir/node_modules/$package/libchdb.so" ]
    then
        command -v npm >/dev/null \
            || fail "npm is missing, which fetches ClickHouse's engine:" \
                    "install it, or a ClickHouse server, or set" \
                    "CLICKHOUSE_URL"

        echo "fetching ClickHouse's engine $engine_version (once, 170 MB)"
        mkdir -p "$dir"
        npm install --no-save --no-package-lock --no-audit --no-fund \
            --loglevel=error --prefix "$dir" "$package@$engine_version" \
            || fail "npm could not fetch $package@$engine_version"
    fi

    if [ ! "$dir/clickhouse" -nt "$root/src/tools/clickhouse.c" ]; then
        ${CC:-gcc} -std=gnu11 -O2 -Wall -Wextra -Werror \
            -o "$dir/clickhouse.new" "$root/src/tools/clickhouse.c" \
            -L"$dir/node_modules/$package" -lchdb \
            -Wl,-rpath,"\$ORIGIN/node_modules/$package" \
            || fail "the engine's launcher was not built"
        mv "$dir/clickhouse.new" "$dir/clickhouse"
    fi
}


# the pid of what start started here, if it still runs

running()
{
    local pid

    pid=$(cat "$data/clickhouse.pid" 2>/dev/null) || return 1

    # a pid may have been given to another program since
    tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$data/clickhouse" \
        || return 1

    echo "$pid"
}


# A server with nothing but what is said here: no port but these two, and a
# user "default" without a password, from this machine only.

write_server_config()
{
    cat >"$data/clickhouse.xml" <<END
<clickhouse>
    <logger><level>warning</level><console>1</console></logger>
    <listen_host>127.0.0.1</listen_host>
    <http_port>$http_port</http_port>
    <tcp_port>$tcp_port</tcp_port>
    <path>$data/clickhouse/</path>
    <tmp_path>$data/clickhouse/tmp/</tmp_path>
    <user_files_path>$data/clickhouse/user_files/</user_files_path>
    <format_schema_path>$data/clickhouse/format_schemas/</format_schema_path>
    <user_directories>
        <users_xml><path>$data/clickhouse.xml</path></users_xml>
    </user_directories>
    <profiles><default/></profiles>
    <quotas><default/></quotas>
    <users>
        <default>
            <password></password>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
        </default>
    </users>
</clickhouse>
END
}


answers()
{
    [ "$(curl -s --max-time 2 "$url/ping" 2>/dev/null)" = "Ok." ]
}


wait_until_it_answers()
{
    local deadline=$((SECONDS + start_timeout))

    until answers; do

        if [ -n "${1:-}" ] && ! kill -0 "$1" 2>/dev/null; then
            tail -n 20 "$data/clickhouse.log" >&2
            fail "it ended while starting; see $data/clickhouse.log"
        fi

        [ "$SECONDS" -lt "$deadline" ] \
            || fail "nothing answers at $url/ping after $start_timeout s"

        sleep 0.1
    done
}


start()
{
    local pid kind why

    command -v curl >/dev/null || fail "curl is missing"

    kind=$(kind)

    if [ "$kind" = url ]; then
        wait_until_it_answers
        return
    fi

    if pid=$(running); then
        fail "one already runs on $data (process $pid): end it with" \
             "DATA_DIR=$data src/tools/clickhouse.sh stop"
    fi

    # else the one that has the port would be taken for ours
    why=$(port_check "$http_port" 127.0.0.1) \
        || fail "port $http_port $why: CLICKHOUSE_HTTP_PORT moves it"
    why=$(port_check "$tcp_port" 127.0.0.1) \
        || fail "port $tcp_port $why: CLICKHOUSE_TCP_PORT moves it"

    mkdir -p "$data/clickhouse"

    case $kind in
    server)
        write_server_config
        setsid clickhouse server --config-file="$data/clickhouse.xml" \
            </dev/null >>"$data/clickhouse.log" 2>&1 &
        ;;
    engine)
        install_engine
        setsid "$build/clickhouse/clickhouse" --path="$data/clickhouse" \
            --http_port="$http_port" --tcp_port="$tcp_port" \
            </dev/null >>"$data/clickhouse.log" 2>&1 &
        ;;
    esac

    pid=$!
    echo "$pid" >"$data/clickhouse.pid"
    wait_until_it_answers "$pid"
}


stop()
{
    local pid deadline

    if ! pid=$(running); then
        rm -f "$data/clickhouse.pid"
        return
    fi

    kill "$pid" 2>/dev/null || true
    deadline=$((SECONDS + stop_timeout))

    while kill -0 "$pid" 2>/dev/null; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            echo "clickhouse: process $pid did not end in $stop_timeout s:" \
                 "killed" >&2 || true
            kill -KILL "$pid" 2>/dev/null || true
            break
        fi
        sleep 0.1
    done

    rm -f "$data/clickhouse.pid"
}


case ${1:-} in
start)    start ;;
wait)     wait_until_it_answers ;;
stop)     stop ;;
kind)     kind ;;
install)  if [ "$(kind)" = engine ]; then install_engine; fi ;;
*)        fail "usage: clickhouse.sh start|wait|stop|install|kind" ;;
esac
