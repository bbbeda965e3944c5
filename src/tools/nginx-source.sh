#!/usr/bin/env bash
#
# Fetches the newest source of nginx that a suite of Debian has, checked by
# apt, and unpacks it (nginx's own tree, without Debian's patches):
#
#     nginx-source.sh DIR        DIR/nginx-VERSION, and DIR/newest to it
#
# A suite's index may name a source whose files are not to be had; then the
# next older one is taken.  What was taken, and why nothing newer, is printed.
# What is there already stays, and the same is printed; remove DIR to look
# again.

set -euo pipefail

tools=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=src/tools/suite.sh
. "$tools/suite.sh"

if [ $# -ne 1 ]; then
    echo "usage: nginx-source.sh DIR" >&2
    exit 2
fi

mkdir -p "$1"
dir=$(cd "$1" && pwd)

if [ -x "$dir/newest/configure" ]; then
    cat "$dir/found"
    exit 0
fi

log=$dir/fetch.log
: > "$log"
: > "$dir/found"
missing=" "


say()
{
    echo "$*" | tee -a "$dir/found"
}


for suite in "${suites[@]}"; do
    if ! suite_apt "$dir/apt" "$suite" apt-get update >> "$log" 2>&1; then
        say "$suite: its index is not to be had"
        continue
    fi

    version=$(suite_apt "$dir/apt" "$suite" apt-cache showsrc nginx \
                  2>> "$log" \
              | awk '$1 == "Package:" { name = $2 }
                     $1 == "Version:" && name == "nginx" { print $2 }' \
              | sort -V | tail -n 1)

    if [ -z "$version" ]; then
        say "$suite: has no source of nginx"
        continue
    fi

    if [[ $missing = *" $version "* ]]; then
        say "$suite: nginx $version, too"
        continue
    fi

    # only the original source is needed: --tar-only
    rm -rf "$dir/files"
    mkdir "$dir/files"

    if ! (cd "$dir/files" \
          && suite_apt "$dir/apt" "$suite" apt-get source --download-only \
                 --tar-only "nginx=$version") > "$dir/got" 2>&1
    then
        cat "$dir/got" >> "$log"
        why=$(grep -m 1 -oE '[0-9]{3}  [A-Z][A-Za-z ]*[a-z]' "$dir/got" \
              || tail -n 1 "$dir/got")
        say "$suite: nginx $version is in the index, but its source is not" \
            "to be had: $why"
        missing="$missing$version "
        continue
    fi

    cat "$dir/got" >> "$log"
    tar -C "$dir" -xf "$dir"/files/nginx_*.orig.tar.*z
    upstream=${version%-*}

    if [ ! -x "$dir/nginx-$upstream/configure" ]; then
        echo "$suite: nginx $version unpacks to no nginx-$upstream" >&2
        exit 1
    fi

    say "$suite: nginx $version: the newest source, in nginx-$upstream"
    ln -sfn "nginx-$upstream" "$dir/newest"
    rm -rf "$dir/files" "$dir/got"
    exit 0
done

echo "nginx-source.sh: no suite has a source of nginx; see $log" >&2
exit 1
