#!/usr/bin/env bash
# `npm test`, under the Node that runs this: scripts/ci/checks.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
installing npm run --silent setup || exit
npm test
