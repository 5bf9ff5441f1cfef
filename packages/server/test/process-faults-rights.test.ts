import { Agent } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { openFaultServers } from "./support/fault-servers.js";
import { appAt } from "./support/real-servers.js";
import { shared } from "./support/shared.js";
import { type Member, WAYS } from "./support/taken-rights.js";

// A right that one server process takes away is gone at the others, from the next call on.

const ROUNDS = Number(process.env.FAULT_RIGHTS ?? 30);

vi.setConfig({ testTimeout: 60_000 + ROUNDS * 2_000, hookTimeout: 120_000 });

describe("a right that is taken away at one server process is gone at the others when", () => {
  const installation = shared(async () => {
    const servers = await openFaultServers();
    const agent = new Agent({ keepAlive: true });
    const urls = servers.places.map((place) => place.url());
    return {
      urls,
      all: urls.map((url): Member => appAt(url, agent)),
      async [Symbol.asyncDispose]() {
        agent.destroy();
        await servers[Symbol.asyncDispose]();
      },
    };
  });

  it.each(WAYS)("$name", async ({ name, grant, refusal }) => {
    const { all, urls } = installation();
    const uses = (use: (at: Member) => Promise<string>) => Promise.all(all.map(use));
    let admitted = 0;
    const wrong: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await using right = await grant(all, round, urls);
      expect(await uses(right.use)).toEqual(all.map(() => "ok"));
      const at = all[round % all.length];
      if (!at) throw new Error("there is no server");
      await right.takeAway(at);
      for (const outcome of await uses(right.use)) {
        if (outcome === "ok") admitted += 1;
        if (outcome !== refusal) wrong.push(`round ${round}: ${outcome}`);
      }
    }
    console.log(`${name}: ${ROUNDS} times, ${ROUNDS * all.length} calls afterwards, ${admitted} admitted`);
    expect(wrong).toEqual([]);
  });
});
