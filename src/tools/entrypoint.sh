#!/bin/sh
#
# The image's first process: writes NGINX's configuration from conf/nginx.conf
# and the environment that the Dockerfile lists, and becomes NGINX.
#
#     entrypoint.sh nginx [ARGUMENT...]    as CMD has it
#     entrypoint.sh schema                 applies the schema instead
#     entrypoint.sh COMMAND...             anything else is run as it is

set -eu

home=/usr/share/errortracking
run=/run/errortracking


fail()
{
    echo "errortracking: $*" >&2
    exit 1
}


# What would end a string of NGINX's configuration, or be a variable in it,
# can't stand there.
header()
{
    case $2 in
    *[\"\\\$]*)
        fail "$1 has a character (\" \\ \$) that can't stand in NGINX's" \
             "configuration"
        ;;
    esac

    echo "proxy_set_header $3 \"$2\";"
}


configure()
{
    [ -r "$KEYS" ] \
        || fail "no keys at $KEYS: mount a file with a \"project key\" pair" \
                "a line there, or set KEYS"

    umask 077
    temp=
    apis=

    # each of the read APIs is there where its tokens are
    if [ -r "$TOKENS" ]; then
        apis="$apis -e /#location.*api.0/,/#}/s|#||"
    fi
    if [ -r "$GITLAB_TOKEN" ]; then
        apis="$apis -e /#location.*api.v1/,/#}/s|#||"
    fi

    for name in client_body proxy fastcgi uwsgi scgi; do
        temp="$temp\\n    ${name}_temp_path $run/$name;"
    done

    sed -e "s|^load_module modules/|load_module /usr/lib/nginx/modules/|" \
        -e "/^user /d" \
        -e "s|^pid .*;|pid $run/nginx.pid;|" \
        -e "s|^error_log .*;|error_log stderr;|" \
        -e "s|^\( *\)access_log .*;|\1access_log off;|" \
        -e "s|^http {|&$temp\\n|" \
        -e "s|^\( *\)listen 8080;|\1listen $PORT;|" \
        -e "s|^\( *\)server 127.0.0.1:8123;|\1server $CLICKHOUSE;|" \
        -e "s|\(errortracking_keys\) .*;|\1 $KEYS;|" \
        -e "s|\(errortracking_tokens\) .*;|\1 $TOKENS;|" \
        -e "s|\(errortracking_token\) .*;|\1 file:$GITLAB_TOKEN;|" \
        $apis \
        "$home/conf/nginx.conf" > "$run/nginx.conf"

    {
        cat "$home/conf/errortracking_clickhouse.conf"

        if [ -n "${CLICKHOUSE_USER:-}" ]; then
            header CLICKHOUSE_USER "$CLICKHOUSE_USER" X-ClickHouse-User
        fi

        if [ -n "${CLICKHOUSE_PASSWORD:-}" ]; then
            header CLICKHOUSE_PASSWORD "$CLICKHOUSE_PASSWORD" X-ClickHouse-Key
        fi
    } > "$run/errortracking_clickhouse.conf"
}


# these go into the configuration as they are
case $CLICKHOUSE$KEYS$TOKENS$GITLAB_TOKEN in
*[!A-Za-z0-9.:/_@\[\]-]*)
    fail "CLICKHOUSE \"$CLICKHOUSE\" must be host:port, and KEYS \"$KEYS\"," \
         "TOKENS \"$TOKENS\" and GITLAB_TOKEN \"$GITLAB_TOKEN\" paths of" \
         "letters, digits and . : / _ @ -"
    ;;
esac

case $PORT in
""|*[!0-9]*) fail "PORT \"$PORT\" is no number" ;;
esac

case ${1:-nginx} in

nginx)
    [ $# -eq 0 ] || shift
    configure
    exec nginx -p "$run" -c "$run/nginx.conf" -e stderr -g "daemon off;" "$@"
    ;;

schema)
    CLICKHOUSE_URL=http://$CLICKHOUSE
    export CLICKHOUSE_URL
    exec "$home/src/tools/schema.sh"
    ;;

*)
    exec "$@"
    ;;

esac
