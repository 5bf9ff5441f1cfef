import type { InstallationUsage, RunningServer } from "@invigil/client";
import { describe, expect, it } from "vitest";
import { isRefused } from "./sentences.js";
import { warningsOf } from "./warnings.js";

const MIB = 1024 * 1024;
const NOW = Date.UTC(2026, 0, 2);
const usage = (more: Partial<InstallationUsage> = {}): InstallationUsage => ({
  database: { kind: "sqlite", bytes: MIB },
  disk: { freeBytes: 100_000 * MIB, reserveBytes: 512 * MIB },
  audioBytes: 0,
  exams: 1,
  underWay: { rooms: 0, present: 0, publishing: 0 },
  connections: 1,
  subscriptions: 1,
  limits: [],
  quotas: [
    { name: "INVIGIL_QUOTA_AUDIO_MIB", most: 100 },
    { name: "INVIGIL_MAX_CONNECTIONS", most: 50 },
  ],
  streams: { service: "aliyun", most: 300 },
  ...more,
});
const server = (more: Partial<RunningServer> = {}): RunningServer => ({
  id: "a",
  renewedAt: new Date(NOW - 4000),
  version: "1.0.0",
  isThis: true,
  ...more,
});
const kinds = (...args: Parameters<typeof warningsOf>) =>
  warningsOf(...args).map(({ kind, tone }) => `${kind} ${tone}`);

describe("what needs attention", () => {
  it("is nothing while there is room", () => {
    expect(kinds(usage(), [server()], NOW)).toEqual([]);
    expect(kinds(undefined, [], NOW)).toEqual([]);
    expect(kinds(usage({ disk: { reserveBytes: 512 * MIB } }), [server()], NOW)).toEqual([]);
  });

  it.each<[Partial<InstallationUsage>, string[]]>([
    [{ disk: { freeBytes: 511 * MIB, reserveBytes: 512 * MIB } }, ["diskFull red"]],
    [{ disk: { freeBytes: 2000 * MIB, reserveBytes: 512 * MIB } }, ["diskLow amber"]],
    [{ disk: { freeBytes: 1, reserveBytes: 0 } }, []],
    [{ audioBytes: 80 * MIB }, ["audioNearlyFull amber"]],
    [{ audioBytes: 100 * MIB, connections: 45 }, ["audioNearlyFull red", "connectionsNearlyFull amber"]],
    [{ underWay: { rooms: 1, present: 300, publishing: 240 } }, ["streamsNearlyFull amber"]],
    [
      {
        underWay: { rooms: 1, present: 40, publishing: 40 },
        streams: { service: "embedded", most: 40 },
      },
      ["mediaNearlyFull red"],
    ],
  ])("of %j is %j", (more, expected) => {
    expect(kinds(usage(more), [server()], NOW)).toEqual(expected);
  });

  it("is that servers differ, or that one is silent", () => {
    const other = server({ id: "b", version: "1.1.0", renewedAt: new Date(NOW - 16_000) });
    const warnings = warningsOf(usage(), [server(), other], NOW);
    expect(warnings.map(({ kind, names }) => [kind, names])).toEqual([
      ["severalVersions", ["1.0.0", "1.1.0"]],
      ["serverSilent", ["b"]],
    ]);
  });

  it("has the most urgent first", () => {
    const full = usage({
      connections: 45,
      disk: { freeBytes: 1, reserveBytes: 512 * MIB },
    });
    expect(kinds(full, [], NOW)).toEqual(["diskFull red", "connectionsNearlyFull amber"]);
  });
});

describe("an entry of the audit", () => {
  it("was refused if it neither succeeded nor ended", () => {
    expect(["ok", "ended", "FORBIDDEN"].map((outcome) => isRefused({ outcome }))).toEqual([
      false,
      false,
      true,
    ]);
  });
});
