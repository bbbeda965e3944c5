#!/usr/bin/env bash
#
# Installs what is missing, on Debian 12 and 13, and nothing else:
#
#     install.sh build       what building the module needs
#     install.sh run         what "make run" and "make demo" need besides
#     install.sh test        what "make test" needs besides
#     install.sh bench       what "make bench" needs besides
#     install.sh image       what "make test-image" needs besides
#     install.sh nginx-src   the newest source of nginx, in build/nginx-src
#
# What is there is not touched, and then nothing is downloaded: a second run
# is quick and works without a network.  Packages come from wherever apt on
# this machine gets them; as another user than root they are installed through
# sudo, and without sudo it is said what to install.

set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
# shellcheck source=src/tools/suite.sh
. "$root/src/tools/suite.sh"

PATH=$PATH:/usr/sbin:/sbin

# packages to install; those that not every suite has
missing=()
optional=()


fail()
{
    echo "install: $*" >&2
    exit 1
}


# packages by name: libraries, and what no command tells

need_packages()
{
    local package

    for package in "$@"; do
        case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) in
        *" installed") ;;
        *) missing+=("$package") ;;
        esac
    done
}


# the same, where the installed suite has them

want_packages()
{
    local wanted=("$@") before=${#missing[@]}

    need_packages "${wanted[@]}"
    optional+=("${missing[@]:before}")
    missing=("${missing[@]:0:before}")
}


# a command, and the package to get it from; it may have come otherwise

need_command()
{
    command -v "$1" >/dev/null || missing+=("$2")
}


as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}


can_be_root()
{
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null
}


# Debian's nginx starts a server when it is installed.  It is wanted here for
# its program; where no administrator has said what may start, nothing does.

without_services()
{
    local policy=/usr/sbin/policy-rc.d status=0

    if [ -e "$policy" ]; then
        "$@"
        return
    fi

    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    "$@" || status=$?
    as_root rm -f "$policy"

    return "$status"
}


# of the optional ones, those that apt knows

add_optional()
{
    local package

    for package in "${optional[@]}"; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            missing+=("$package")
        fi
    done
}


install_missing()
{
    [ $((${#missing[@]} + ${#optional[@]})) -gt 0 ] || return 0

    command -v apt-get >/dev/null \
        || fail "this is no Debian; its packages that are missing here:" \
                "${missing[*]} ${optional[*]}"

    can_be_root \
        || fail "installing needs root or sudo; as root, run" \
                "apt-get install ${missing[*]} ${optional[*]}"

    as_root apt-get -q update >"$log" 2>&1 \
        || { tail -n 5 "$log" >&2; fail "apt-get update failed (above)"; }

    add_optional
    [ ${#missing[@]} -gt 0 ] || return 0

    # groups have packages in common
    mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
    echo "installing ${missing[*]}"

    without_services as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends install "${missing[@]}" \
        >"$log" 2>&1 \
        || { tail -n 20 "$log" >&2; fail "apt-get install failed (above)"; }

    missing=()
    optional=()
}


need_build()
{
    need_command gcc gcc
    need_command make make
    need_command nginx nginx
    need_packages nginx-dev libc6-dev libcjson-dev libcurl4-openssl-dev \
                  libssl-dev zlib1g-dev libbrotli-dev libdeflate-dev \
                  libzstd-dev libpcre2-dev
}


need_run()
{
    need_command curl curl
    need_command runuser util-linux
    need_packages ca-certificates

    # the demo's Python, with venv
    if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
        missing+=(python3 python3-venv)
    fi

    # npm fetches ClickHouse's engine where there is no server
    if [ "$("$root/src/tools/clickhouse.sh" kind 2>/dev/null)" = engine ]; then
        need_command npm npm
    fi
}


need_test()
{
    need_run
    need_command clang clang
    need_command node nodejs
    need_command npm npm
    need_command git git
    need_command go golang-go
    need_command javac default-jdk-headless
    need_command mvn maven
    need_command cargo cargo
    need_command ruby ruby
    need_command chromium chromium
    want_packages ruby-sentry-ruby ruby-sentry-raven
    need_command prove perl
    need_command valgrind valgrind
    need_command ps procps
    need_command zstd zstd

    # what libtest-nginx-perl depends on
    need_packages libtest-base-perl libtest-longstring-perl libfilter-perl \
                  liblist-moreutils-perl libipc-run-perl libtext-diff-perl \
                  liburi-perl libwww-perl libhttp-message-perl

    # clang without its runtimes has no sanitizers and no libFuzzer
    if ! echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' \
         | clang -fsanitize=fuzzer,address,undefined -x c - -o /dev/null \
               2>/dev/null
    then
        missing+=(libclang-rt-dev)
    fi
}


need_bench()
{
    need_command curl curl
    need_command python3 python3
    need_command taskset util-linux
}


need_image()
{
    need_command buildah buildah
    need_command debootstrap debootstrap
}


# Test::Nginx is a package of Debian's unstable suite alone: one file of
# Perl, for any release.  Its dependencies are of the installed suite.

install_test_nginx()
{
    local dir=$build/test-nginx deb

    perl -MTest::Nginx::Socket -e 1 2>/dev/null && return

    can_be_root || fail "installing libtest-nginx-perl (Debian unstable)" \
                        "needs root or sudo"

    echo "installing libtest-nginx-perl, of Debian's unstable suite"
    mkdir -p "$dir"

    suite_apt "$dir" unstable apt-get update >"$log" 2>&1 \
        && (cd "$dir" && suite_apt "$dir" unstable \
            apt-get download libtest-nginx-perl) >>"$log" 2>&1 \
        || { tail -n 5 "$log" >&2
             fail "libtest-nginx-perl could not be fetched (above)"; }

    deb=$(ls -t "$dir"/libtest-nginx-perl_*.deb | head -n 1)

    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends install "$deb" >>"$log" 2>&1 \
        || { tail -n 5 "$log" >&2; fail "$deb was not installed (above)"; }

    # the lists of a whole suite are of no more use
    rm -rf "$dir/unstable"

    perl -MTest::Nginx::Socket -e 1 \
        || fail "libtest-nginx-perl is installed but does not load"
}


[ $# -gt 0 ] || fail "usage: install.sh build|run|test|bench|image|nginx-src..."

mkdir -p "$build"
log=$build/install.log

for group in "$@"; do
    case $group in
    build)      need_build ;;
    run)        need_run ;;
    test)       need_test ;;
    bench)      need_bench ;;
    image)      need_image ;;
    nginx-src)  ;;
    *)          fail "unknown group \"$group\"" ;;
    esac
done

install_missing

for group in "$@"; do
    case $group in
    test)       install_test_nginx ;;
    nginx-src)  "$root/src/tools/nginx-source.sh" "$build/nginx-src" ;;
    esac
done
