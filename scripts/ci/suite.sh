#!/usr/bin/env bash
# The whole suite under a Node, with the full effort of its costly tests: scripts/ci/suite.sh [NODE] The part `checks` has the checks that
# do not depend on the version of Node. The part `postgres` has those on PostgreSQL.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
under "${1:-24}"
built || exit
TEST_EFFORT=full tests --project '!*-ci'
