#!/usr/bin/env bash
#
# The zone's batches, compiled with the headers of the installed nginx and
# without the rest of it: see t/zone/batch.c.

set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
build=${ET_BUILD:-$top/build}
dir=${ET_DIR:-$(mktemp -d)}
src=${NGINX_HEADERS:-/usr/share/nginx/src/src}

if [ ! -f "$build/installed/ngx_auto_config.h" ] || [ ! -d "$src" ]; then
    echo "1..0 # skip nginx-dev is not installed, or the module not built"
    exit
fi

flags=(-std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter
       -I"$build/installed" -I"$top/src/core" -I"$top/src/http")

for name in core event event/modules os/unix http http/modules http/v2; do
    flags+=(-isystem "$src/$name")
done

for name in "$top"/src/*/; do
    flags+=(-I"$name")
done

${CC:-gcc} "${flags[@]}" -o "$dir/batch" "$top/t/zone/batch.c"

exec "$dir/batch"
