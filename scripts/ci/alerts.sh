#!/usr/bin/env bash
# Checks and tests the alert rules in deploy/prometheus with Debian's promtool: scripts/ci/alerts.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
find_promtool || skip "promtool is not installed, and cannot be"
cd deploy/prometheus || exit
for command in "check rules alerts.yml" "test rules alerts.test.yml"; do
  # Without quotes: a command and its arguments.
  if "$promtool" $command; then ((passed += 1)); else ((failed += 1)); fi
done
close
