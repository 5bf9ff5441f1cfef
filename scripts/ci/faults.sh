#!/usr/bin/env bash
# Three servers on one PostgreSQL, with faults of both and of what lies between them, and a rolling upgrade behind nginx:
# scripts/ci/faults.sh FAULT_ROUNDS, FAULT_SEED and FAULT_RIGHTS set how often and in which order.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
built || exit
find_postgres
options=()
if ! find_nginx; then
  skipped "the rolling upgrade" "nginx is not installed, and cannot be"
  options=(--exclude '**/process-faults-upgrade.test.ts')
fi
INVIGIL_TEST_POSTGRES_BIN=$postgres_bin tests --project '*-faults-ci' "${options[@]}"
