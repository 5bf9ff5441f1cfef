#!/usr/bin/env bash
# Installs the published packages under a Node with package managers, and uses them: scripts/ci/packages.sh NODE MANAGER...
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# The build of this checkout is used if it was built under this Node.
[[ $(node --version) == v$1.* ]] || under "$1"
built || exit
# The examples with React run in a browser, if there is one.
find_chromium
export CHROMIUM=$chromium
PACKAGE_MANAGERS="${*:2}" tests --project '*-published-ci'
