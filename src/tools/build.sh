#!/usr/bin/env bash
#
# Builds the module, with nginx's own configure and make:
#
#     build.sh installed         for the installed nginx (Debian's nginx-dev)
#     build.sh source DIR        a source tree: nginx, and the module beside it
#     build.sh static DIR        a source tree: nginx with the module in it
#     build.sh asan DIR          the same, with clang and the sanitizers
#     build.sh version DIR       prints the version of a source tree
#     build.sh paths             fails where nginx's configure would
#
# Nothing is written outside $BUILD, but the Makefile that nginx's configure
# leaves in a source tree.  configure runs again only when something that it
# depends on has changed; what nginx's make finds up to date is not built.
# Two builds of one variant wait for each other.

set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build}
name=ngx_http_errortracking_module
cc=${CC:-gcc}
cflags=${CFLAGS:-}
ldflags=${LDFLAGS:-}


fail()
{
    echo "build: $*" >&2
    exit 1
}


# nginx's configure and Makefile name these without quotes.

check_paths()
{
    local path special=$' \t\n"\'\\$&;|*?<>()`#!'

    for path in "$root" "$build" "$@"; do
        case $path in
        *["$special"]*)
            fail "nginx's configure takes no path with a space or a special" \
                 "character: \"$path\""
            ;;
        esac
    done
}


version_of()
{
    sed -n 's/^#define NGINX_VERSION *"\(.*\)"/\1/p' "$1/src/core/nginx.h"
}


source_tree()
{
    [ -n "${1:-}" ] \
        || fail "no source tree given: use NGINX_SRC=DIR" \
                "(make nginx-src fetches one into build/nginx-src/newest)"

    if [ ! -x "$1/configure" ] || [ ! -f "$1/src/core/nginx.h" ]; then
        fail "\"$1\" is not a source tree of nginx:" \
             "it has no configure and src/core/nginx.h"
    fi

    src=$(cd "$1" && pwd -P)
    check_paths "$src"
    version=$(version_of "$src")
}


# the same features as a distribution's nginx has, as far as tests use them
source_flags=(
    --with-compat
    --with-debug
    --with-threads
    --with-http_ssl_module
    --with-http_v2_module
    --with-http_realip_module
    --with-http_auth_request_module
    --with-http_stub_status_module
)

# _FORTIFY_SOURCE is undefined first because some compilers bring their own
hardening="-g -O2 -fPIC -fstack-protector-strong -Wformat \
-Werror=format-security -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"

variant=${1:-installed}

[ "$variant" = version ] || check_paths

case $variant in
paths)
    exit 0
    ;;

version)
    source_tree "${2:-}"
    echo "$version"
    exit 0
    ;;

installed)
    src=${NGINX_DEV:-/usr/share/nginx/src}

    if [ ! -f "$src/conf_flags" ] || [ ! -x "$src/configure" ]; then
        fail "the headers of the installed nginx are missing: install" \
             "nginx-dev (Debian; \"make install-deps\" does), or build" \
             "against a source tree with NGINX_SRC=DIR"
    fi

    version=$(version_of "$src")
    # shellcheck disable=SC1091
    . "$src/conf_flags"

    out=$build/installed
    args=("${NGX_CONF_FLAGS[@]}" --add-dynamic-module="$root")
    targets=(modules)
    cc_opt=$hardening
    ld_opt="-Wl,-z,relro -Wl,-z,now -fPIC"
    ;;

source)
    source_tree "${2:-}"
    out=$build/src-$version
    args=("${source_flags[@]}" --add-dynamic-module="$root")
    targets=(binary modules)
    cc_opt=$hardening
    ld_opt="-Wl,-z,relro -Wl,-z,now -fPIC"
    ;;

static)
    source_tree "${2:-}"
    out=$build/static-$version
    args=("${source_flags[@]}" --add-module="$root")
    targets=(binary)
    cc_opt=$hardening
    ld_opt="-Wl,-z,relro -Wl,-z,now"
    ;;

asan)
    source_tree "${2:-}"
    out=$build/asan-$version
    args=("${source_flags[@]}" --add-module="$root")
    targets=(binary)
    cc=clang

    # nginx calls memcpy() and the like with NULL and a length of 0, which is
    # what nonnull-attribute would report, and adds 0 to NULL, which is what
    # pointer-overflow would.  NGX_DEBUG_PALLOC gives every pool allocation a
    # malloc() of its own, so that AddressSanitizer sees its end.
    # Without NGX_HAVE_NONALIGNED nginx does not read words where they lie.
    cc_opt="-g -O1 -fsanitize=address,undefined \
-fno-sanitize=nonnull-attribute,pointer-overflow -fno-omit-frame-pointer \
-DNGX_DEBUG_PALLOC=1 -DNGX_HAVE_NONALIGNED=0"
    ld_opt="-fsanitize=address,undefined"
    ;;

*)
    fail "unknown variant \"$variant\": installed, source, static or asan"
    ;;
esac

command -v "$cc" >/dev/null || fail "the compiler \"$cc\" is missing"

args=(--builddir="$out" --with-cc="$cc" "${args[@]}"
      --with-cc-opt="$cc_opt $cflags" --with-ld-opt="$ld_opt $ldflags")


# What configure depends on: its arguments, the description of the module, and
# which files there are.

fingerprint=$(
    printf '%s\n' "$src" "$version" "${args[@]}"
    "$cc" --version | head -n 1
    cksum "$root/config"
    find "$root/src/core" "$root/src/read" "$root/src/http" "$root"/*.c -name '*.[ch]' \
        2>/dev/null | LC_ALL=C sort
)

if ! mkdir -p "$out" 2>/dev/null || [ ! -w "$out" ]; then
    fail "$(id -un) has no right to write in $out: BUILD moves it"
fi

# one build of a variant at a time: configure rewrites what make reads
exec 9>"$out/lock"
flock 9

if [ ! -f "$out/Makefile" ] \
    || [ "$fingerprint" != "$(cat "$out/configured" 2>/dev/null)" ]
then
    rm -f "$out/configured"

    if ! (cd "$src" && ./configure "${args[@]}") >"$out/configure.log" 2>&1
    then
        tail -n 12 "$out/configure.log" >&2
        fail "configure failed; see $out/configure.log and" \
             "$out/autoconf.err"
    fi

    printf '%s\n' "$fingerprint" >"$out/configured"
fi


# The make of a job server above would be asked for slots that a script
# cannot pass on.

unset MAKEFLAGS MFLAGS MAKELEVEL

quiet=(-s)
[ -z "${V:-}" ] || quiet=()

make "${quiet[@]}" -j"$(nproc)" -C "$src" -f "$out/Makefile" "${targets[@]}" \
    || fail "nginx $version ($variant, $cc) was not built"

if [ "$variant" = installed ]; then

    # another name first: an nginx that has the old file mapped keeps it
    if ! cmp -s "$out/$name.so" "$build/$name.so"; then
        cp "$out/$name.so" "$build/$name.so.new"
        mv "$build/$name.so.new" "$build/$name.so"
    fi

    echo "build/$name.so for nginx $version"

elif [ "$variant" = source ]; then
    echo "${out#"$root"/}/nginx and ${out#"$root"/}/$name.so"

else
    echo "${out#"$root"/}/nginx"
fi
