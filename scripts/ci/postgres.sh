#!/usr/bin/env bash
# The server's tests about storage on Debian's PostgreSQL: scripts/ci/postgres.sh [all]
# `all` runs the whole suite of the server and the client there.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
built || exit
start_postgres
export INVIGIL_TEST_DATABASE=postgres INVIGIL_TEST_POSTGRES_URL=$postgres_url
if [ "${1-}" = all ]; then
  count tests --project server --project client
else
  mapfile -t chosen < <(node scripts/tests-about.mjs storage)
  count tests --project server "${chosen[@]}"
fi
close
