#!/usr/bin/env bash
#
# The module on other nginx than the installed one:
#
#   - the newest source of nginx that a suite of Debian has: as a shared
#     object with gcc, as a part of nginx with gcc, and as a part of nginx
#     with clang and its sanitizers;
#   - the installed nginx under valgrind, for some of them;
#   - the nginx of Debian's unstable suite, its own binary, with the module
#     built by that suite's compiler against its nginx-dev.
#
# Each is built with warnings as errors, runs the shipped configuration with
# one event into ClickHouse, and the suites under t/.  What is done is printed
# as TAP; how a test went is in its output before that.
#
# Without debootstrap or root the binary's part is skipped with a reason; with
# CI=true that is a failure.

set -uo pipefail

cd "$(dirname "$0")/.." || exit 1

tools=src/tools
export BUILD=${BUILD:-$PWD/build}
name=ngx_http_errortracking_module.so
log=$BUILD/matrix.log

# for every variant, and what only some take the time for
quick=(t/e2e/one-event.t)
suites=(t/*.t)
processes=(t/e2e/workers.t t/e2e/spool.t t/e2e/ack.t t/e2e/tls.t
    t/e2e/chaos.t)

n=0
failed=0


result()
{
    n=$((n + 1))

    if [ "$1" -eq 0 ]; then
        echo "ok $n - $2"
    else
        failed=$((failed + 1))
        echo "not ok $n - $2"
    fi
}


# step NAME COMMAND...: its output as comments
step()
{
    local name=$1 status
    shift

    "$@" > "$log" 2>&1
    status=$?
    sed 's/^/# /' "$log"
    result "$status" "$name"
    return "$status"
}


# run NAME NGINX MODULE TEST...
run()
{
    local name=$1
    export ET_NGINX=$2 ET_MODULE=$3
    shift 3

    step "$name passes $*" $tools/test.sh "$@"
}


# The newest source

if step "a source of nginx is fetched" \
        $tools/nginx-source.sh "$BUILD/nginx-src"
then
    src=$BUILD/nginx-src/newest
    v=$($tools/build.sh version "$src")

    if step "nginx $v, shared object (gcc): no warning" \
            env CC=gcc $tools/build.sh source "$src"
    then
        run "nginx $v, shared object" "$BUILD/src-$v/nginx" \
            "$BUILD/src-$v/$name" "${quick[@]}" "${suites[@]}"
    fi

    if step "nginx $v, built in (gcc): no warning" \
            env CC=gcc $tools/build.sh static "$src"
    then
        run "nginx $v, built in" "$BUILD/static-$v/nginx" "" "${quick[@]}"
    fi

    if step "nginx $v, with sanitizers (clang): no warning" \
            $tools/build.sh asan "$src"
    then
        run "nginx $v, with sanitizers" "$BUILD/asan-$v/nginx" "" \
            "${quick[@]}" "${suites[@]}" "${processes[@]}"
    fi
fi


# The installed binary under valgrind

valgrind_is_silent()
{
    local found

    found=$(find "$VALGRIND_LOGS" -type f -size +0)
    [ -z "$found" ] && return

    # shellcheck disable=SC2086
    cat $found
    return 1
}

if step "the module for the installed nginx" $tools/build.sh installed; then
    export VALGRIND_LOGS=$BUILD/valgrind
    rm -rf "$VALGRIND_LOGS"
    mkdir -p "$VALGRIND_LOGS"

    run "the installed nginx under valgrind" "$PWD/t/valgrind" \
        "$BUILD/$name" "${quick[@]}" t/body.t t/bad_input.t
    step "valgrind finds nothing" valgrind_is_silent
fi


# The newest binary

why=
[ "$(id -u)" -eq 0 ] || why="it needs root"
command -v debootstrap > /dev/null || why="debootstrap is missing"

if [ -n "$why" ]; then
    if [ "${CI:-}" = true ]; then
        result 1 "nginx of Debian unstable: $why"
    else
        n=$((n + 1))
        echo "ok $n # skip nginx of Debian unstable: $why"
    fi

elif step "the module is built in Debian unstable: no warning" \
          $tools/nginx-debian.sh unstable "$BUILD/nginx-unstable"
then
    v=$("$BUILD/nginx-unstable/nginx" -v 2>&1 | sed 's|.*/||')
    run "nginx $v of Debian unstable" "$BUILD/nginx-unstable/nginx" \
        "$BUILD/nginx-unstable/$name" "${quick[@]}" "${suites[@]}"
fi

echo "1..$n"
[ "$failed" -eq 0 ]
