#!/usr/bin/env bash
#
# The container image: the Dockerfile, unchanged, is built and run for real,
# without a Docker engine and without a registry: by buildah with chroot
# isolation, on a debian:trixie-slim that debootstrap makes.  The image's
# NGINX takes an event, which is then in ClickHouse, and its stop signal ends
# it in good order.  Prints TAP.
#
# Needs root, buildah, debootstrap, and CLICKHOUSE_URL: `make test-image`
# starts one.  Base and layers stay in build/image, so that the next run is
# quick.

set -uo pipefail

cd "$(dirname "$0")/.." || exit 1
top=$PWD

# shellcheck source=src/tools/suite.sh
. src/tools/suite.sh
# shellcheck source=src/tools/ports.sh
. src/tools/ports.sh

dir=${BUILD:-$top/build}/image
image=errortracking
n=0
failed=0
pid=
container=


# result STATUS NAME [FILE]: the file tells why, where it failed
result()
{
    n=$((n + 1))

    if [ "$1" -eq 0 ]; then
        echo "ok $n - $2"
        return 0
    fi

    failed=$((failed + 1))
    echo "not ok $n - $2"
    [ -z "${3:-}" ] || tail -n 30 "$3" | sed 's/^/# /'
    return 1
}


end()
{
    echo "1..$n"
    [ "$failed" -eq 0 ]
    exit
}


bail()
{
    echo "Bail out! $*"
    exit 1
}


[ "$(id -u)" -eq 0 ] || bail "buildah with chroot isolation needs root"

for command in buildah debootstrap curl python3; do
    command -v $command > /dev/null || bail "$command is missing"
done

