#!/usr/bin/env bash
# The tests of tRPC, live events and sockets, with tRPC's own adapter in place of packages/trpc-fastify: scripts/ci/stock-adapter.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
built || exit
INVIGIL_TRPC_ADAPTER=stock tests --project server --project client test/trpc- test/live- test/socket- test/permissions test/http-
