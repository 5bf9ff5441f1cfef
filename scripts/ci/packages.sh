#!/usr/bin/env bash
# The packages as they are published, installed under a Node by every package manager and used: scripts/ci/packages.sh [NODE]
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# What is built here does, if it was built under this Node.
[[ $(node --version) == v${1:-24}.* ]] || under "${1:-24}"
built || exit
# The examples with React are used in a browser, where there is one.
find_chromium
export CHROMIUM=$chromium
PACKAGE_MANAGERS="npm pnpm yarn" tests --project '*-published-ci'
