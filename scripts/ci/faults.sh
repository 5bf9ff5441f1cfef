#!/usr/bin/env bash
# Three servers on one PostgreSQL, with faults of both and of what lies between them: scripts/ci/faults.sh
# FAULT_ROUNDS, FAULT_SEED and FAULT_RIGHTS say how often and in which order.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
built || exit
find_postgres
INVIGIL_TEST_POSTGRES_BIN=$postgres_bin tests --project '*-faults-ci'
