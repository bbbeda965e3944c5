#!/bin/sh
#
# Every fuzz target for a short while: see t/fuzz/run.

FUZZ_FIXED=1 exec "$(dirname "$0")/run" "${FUZZ_SECONDS:-15}"
