#!/bin/sh
#
# The chaos tests, with less of everything: see t/chaos/chaos.

exec "$(dirname "$0")/../chaos/chaos" --short