clickhouse=${CLICKHOUSE_URL:-http://127.0.0.1:8123}
curl -sf "$clickhouse/ping" > /dev/null || bail "no ClickHouse at $clickhouse"

mkdir -p "$dir"
log=$dir/log
out=$dir/output


# Overlays where the file system can, else whole copies.
buildah()
{
    command buildah --root "$dir/storage" --runroot "$dir/run" \
        --storage-driver "$driver" "$@"
}


probe()
{
    local c

    c=$(buildah from scratch) && buildah mount "$c" && buildah rm "$c"
} > "$log" 2>&1


driver=overlay
if ! probe; then
    rm -rf "$dir/storage" "$dir/run"
    driver=vfs
fi


stop_all()
{
    local status=$?

    trap - EXIT

    if [ -n "$pid" ] && kill -0 "$pid" 2> /dev/null; then
        master=$(cat "$root/run/errortracking/nginx.pid" 2> /dev/null)
        [ -z "$master" ] || kill -TERM "$master" 2> /dev/null
        wait "$pid"
    fi

    # nothing stays mounted in build/, or it could not be removed
    if [ -n "$container" ]; then
        buildah umount "$container" > /dev/null
        buildah rm "$container" > /dev/null
    fi

    umount "$dir/storage/overlay" 2> /dev/null

    exit "$status"
}

trap stop_all EXIT
trap 'exit 130' INT TERM HUP


# The base

base()
{
    buildah inspect --type image localhost/debian:trixie-slim > /dev/null \
        2>&1 && return

    suite_root "$dir/trixie" trixie || return
    rm -rf "$dir/base"
    mkdir "$dir/base"
    tar -C "$dir/trixie" -cf "$dir/base/root.tar" . || return
    printf 'FROM scratch\nADD root.tar /\nCMD ["bash"]\n' \
        > "$dir/base/Containerfile"
    buildah bud --isolation chroot -t debian:trixie-slim "$dir/base" || return
    rm -rf "$dir/base" "$dir/trixie"
}

base > "$log" 2>&1
result $? "a debian:trixie-slim is made with debootstrap" "$log" || end


# The image

# --format docker: the other format has no health check
buildah bud --isolation chroot --format docker --pull=never --layers \
    --force-rm -t $image . > "$log" 2>&1
result $? "the Dockerfile builds as it is" "$log" || end

# config KEY: of the image's configuration, lists a word a line
config()
{
    buildah inspect --type image $image | python3 -c '
import json, sys
value = json.load(sys.stdin)["Docker"]["config"][sys.argv[1]]
print("\n".join(value) if not isinstance(value, str) else value)' "$1"
}

signal=$(config StopSignal)
user=$(config User)
mapfile -t command < <(config Entrypoint; config Cmd)

[ "$signal" = SIGQUIT ]
result $? "its stop signal is SIGQUIT"

[ -n "$user" ] && [ "$user" != root ] && [ "$user" != 0 ]
result $? "its user is not root"

[ "$(config ExposedPorts)" = 8080/tcp ]
result $? "it exposes 8080"


# The container

# a port that is free here, as chroot isolation has no network of its own
port=${ET_PORT:-$(free_ports 1)}
project=$((RANDOM * 32768 + RANDOM + 1000000000))
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

echo "$project $key" > "$dir/keys"
echo "0123456789abcdef0123 * *" > "$dir/tokens"
chmod 644 "$dir/keys" "$dir/tokens"

container=$(buildah from --pull=never $image) || bail "no container"
root=$(buildah mount "$container") || bail "no container"
buildah config -e PORT="$port" -e CLICKHOUSE="${clickhouse#*://}" "$container"

run()
{
    buildah run --isolation chroot "$container" -- "$@"
}

run "${command[@]}" > "$out" 2>&1
[ $? -ne 0 ] && grep -q 'no keys at /etc/errortracking/keys' "$out"
result $? "without keys it ends and says what is missing" "$out"

run "${command[0]}" schema > "$out" 2>&1
result $? "its command schema applies the schema" "$out"

buildah run --isolation chroot -v "$dir/keys:/etc/errortracking/keys:ro" \
    -v "$dir/tokens:/etc/errortracking/tokens:ro" "$container" -- "${command[@]}" > "$out" 2>&1 &
pid=$!


# until SECONDS COMMAND...
until_true()
{
    local end=$((SECONDS + $1))
    shift

    until "$@"; do
        [ $SECONDS -lt $end ] && kill -0 $pid 2> /dev/null || return 1
        sleep 0.1
    done
}

healthy()
{
    curl -sf -o /dev/null "http://127.0.0.1:$port/status"
}

until_true 30 healthy
result $? "it starts and answers" "$out" || end

mapfile -t check < <(
    buildah inspect --type image $image | python3 -c '
import json, sys
print("\n".join(json.load(sys.stdin)["Docker"]["config"]["Healthcheck"]
                ["Test"][1:]))')

run sh -c "${check[0]}" > "$log" 2>&1
result $? "its health check is content" "$log"

master=$(cat "$root/run/errortracking/nginx.pid")
users=$(ps -o uid= -p "$master" --ppid "$master" | sort -u | tr -d ' ')
expected=$(awk -F: -v user="$user" '$1 == user { print $3 }' "$root/etc/passwd")
[ -n "$users" ] && [ "$users" = "$expected" ]
result $? "no process of it is root's"

id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
answer=$(curl -s "http://127.0.0.1:$port/api/$project/store/?sentry_key=$key" \
         -d '{"event_id": "'"$id"'", "level": "error",
              "exception": {"values": [{"type": "ImageError",
                                        "value": "from the image"}]}}')
[[ $answer = *"$id"* ]]
result $? "it accepts an event: $answer" "$out"

stored()
{
    [ "$(curl -s "$clickhouse/" --data-binary "
         SELECT replaceAll(toString(event_id), '-', ''), type, value, n
         FROM errortracking.events WHERE project_id = $project
         FORMAT CSV")" = "\"$id\",\"ImageError\",\"from the image\",1" ]
}

until_true 20 stored
result $? "the event is in ClickHouse" "$out"

curl -s -H "Authorization: Bearer 0123456789abcdef0123" \
     "http://127.0.0.1:$port/api/0/projects/o/$project/issues/" > "$log"
grep -q "from the image" "$log"
result $? "and Sentry's API shows it, where tokens are mounted" "$log"

curl -s -H "Authorization: Bearer 0123456789abcdef0123" \
     "http://127.0.0.1:$port/api/0/projects/o/$project/keys/" > "$log"
grep -q "\"http://$key@127.0.0.1:$port/$project\"" "$log"
result $? "and the project's key with its DSN" "$log"

started=$SECONDS
kill -s "${signal#SIG}" "$master"
wait $pid
status=$?
pid=
[ $status -eq 0 ] && [ $((SECONDS - started)) -le 10 ]
result $? "its stop signal ends it in good order ($status)" "$out"

! grep -E '\[(alert|crit|emerg)\]' "$out" > "$log"
result $? "no alerts in its log" "$log"

end
