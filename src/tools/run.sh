#!/usr/bin/env bash
#
# make run: all of it on this machine, from nothing, until Ctrl-C.
#
# Installs what is missing, builds the module, starts ClickHouse (the one of
# CLICKHOUSE_URL, else as clickhouse.sh says), applies the schema, starts
# NGINX with conf/nginx.conf, and prints where to send errors.  Ctrl-C ends
# NGINX first, which sends what it still has, then ClickHouse.
#
#     PORT                  8080   NGINX
#     CLICKHOUSE_HTTP_PORT  8123   ClickHouse, HTTP
#     CLICKHOUSE_TCP_PORT   9000   ClickHouse, its native protocol
#     DATA_DIR              data   all that is kept, and the logs
#
# With other ports and another DATA_DIR, another one runs beside it.

set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=src/tools/ports.sh
. "$root/src/tools/ports.sh"

export PORT=${PORT:-8080}
export CLICKHOUSE_HTTP_PORT=${CLICKHOUSE_HTTP_PORT:-8123}
export CLICKHOUSE_TCP_PORT=${CLICKHOUSE_TCP_PORT:-9000}
export BUILD=${BUILD:-$root/build}
DATA_DIR=${DATA_DIR:-data}

start_timeout=30
stop_timeout=60

ending=
nginx_pid=
clickhouse_started=


fail()
{
    echo "run: $*" >&2
    exit 1
}


say()
{
    echo "== $*"
}


