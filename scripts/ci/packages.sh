#!/usr/bin/env bash
# The packages as they are published, installed under a Node by every package manager and used: scripts/ci/packages.sh [NODE]
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
under "${1:-24}"
built || exit
# The examples with React are used in a browser, where there is one.
find_chromium
export CHROMIUM=$chromium
PACKAGE_MANAGERS="npm pnpm yarn" tests --project '*-published-ci'
