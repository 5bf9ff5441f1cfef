#!/usr/bin/env bash
# The apps' whole flow, and the drop-in script in a browser, against two servers on one PostgreSQL that take turns with the requests; and
# the console at both of them: scripts/ci/two-servers.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
built || exit
start_postgres
export INVIGIL_TEST_SERVERS=2 INVIGIL_TEST_DATABASE=postgres INVIGIL_TEST_POSTGRES_URL=$postgres_url
count tests --project server test/apps-flow
if find_chromium; then count browser_tests browser/drop-in browser/live-client browser/two-servers; fi
close
