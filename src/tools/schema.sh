#!/bin/sh
#
# Applies the schema, conf/clickhouse/*.sql in the order of their names, to
# the ClickHouse at CLICKHOUSE_URL (http://127.0.0.1:8123) as CLICKHOUSE_USER
# with CLICKHOUSE_PASSWORD where they are set.  Stops at the first statement
# that fails, with ClickHouse's message.  Applying it again changes nothing.
#
# usage: schema.sh [DIRECTORY]

set -eu

url=${CLICKHOUSE_URL:-http://127.0.0.1:8123}
dir=${1:-$(cd "$(dirname "$0")/../.." && pwd)/conf/clickhouse}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM


# A value for curl's configuration file.  User and password go through a file
# only we can read: arguments are seen by everyone on the machine.
quote()
{
    printf '%s' "$1" | sed 's/[\\"]/\\&/g'
}

umask 077
{
    if [ -n "${CLICKHOUSE_USER:-}" ]; then
        printf 'header = "X-ClickHouse-User: %s"\n' \
            "$(quote "$CLICKHOUSE_USER")"
    fi
    if [ -n "${CLICKHOUSE_PASSWORD:-}" ]; then
        printf 'header = "X-ClickHouse-Key: %s"\n' \
            "$(quote "$CLICKHOUSE_PASSWORD")"
    fi
} > "$tmp/curl"


# HTTP takes one statement a request: a file is cut where a line that is no
# comment ends with a semicolon.
split()
{
    awk -v out="$2" '
        function file() { return sprintf("%s.%03d", out, n) }
        { text = text $0 "\n" }
        /^[ \t]*--/ { next }
        /[^ \t]/ { some = 1 }
        /;[ \t]*$/ { printf "%s", text > file(); close(file());
                     n++; text = ""; some = 0 }
        END { if (some) { printf "%s", text > file() } }
    ' "$1"
}


# One statement.  Its id is that of its text, so that ClickHouse refuses it
# while an application before this one, which may have been cut off, still runs
# it: that is waited for.  There is no limit to its time, as what was stored
# before may be much to rewrite.
apply()
{
    id=$(cksum < "$1" | tr ' ' '-')

    until curl -sS -K "$tmp/curl" --fail-with-body --connect-timeout 10 \
               --data-binary "@$1" "$url/?query_id=errortracking-schema-$id" \
               > "$tmp/answer" 2> "$tmp/error"
    do
        grep -q QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING "$tmp/answer" || return
        sleep 1
    done
}


# Which version of these files' schema is recorded; 0 where there is none.
recorded()
{
    database=$(sed -n 's/^CREATE DATABASE IF NOT EXISTS \(.*\);$/\1/p' "$@")

    curl -sS -K "$tmp/curl" --fail-with-body --connect-timeout 10 \
         --data-binary "SELECT max(version) FROM $database.schema_version" \
         "$url/" > "$tmp/answer" 2> "$tmp/error" && return

    grep -q 'UNKNOWN_DATABASE\|UNKNOWN_TABLE' "$tmp/answer" || return
    echo 0 > "$tmp/answer"
}


# Whether a statement is of an upgrade that was done before.
done_once()
{
    once=$(sed -n 's/^-- from version \([0-9]*\), once.*/\1/p' "$1")

    [ "$version" -gt "${once:-$version}" ]
}


# What failed, and why.
failed()
{
    echo "schema.sh: $1 failed at $url:"
    cat "$tmp/error" "$tmp/answer"
}


set -- "$dir"/*.sql

if [ ! -e "$1" ]; then
    echo "schema.sh: no *.sql in $dir" >&2
    exit 1
fi

if ! recorded "$@"; then
    failed "asking for its version" >&2
    exit 1
fi

version=$(cat "$tmp/answer")

for sql do
    rm -f "$tmp"/part.* "$tmp/answer"
    split "$sql" "$tmp/part"

    for part in "$tmp"/part.*; do
        [ -e "$part" ] || break
        done_once "$part" && continue

        if ! apply "$part"; then
            {
                failed "$sql"

                # the statement is of interest where it was understood
                if [ -s "$tmp/answer" ]; then
                    echo
                    echo "schema.sh: the statement was:"
                    cat "$part"
                fi
            } >&2
            exit 1
        fi
    done

    echo "applied ${sql##*/}"
done
