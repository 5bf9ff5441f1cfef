import { describe, expect, it } from "vitest";
import { costsOf, machinesFor } from "./sizing.mjs";

const phase = (
  at,
  servers,
  database,
  { arrived = 0, calls = 0, deliveries = 0, bytes = 0, walBytes = 0, connectedSeconds = 0 } = {},
) => ({
  spent: { at, servers, database, bytes, walBytes },
  did: { arrived, calls, deliveries },
  connectedSeconds,
  held: { servers: [300e6, 300e6], database: 0, databaseConnections: 20 },
});
/**
 * 2,000 connections at two servers, of which each spends a hundredth of a core without anybody. A thousand who work take a twentieth of a
 * core, make 50 calls and write 10,000 bytes a second. A thousand who arrive take 20 s at first, and 10 s later.
 */
const report = {
  connections: 2000,
  plan: { servers: 2 },
  idle: { servers: [100e6, 100e6], database: 0 },
  phases: [
    phase(10, 0.2, 0.1),
    phase(50, 1 + 20 + 1.25, 0.5 + 11, { arrived: 1000, connectedSeconds: 25_000 }),
    phase(50, 1 + 10 + 3.75, 0.5 + 6 + 1.5, {
      arrived: 1000,
      connectedSeconds: 75_000,
      calls: 10_000 + 3750,
      bytes: 1e6 + 750_000,
      walBytes: 2e6,
    }),
    phase(50, 6, 2.5, { calls: 5000, deliveries: 10_000, bytes: 1e6, walBytes: 2e6 }),
  ],
};

describe("what a thousand connections cost", () => {
  const costs = costsOf(report);

  it("leaves out what the servers do without anybody", () => {
    expect(costs.workingServerCores).toBeCloseTo((0.12 - 0.02) / 2);
    expect(costs.workingDatabaseCores).toBeCloseTo((0.05 - 0.01) / 2);
    expect(costs.idleServerCores).toBeCloseTo(0.01);
    expect(costs.serverBytes).toBeCloseTo(200e6);
  });

  it("keeps the arrivals apart from the work of those who have arrived", () => {
    expect(costs.arrivalServerSeconds).toBeCloseTo(10);
    expect(costs.arrivalDatabaseSeconds).toBeCloseTo(6);
    expect(costs.callsAtArrival).toBeCloseTo(10_000);
    expect(costs.arrivalBytes).toBeCloseTo(1e6);
    expect(costs.workingBytesASecond).toBeCloseTo(10_000);
  });

  it("keeps the first arrivals apart, for which the servers are not warm yet", () => {
    expect(costs.firstServerSeconds).toBeCloseTo(20);
  });
});

describe("machines", () => {
  const costs = costsOf(report);

  it("have cores for the last arrivals while all others work, and one server more", () => {
    const machines = machinesFor(10_000, costs);
    const cores = 10 * (10 / 600 + 0.05);
    expect(machines.serverCores).toBeCloseTo(cores);
    expect(machines.servers).toBe(Math.ceil(cores / 0.49) + 1);
    expect(machines.decidedBy).toBe("processor time");
    expect(machines.callsASecond).toBeCloseTo(10 * (10_000 / 600 + 50));
    expect(machines.diskBytes).toBeCloseTo(10 * (1e6 + 3 * 3600 * 10_000));
  });

  it("are as many as the connections need, if calls cost little", () => {
    const cheap = { ...costs, arrivalServerSeconds: 0.1, workingServerCores: 0.001 };
    const machines = machinesFor(100_000, cheap);
    expect(machines).toMatchObject({ servers: 11, decidedBy: "connections" });
    expect(machines.serverBytes).toBeCloseTo(100e6 + 10 * 200e6);
  });
});
