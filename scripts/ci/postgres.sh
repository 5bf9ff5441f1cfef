#!/usr/bin/env bash
# The whole suite of the server and the client on Debian's PostgreSQL under Node 24: scripts/ci/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_postgres
under 24
built || exit
export INVIGIL_TEST_DATABASE=postgres INVIGIL_TEST_POSTGRES_URL=$postgres_url
count tests --project server --project client
close
