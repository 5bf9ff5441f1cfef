#!/usr/bin/env bash
# The whole suite under a Node, with the full effort of its costly tests: scripts/ci/suite.sh [NODE]
# What depends on no Node is in the part `checks`, and what runs on PostgreSQL in the part `postgres`.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
under "${1:-24}"
built || exit
TEST_EFFORT=full tests --project '!*-ci'
