#!/usr/bin/env bash
#
# Another Debian's own nginx, and the module built against its nginx-dev:
#
#     nginx-debian.sh SUITE DIR
#
# DIR/root is that Debian, made with debootstrap; the module is compiled in
# it, by its compiler and with its libraries.  DIR/nginx runs its nginx here,
# on files of this machine, with the libraries of that one, and DIR has the
# module beside it.  Needs root.

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
name=ngx_http_errortracking_module
# shellcheck source=src/tools/suite.sh
. "$top/src/tools/suite.sh"

if [ $# -ne 2 ]; then
    echo "usage: nginx-debian.sh SUITE DIR" >&2
    exit 2
fi

suite=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
root=$dir/root

suite_root "$root" "$suite"

# nginx-dev wants what Debian builds all of its modules with, half a gigabyte;
# the headers alone do for this one
if [ ! -e "$dir/installed" ]; then
    suite_run "$root" sh -ec '
        apt-get update
        apt-get install -y --no-install-recommends nginx gcc make \
            libc6-dev dpkg-dev libpcre2-dev libssl-dev zlib1g-dev \
            libbrotli-dev libdeflate-dev libzstd-dev \
            libcjson-dev libcurl4-openssl-dev
        cd /tmp
        apt-get download nginx-dev
        dpkg -x nginx-dev_*.deb /
        apt-get clean' > "$dir/install.log" 2>&1 \
    || { tail -n 5 "$dir/install.log" >&2
         echo "nginx-debian.sh: see $dir/install.log" >&2
         exit 1; }
    touch "$dir/installed"
fi

# the sources as they are now, with their times
mkdir -p "$root/errortracking"
rm -rf "$root/errortracking/src"
cp -pr "$top/config" "$top"/*.c "$top/src" "$root/errortracking/"

suite_run "$root" env CC=gcc CFLAGS="${CFLAGS:-}" BUILD=/errortracking/build \
    /errortracking/src/tools/build.sh installed > "$dir/build.log" 2>&1 \
|| { tail -n 20 "$dir/build.log" >&2
     echo "nginx-debian.sh: see $dir/build.log" >&2
     exit 1; }

cp "$root/errortracking/build/$name.so" "$dir/$name.so"

# A program and its libraries are started by their own dynamic loader.
loader=$(cd "$root" && ls lib64/ld-linux-*.so.* lib/ld-linux-*.so.* \
             2>/dev/null | head -n 1 || true)
libraries=$(cd "$root" && ls -d usr/lib/*-linux-gnu* | head -n 1)

cat > "$dir/nginx.new" << END
#!/bin/sh
exec "$root/$loader" --argv0 "\$0" --library-path "$root/$libraries" \\
    "$root/usr/sbin/nginx" "\$@"
END

chmod +x "$dir/nginx.new"
mv "$dir/nginx.new" "$dir/nginx"

"$dir/nginx" -v 2>&1 | sed "s/^/$suite: /"
