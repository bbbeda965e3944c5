# Other suites of Debian than the machine's own, for the scripts that include
# this: from the same place and with the same keys and settings as apt has
# here, and without changing anything of the machine's.
#
# shellcheck shell=bash

# Newest first.
suites=(unstable testing stable oldstable)


# Where this machine has Debian from.
debian_uri()
{
    local uri

    uri=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' \
              'Identifier: Packages' 'Origin: Debian' 2>/dev/null \
          | awk '$1 == "Debian" { print $2; exit }')

    if [ -z "$uri" ]; then
        echo "apt knows no Debian here; run apt-get update first" >&2
        return 1
    fi

    echo "${uri%/}"
}


debian_keyring()
{
    local file

    for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
        if [ -e "$file" ]; then
            echo "$file"
            return 0
        fi
    done

    echo "no keys of Debian: install debian-archive-keyring" >&2
    return 1
}


# suite_apt DIR SUITE COMMAND...: an apt-get or apt-cache that knows SUITE and
# nothing else, with its lists and cache in DIR/SUITE.
suite_apt()
{
    local dir=$1/$2 suite=$2 command=$3 uri keyring
    shift 3

    if [ ! -f "$dir/sources.list" ]; then
        uri=$(debian_uri) && keyring=$(debian_keyring) || return 1
        mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
        printf '%s [signed-by='"$keyring"'] %s %s main\n' \
            deb "$uri" "$suite" deb-src "$uri" "$suite" \
            > "$dir/sources.list"
    fi

    # apt gives up root for a user that may not be allowed into DIR
    "$command" -q \
        -o Dir::Etc::SourceList="$dir/sources.list" \
        -o Dir::Etc::SourceParts=- \
        -o Dir::State::Lists="$dir/lists" \
        -o Dir::Cache="$dir/cache" \
        -o APT::Sandbox::User=root \
        -o APT::Update::Post-Invoke-Success= \
        "$@"
}


# suite_root DIR SUITE: a minimal Debian of SUITE in DIR, whose apt has this
# machine's settings (a proxy, say).  Needs debootstrap and root.  Whole or not
# at all: what was interrupted is made anew.
suite_root()
{
    local dir=$1 suite=$2 uri keyring include=()

    if [ -d "$dir" ]; then
        return 0
    fi

    uri=$(debian_uri) && keyring=$(debian_keyring) || return 1

    case $uri in
    https:*) include=(--include=ca-certificates) ;;
    esac

    rm -rf "$dir.new"
    mkdir -p "$(dirname "$dir")"

    if ! debootstrap --variant=minbase --keyring="$keyring" \
             "${include[@]}" "$suite" "$dir.new" "$uri" > "$dir.log" 2>&1
    then
        tail -n 5 "$dir.log" >&2
        echo "no Debian $suite could be made; see $dir.log" >&2
        return 1
    fi

    apt-config dump | grep -E '^Acquire::(https?::|Check-|Retries)' \
        > "$dir.new/etc/apt/apt.conf.d/90machine" || true

    # an authority of this machine's own
    if [ ${#include[@]} -ne 0 ]; then
        cp -L /etc/ssl/certs/ca-certificates.crt "$dir.new/etc/ssl/certs/"
    fi

    # the services of packages are not started
    printf '#!/bin/sh\nexit 101\n' > "$dir.new/usr/sbin/policy-rc.d"
    chmod +x "$dir.new/usr/sbin/policy-rc.d"

    rm -f "$dir.new"/var/cache/apt/archives/*.deb
    mv "$dir.new" "$dir"
}


# Runs a command in such a root.
suite_run()
{
    local dir=$1
    shift

    cp -L /etc/resolv.conf /etc/hosts "$dir/etc/" || return 1
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        ${http_proxy:+http_proxy="$http_proxy"} \
        ${https_proxy:+https_proxy="$https_proxy"} \
        DEBIAN_FRONTEND=noninteractive chroot "$dir" "$@"
}
