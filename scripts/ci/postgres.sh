#!/usr/bin/env bash
# The whole suite of the server and the client on Debian's PostgreSQL under Node 24: scripts/ci/postgres.sh
# What concerns storage runs once more, with statements that are divided by exam.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_postgres
under 24
built || exit
export INVIGIL_TEST_DATABASE=postgres INVIGIL_TEST_POSTGRES_URL=$postgres_url
count tests --project server --project client
mapfile -t about_storage < <(node scripts/storage-tests.mjs)
INVIGIL_TEST_DIVIDE_BY_EXAM=on count tests --project server "${about_storage[@]}"
close
