#!/usr/bin/env bash
# What differs between versions of Node, and all generated cases: scripts/ci/suite.sh NODE [all]
# `checks` has the other tests. `all` runs them here, too.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
under "$1"
built || exit
chosen=()
[ "${2-}" = all ] || mapfile -t chosen < <(node scripts/tests-about.mjs node)
TEST_EFFORT=full tests --project '!*-ci' "${chosen[@]}"
