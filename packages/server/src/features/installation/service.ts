import type { InstallationInfo, InstallationUsage, RunningServer } from "@invigil/schema";
import type { Config } from "../../config/config.js";
import type { Instances } from "../../coordination/instances.js";
import type { Opened } from "../../domain/opened.js";
import type { Disk } from "../../limits/disk.js";
import { streamCarrierOf } from "../../providers/stream-carrier.js";
import type { Database } from "../../storage/database.js";
import type { AudioService } from "../audio/service.js";
import { usesSitPage } from "../join/rules.js";
import type { InstallationStore } from "./store.js";

/** The servers of the installation, and its usage. */
export interface InstallationService {
  /** For everybody, also without a token. */
  info(): InstallationInfo;
  /** The running servers, those that started first at first. */
  servers(caller: Opened<"unbound">): Promise<RunningServer[]>;
  usage(caller: Opened<"unbound">): Promise<InstallationUsage>;
}

export interface InstallationServiceDeps {
  readonly store: InstallationStore;
  readonly instances: Pick<Instances, "running">;
  readonly audio: Pick<AudioService, "fileBytes">;
  readonly db: Pick<Database, "kind" | "size">;
  readonly disk: Pick<Disk, "least">;
  /** The connections and subscriptions of people to this server. */
  readonly inUse: () => { readonly connections: number; readonly subscriptions: number };
  readonly clock: () => Date;
  readonly config: Config;
  readonly isDemo: boolean;
  /** Whether browsers publish and watch by a media server. */
  readonly canWatch: boolean;
}

const MIB = 1024 * 1024;
/** The last two minutes: the newest may not be counted yet. */
export const COUNTED_MS = 3 * 60_000;

/** Returns the setting behind an amount of the configuration, and the amount as the setting has it. */
const settingOf = (
  group: "LIMIT" | "QUOTA",
  name: string,
  amount: number,
): { name: string; amount: number } => {
  const words = name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  const isSize = /(^|_)BYTES(_|$)/.test(words);
  return {
    name: `INVIGIL_${group}_${words.replace("BYTES", "MIB")}`,
    amount: isSize ? amount / MIB : amount,
  };
};

const limitsOf = ({ limits }: Config): InstallationUsage["limits"] =>
  Object.entries(limits).flatMap(([name, owners]) =>
    Object.entries(owners).map(([of, perMinute]) => {
      const setting = settingOf("LIMIT", name, perMinute);
      return { name: setting.name, of, perMinute: setting.amount };
    }),
  );
const quotasOf = (config: Config): InstallationUsage["quotas"] => [
  ...Object.entries(config.quotas).map(([name, most]) => {
    const setting = settingOf("QUOTA", name, most);
    return { name: setting.name, most: setting.amount };
  }),
  { name: "INVIGIL_MAX_CONNECTIONS", most: config.maxConnections },
  { name: "INVIGIL_CONNECTIONS_PER_PERSON", most: config.perPerson.connections },
  { name: "INVIGIL_SUBSCRIPTIONS_PER_PERSON", most: config.perPerson.subscriptions },
  ...(config.streamService === "aliyun"
    ? [{ name: "INVIGIL_STREAM_PUSH_LIMIT", most: config.streamPushLimit }]
    : []),
];

export const createInstallationService = ({
  store,
  instances,
  audio,
  db,
  disk,
  inUse,
  clock,
  config,
  isDemo,
  canWatch,
}: InstallationServiceDeps): InstallationService => ({
  info: () => ({
    auth: config.auth,
    isDemo,
    timeZone: config.timeZone,
    canWatch,
    usesCandidatePage: usesSitPage(config),
    restoreDays: config.restoreDays,
  }),
  async servers() {
    const running = await instances.running();
    const sinceOf = ({ startedAt }: RunningServer): number => startedAt?.getTime() ?? 0;
    return running.toSorted((one, other) => sinceOf(one) - sinceOf(other) || (one.id < other.id ? -1 : 1));
  },
  async usage() {
    const { service, limit } = streamCarrierOf(config);
    const [bytes, space, audioBytes, { exams, rooms, present, publishing }] = await Promise.all([
      db.size(),
      disk.least(),
      audio.fileBytes(),
      store.count(new Date(clock().getTime() - COUNTED_MS)),
    ]);
    return {
      database: { kind: db.kind, bytes },
      disk: {
        ...(space && Number.isFinite(space.bytes) && { freeBytes: space.bytes }),
        reserveBytes: config.diskReserveBytes,
      },
      audioBytes,
      exams,
      underWay: { rooms, present, publishing },
      streams: { service, most: limit },
      ...inUse(),
      limits: limitsOf(config),
      quotas: quotasOf(config),
    };
  },
});
