#!/usr/bin/env bash
# The whole suite under a Node, with the full effort of its costly tests: scripts/ci/suite.sh [NODE]
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
under "${1:-24}"
TEST_EFFORT=full npm test
