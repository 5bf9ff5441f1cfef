import type { InstallationUsage, RunningServer } from "@invigil/client";

/** A warning about the installation, and the numbers that its sentence needs. */
export interface Warning {
  readonly kind:
    | "diskFull"
    | "diskLow"
    | "audioNearlyFull"
    | "connectionsNearlyFull"
    | "streamsNearlyFull"
    | "mediaNearlyFull"
    | "severalVersions"
    | "serverSilent";
  readonly tone: "amber" | "red";
  /** Amounts of bytes, or counts. */
  readonly used: number;
  readonly most: number;
  readonly names: readonly string[];
}

const MIB = 1024 * 1024;
/** The share of a quota from which it is nearly used up. */
const NEARLY = 0.8;
/** Servers say every five seconds that they run. */
const SILENT_MS = 15_000;

/** @param unit - how much one of the quota is */
const mostOf = ({ quotas }: InstallationUsage, name: string, unit = 1): number | undefined => {
  const most = quotas.find((quota) => quota.name === name)?.most;
  return most === undefined ? undefined : most * unit;
};

/** Warnings about what runs short or is not as it should be, the most urgent first. */
export const warningsOf = (
  usage: InstallationUsage | undefined,
  servers: readonly RunningServer[],
  readAt: number,
): readonly Warning[] => {
  const warnings: Warning[] = [];
  const add = (
    kind: Warning["kind"],
    tone: Warning["tone"],
    { used = 0, most = 0, names = [] }: Partial<Warning> = {},
  ) => void warnings.push({ kind, tone, used, most, names });
  const addNearly = (kind: Warning["kind"], used: number, most: number | undefined) => {
    if (most === undefined || used < NEARLY * most) return;
    add(kind, used >= most ? "red" : "amber", { used, most });
  };
  if (usage) {
    const { freeBytes, reserveBytes } = usage.disk;
    if (freeBytes !== undefined && reserveBytes > 0) {
      const amounts = { used: freeBytes, most: reserveBytes };
      if (freeBytes < reserveBytes) add("diskFull", "red", amounts);
      else if (freeBytes < 4 * reserveBytes) add("diskLow", "amber", amounts);
    }
    addNearly("audioNearlyFull", usage.audioBytes, mostOf(usage, "INVIGIL_QUOTA_AUDIO_MIB", MIB));
    addNearly("connectionsNearlyFull", usage.connections, mostOf(usage, "INVIGIL_MAX_CONNECTIONS"));
    const { service, most } = usage.streams ?? {};
    addNearly(
      service === "embedded" ? "mediaNearlyFull" : "streamsNearlyFull",
      usage.underWay.publishing,
      most,
    );
  }
  const versions = new Set(servers.map(({ version = "?" }) => version));
  if (versions.size > 1) add("severalVersions", "amber", { names: [...versions].sort() });
  const silent = servers.filter(({ renewedAt }) => readAt - renewedAt.getTime() > SILENT_MS);
  if (silent.length > 0) add("serverSilent", "amber", { names: silent.map(({ id }) => id) });
  return warnings.sort((one, other) => Number(other.tone === "red") - Number(one.tone === "red"));
};
