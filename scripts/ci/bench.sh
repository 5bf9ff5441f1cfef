#!/usr/bin/env bash
# Every row of the benchmark once, with short rounds: scripts/ci/bench.sh
# A row without a figure fails. A missed goal does not, because timings vary too much here.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
built || exit
node bench/run.mjs --quick
