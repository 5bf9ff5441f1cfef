#!/usr/bin/env bash
# The server's tests about storage on Debian's PostgreSQL, and those of processes that need PostgreSQL: scripts/ci/postgres.sh [all]
# `all` runs the whole suite of the server and the client there.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
built || exit
start_postgres
export INVIGIL_TEST_DATABASE=postgres INVIGIL_TEST_POSTGRES_URL=$postgres_url
chosen=(--project client)
[ "${1-}" = all ] || mapfile -t chosen < <(node scripts/tests-about.mjs storage)
count tests --project server "${chosen[@]}"
TEST_EFFORT=full count tests --project server-postgres-ci
close