make_data_dir()
{
    case $DATA_DIR in
    /*) ;;
    *)  DATA_DIR=$root/$DATA_DIR ;;
    esac

    # nginx's configuration has no way to write these inside quotes
    case $DATA_DIR in
    *[\"\\\$\;]*)
        fail "DATA_DIR \"$DATA_DIR\" has a character (\" \\ \$ ;) that" \
             "cannot stand in nginx's configuration"
        ;;
    esac

    if ! mkdir -p "$DATA_DIR/nginx" 2>/dev/null \
        || [ ! -w "$DATA_DIR" ] || [ ! -w "$DATA_DIR/nginx" ]
    then
        fail "$(id -un) has no right to write in $DATA_DIR:" \
             "DATA_DIR moves it"
    fi

    DATA_DIR=$(cd "$DATA_DIR" && pwd)
    export DATA_DIR
    nginx_dir=$DATA_DIR/nginx

    # a second one on the same folder would spoil the first one's files
    exec 9>"$DATA_DIR/lock"
    flock -n 9 || fail "another make run uses $DATA_DIR: DATA_DIR moves this"
}


check_port()
{
    local why

    why=$(port_check "$2" "$3") || fail "port $2 $why: $1 moves it"
}


check_ports()
{
    check_port PORT "$PORT" 0.0.0.0

    if [ -z "${CLICKHOUSE_URL:-}" ]; then
        check_port CLICKHOUSE_HTTP_PORT "$CLICKHOUSE_HTTP_PORT" 127.0.0.1
        check_port CLICKHOUSE_TCP_PORT "$CLICKHOUSE_TCP_PORT" 127.0.0.1

        if [ "$PORT" = "$CLICKHOUSE_HTTP_PORT" ] \
            || [ "$PORT" = "$CLICKHOUSE_TCP_PORT" ] \
            || [ "$CLICKHOUSE_HTTP_PORT" = "$CLICKHOUSE_TCP_PORT" ]
        then
            fail "PORT, CLICKHOUSE_HTTP_PORT and CLICKHOUSE_TCP_PORT must" \
                 "differ: $PORT, $CLICKHOUSE_HTTP_PORT," \
                 "$CLICKHOUSE_TCP_PORT"
        fi
    fi
}


# CLICKHOUSE_URL's parts, for nginx: scheme, host:port, and what opens it

split_url()
{
    export CLICKHOUSE_URL=$clickhouse_url
    local rest

    [[ $clickhouse_url =~ ^(https?)://(([^@/]*)@)?([^/@]+)/?$ ]] \
        || fail "CLICKHOUSE_URL \"$clickhouse_url\" is not" \
                "http://HOST:PORT or https://HOST:PORT"

    scheme=${BASH_REMATCH[1]}
    rest=${BASH_REMATCH[3]}
    address=${BASH_REMATCH[4]}

    if [[ ! $address =~ :[0-9]+$ ]]; then
        [ "$scheme" = https ] && address=$address:8443 || address=$address:8123
    fi

    CLICKHOUSE_URL=$scheme://$address

    if [ -n "$rest" ]; then
        export CLICKHOUSE_USER=${rest%%:*}
        case $rest in
        *:*) export CLICKHOUSE_PASSWORD=${rest#*:} ;;
        esac
    fi
}


# The project's key is made once: a DSN that was given out goes on working.

make_keys()
{
    keys=$nginx_dir/errortracking.keys

    if [ ! -s "$keys" ]; then
        (
            umask 077
            {
                echo "# project key"
                echo "1 $(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
            } >"$keys.new"
        )
        mv "$keys.new" "$keys"
    fi

    key=$(awk '$1 == "1" { print $2; exit }' "$keys")
    [ -n "$key" ] || fail "$keys has no key for project 1"
}


# So are the tokens of the read APIs.

make_token()
{
    local file=$nginx_dir/$1

    if [ ! -s "$file" ]; then
        (
            umask 077
            echo "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')$2" \
                >"$file.new"
        )
        mv "$file.new" "$file"
    fi

    awk '{ print $1; exit }' "$file"
}


make_tokens()
{
    token=$(make_token errortracking.tokens " * *")
    gitlab_token=$(make_token errortracking.token "")
}


# Workers give up root for www-data, where that user can get into DATA_DIR to
# write the bodies that do not fit into memory.

worker_user()
{
    if runuser -u www-data -- test -x "$nginx_dir" 2>/dev/null; then
        echo www-data
    else
        id -un
    fi
}


# a text as sed's replacement
literal()
{
    printf '%s' "$1" | sed 's/[\\&|]/\\&/g'
}


write_configuration()
{
    local dir module user temp name

    dir=$(literal "$nginx_dir")
    module=$(literal "$BUILD/ngx_http_errortracking_module.so")

    # nobody but root may change the workers' user
    user="s|^user .*;||"
    [ "$(id -u)" -ne 0 ] || user="s|^user .*;|user $(worker_user);|"

    temp=
    for name in client_body proxy fastcgi uwsgi scgi; do
        temp="$temp\\n    ${name}_temp_path \"$dir/$name\";"
    done

    sed -e "1i # Made from conf/nginx.conf by make run: changes are lost." \
        -e "s|^load_module .*;|load_module \"$module\";|" \
        -e "$user" \
        -e "s|^pid .*;|pid \"$dir/nginx.pid\";|" \
        -e "s|^error_log .*;|error_log \"$dir/error.log\" info;|" \
        -e "s|^\( *\)access_log .*;|\1access_log \"$dir/access.log\";|" \
        -e "s|^http {|&$temp\\n|" \
        -e "s|^\( *\)listen 8080;|\1listen $PORT;|" \
        -e "s|^\( *\)#\(errortracking_spool\) .*;|\1\2 \"$dir/spool\" 4g;|" \
        -e "s|^\( *\)server 127.0.0.1:8123;|\1server $address;|" \
        -e '/#location .*api.*{/,/#}/s|#||' \
        -e "s|^\( *\)proxy_pass http://clickhouse/;|\1proxy_pass $scheme://clickhouse/;|" \
        "$root/conf/nginx.conf" >"$nginx_dir/nginx.conf"

    (
        umask 077
        {
            cat "$root/conf/errortracking_clickhouse.conf"
            if [ "$scheme" = https ]; then
                echo "proxy_ssl_server_name on;"
                echo "proxy_ssl_name ${address%:*};"
            fi
            if [ -n "${CLICKHOUSE_USER:-}" ]; then
                echo "proxy_set_header X-ClickHouse-User" \
                     "\"$CLICKHOUSE_USER\";"
            fi
            if [ -n "${CLICKHOUSE_PASSWORD:-}" ]; then
                echo "proxy_set_header X-ClickHouse-Key" \
                     "\"$CLICKHOUSE_PASSWORD\";"
            fi
        } >"$nginx_dir/errortracking_clickhouse.conf"
    )
}


start_nginx()
{
    local nginx deadline

    nginx=${ET_NGINX:-$(PATH=$PATH:/usr/sbin:/sbin command -v nginx)} \
        || fail "nginx is missing"

    "$nginx" -q -t -p "$nginx_dir" -c "$nginx_dir/nginx.conf" \
             -e "$nginx_dir/error.log" \
        || fail "nginx does not take $nginx_dir/nginx.conf (above)"

    # a session of its own: Ctrl-C reaches this script alone, which ends
    # nginx in good order
    setsid "$nginx" -p "$nginx_dir" -c "$nginx_dir/nginx.conf" \
        -e "$nginx_dir/error.log" -g "daemon off;" </dev/null 9>&- &
    nginx_pid=$!

    deadline=$((SECONDS + start_timeout))

    until curl -sf --max-time 2 -o /dev/null "http://127.0.0.1:$PORT/status"
    do
        if ! kill -0 "$nginx_pid" 2>/dev/null; then
            tail -n 5 "$nginx_dir/error.log" >&2
            fail "nginx ended while starting; see $nginx_dir/error.log"
        fi

        [ "$SECONDS" -lt "$deadline" ] \
            || fail "nginx does not answer at http://127.0.0.1:$PORT/status"

        sleep 0.1
    done
}


# The master ends its workers; a master that was killed leaves them behind, in
# the process group that it led.

stop_nginx()
{
    local deadline second

    if ! kill -0 "$nginx_pid" 2>/dev/null; then
        kill -QUIT -- "-$nginx_pid" 2>/dev/null || return 0
    fi

    second=

    deadline=$((SECONDS + stop_timeout))

    while kill -0 -- "-$nginx_pid" 2>/dev/null; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            echo "run: nginx did not end in $stop_timeout s; told to stop" >&2
            kill -TERM -- "-$nginx_pid" || true
            break
        fi

        # again each second: until nginx has its handlers, what a shell has
        # started in the background ignores it
        if [ "$second" != "$SECONDS" ]; then
            second=$SECONDS
            kill -QUIT "$nginx_pid" 2>/dev/null || true
        fi

        sleep 0.1
    done

    wait "$nginx_pid" 2>/dev/null || true
}


# make passes a signal on that the terminal has sent already, and people press
# Ctrl-C twice: the second must not end what the first has begun.  The traps
# stay: bash may die of a pending signal whose trap is taken away.

interrupted()
{
    [ -z "$ending" ] || return 0

    ending=1
    exit 0
}


# whatever ends this script: NGINX first, as it sends what it has to
# ClickHouse

stop_all()
{
    local status=$?

    # the terminal may be gone: nothing that is said must end this
    ending=1
    trap '' PIPE
    trap - EXIT
    set +e
    rm -f "$DATA_DIR/addresses"

    if [ -n "$nginx_pid" ]; then
        say "ending NGINX"
        stop_nginx
    fi

    if [ -n "$clickhouse_started" ]; then
        say "ending ClickHouse"
        (
            trap '' INT TERM HUP
            CLICKHOUSE_URL='' "$root/src/tools/clickhouse.sh" stop
        ) || true
    fi

    say "the data stays in $DATA_DIR"

    exit "$status"
}


print_addresses()
{
    local base=http://127.0.0.1:$PORT auth=

    if [ -n "${CLICKHOUSE_USER:-}" ]; then
        auth=" -u '$CLICKHOUSE_USER:PASSWORD'"
    fi

    cat <<END

Ready.

  DSN          http://$key@127.0.0.1:$PORT/1

  send one     curl '$base/api/1/store/?sentry_key=$key' \\
                   -d '{"message": "It works", "level": "error"}'

  see them     curl$auth '$CLICKHOUSE_URL/' --data-binary \\
                   'SELECT received, level, type, value, message
                    FROM errortracking.events
                    ORDER BY received DESC LIMIT 10 FORMAT PrettyCompact'

  read them    curl -H 'Authorization: Bearer $token' \\
                   '$base/api/0/organizations/o/issues/'

  sentry-cli   SENTRY_URL=$base SENTRY_ORG=o SENTRY_PROJECT=1 \\
                   SENTRY_AUTH_TOKEN=$token \\
                   sentry-cli issues list

  GitLab       address $base/errortracking/api/v1, token $gitlab_token

  status       $base/status
  metrics      $base/metrics
  logs         $nginx_dir/error.log

  make demo, in another terminal, sends some with a real SDK.
  Ctrl-C ends it.

END
}


# for make demo, which may know other ports or none

write_addresses()
{
    (
        umask 077
        {
            echo "dsn http://$key@127.0.0.1:$PORT/1"
            echo "clickhouse $CLICKHOUSE_URL"
        } >"$DATA_DIR/addresses.new"
    )
    mv "$DATA_DIR/addresses.new" "$DATA_DIR/addresses"
}


# until one of the two ends by itself

watch()
{
    while :; do
        if ! kill -0 "$nginx_pid" 2>/dev/null; then
            tail -n 5 "$nginx_dir/error.log" >&2
            fail "NGINX has ended; see $nginx_dir/error.log"
        fi

        if [ -n "$clickhouse_started" ] \
            && ! kill -0 "$(cat "$DATA_DIR/clickhouse.pid")" 2>/dev/null
        then
            tail -n 5 "$DATA_DIR/clickhouse.log" >&2
            fail "ClickHouse has ended; see $DATA_DIR/clickhouse.log"
        fi

        # a trap waits for the command before it to end, but not for wait
        sleep 1 9>&- &
        wait $! || true
    done
}


# before anything is installed or written
"$root/src/tools/build.sh" paths
make_data_dir
check_ports

clickhouse_url=${CLICKHOUSE_URL:-http://127.0.0.1:$CLICKHOUSE_HTTP_PORT}

say "what is missing is installed"
"$root/src/tools/install.sh" build run

say "the module is built"
"$root/src/tools/build.sh" installed
"$root/src/tools/clickhouse.sh" install

trap stop_all EXIT
trap interrupted INT TERM HUP

if [ -z "${CLICKHOUSE_URL:-}" ]; then
    say "ClickHouse starts on $clickhouse_url"
    clickhouse_started=1
    "$root/src/tools/clickhouse.sh" start 9>&-
    split_url
else
    split_url
    say "ClickHouse is $CLICKHOUSE_URL"
    "$root/src/tools/clickhouse.sh" wait
fi

"$root/src/tools/schema.sh" >"$DATA_DIR/schema.log" \
    || fail "the schema was not applied"

say "NGINX starts on port $PORT"
make_keys
make_tokens
write_configuration
start_nginx
write_addresses
print_addresses
watch
