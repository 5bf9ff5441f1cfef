import { collectDefaultMetrics, type Metric, type OpenMetricsContentType, Registry } from "prom-client";
import { BOUNDS, type Count, type Durations, type Family, type Meters } from "../platform/meters.js";
import { waitAtMost } from "../platform/wait-at-most.js";

// Shows what the server counts as OpenMetrics. prom-client writes the text and measures the process. Calls only add to `platform/meters.ts`, for
// prom-client's own counters look up their labels each time, which takes ten times as long.

/** How long figures that are counted in the database are used, and how long a scrape waits for them. */
const COUNTED_MS = 15_000;
const WAIT_MS = 2_000;

type MediaTotal = "receivedBytes" | "sentBytes" | "cpuSeconds" | "memoryBytes";
type MediaField = MediaTotal | "publishers" | "watchers" | "longestDelayMs";
/** What is asked for when the metrics are scraped. */
export interface Figures {
  readonly inUse: () => { readonly connections: number; readonly subscriptions: number };
  readonly outbox: () => Promise<Readonly<{ tasks: number; oldest: Date | null; letters: number }>>;
  readonly underWay: () => Promise<Readonly<Record<"exams" | "rooms" | "present" | "publishing", number>>>;
  readonly media: () => Promise<Readonly<Record<MediaField, number>> | undefined>;
  readonly disk: () => Promise<{ readonly bytes: number } | undefined>;
}

export interface MetricsOptions {
  readonly meters: Meters;
  readonly figures: Figures;
  readonly version: string;
  readonly diskReserveBytes: number;
  readonly clock: () => Date;
  readonly monotonic: () => number;
  /** Returns the number of connections of the server. */
  readonly connections: () => Promise<number>;
  readonly log: { warn(fields: object, message: string): void };
}

export interface Metrics {
  readonly contentType: string;
  /** Returns the metrics as text. Simultaneous calls share it. */
  readonly text: () => Promise<string>;
}

interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}
type Labels = Sample["labels"];

const labelsOf = (names: readonly string[], values: readonly string[]): Labels =>
  Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
const samplesOfCounts = ({ labels, all }: Family<Count>): Sample[] =>
  all().map(({ values, part }) => ({ labels: labelsOf(labels, values), value: part.value }));
const samplesOfDurations = (name: string, labels: Labels, { buckets, sum }: Durations): Sample[] => {
  let count = 0;
  const counted = [...BOUNDS, "+Inf"].map((le, index) => {
    count += buckets[index] ?? 0;
    return { labels: { ...labels, le }, value: count, metricName: `${name}_bucket` };
  });
  return [
    ...counted,
    { labels, value: sum(), metricName: `${name}_sum` },
    { labels, value: count, metricName: `${name}_count` },
  ];
};

/** Asks for figures at most once in 15 seconds, and waits a while for them. Undefined: there is no answer. */
const createSampled = <Found>(
  ask: () => Promise<Found>,
  { monotonic, log }: Pick<MetricsOptions, "monotonic" | "log">,
) => {
  let found: Found | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;
  return async (): Promise<Found | undefined> => {
    if (!asking && monotonic() - askedAt >= COUNTED_MS) {
      askedAt = monotonic();
      found = undefined;
      asking = ask()
        .then(
          (answer) => {
            found = answer;
          },
          (error: unknown) => log.warn({ err: error }, "figures for the metrics could not be counted"),
        )
        .finally(() => {
          asking = undefined;
        });
    }
    if (asking) await waitAtMost(asking, WAIT_MS);
    return found;
  };
};

export const createMetrics = ({
  meters,
  figures,
  version,
  diskReserveBytes,
  clock,
  monotonic,
  connections,
  log,
}: MetricsOptions): Metrics => {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  collectDefaultMetrics({ register: registry });
  // They list everything that is open, which takes long with thousands of connections.
  for (const { name } of registry.getMetricsAsArray())
    if (/^nodejs_active_|^process_open_fds$/.test(name)) registry.removeSingleMetric(name);

  const add = (
    type: "counter" | "gauge" | "histogram",
    name: string,
    help: string,
    read: () => Promise<Sample[]> | Sample[],
  ): void => {
    const metric = {
      name,
      help,
      type,
      get: async () => ({ name: metric.name, help, type, values: await read() }),
    };
    // Safe: the registry reads these members alone.
    registry.registerMetric(metric as unknown as Metric);
  };
  const only = (value: number | undefined): Sample[] => (value === undefined ? [] : [{ labels: {}, value }]);
  const counts = (
    name: string,
    help: string,
    family: Family<Count>,
    type: "counter" | "gauge" = "counter",
  ): void => add(type, name, help, () => samplesOfCounts(family));
  const count = (name: string, help: string, of: Count): void =>
    add("counter", name, help, () => only(of.value));
  const durations = (name: string, help: string, of: Durations): void =>
    add("histogram", name, help, () => samplesOfDurations(name, {}, of));
  const gauge = (
    name: string,
    help: string,
    read: () => Promise<number | undefined> | number | undefined,
  ): void => add("gauge", name, help, async () => only(await read()));

  add("gauge", "invigil_build_info", "The version that runs.", () => [{ labels: { version }, value: 1 }]);

  const { calls, storage } = meters;
  const duration = "invigil_call_duration_seconds";
  add("histogram", duration, "How long calls took, by procedure.", () =>
    calls
      .all()
      .flatMap(({ values, part }) => samplesOfDurations(duration, labelsOf(calls.labels, values), part)),
  );
  counts("invigil_call_errors_total", "Failed calls, by class of the status.", meters.errors);
  counts("invigil_refusals_total", "Errors, by reason and by limit or quota.", meters.refusals);
  counts("invigil_tokens_refused_total", "Calls without a valid token.", meters.tokens);
  counts("invigil_http_requests_total", "Answers, by route.", meters.requests);

  gauge("invigil_connections", "Open connections of any kind.", connections);
  count("invigil_connections_dropped_total", "Refused.", meters.connectionsDropped);
  counts("invigil_websockets", "Open WebSockets, by path.", meters.sockets, "gauge");
  gauge("invigil_live_connections", "Event connections.", () => figures.inUse().connections);
  gauge("invigil_subscriptions", "Active subscriptions.", () => figures.inUse().subscriptions);
  durations("invigil_delivery_delay_seconds", "Age of events on delivery.", meters.deliveries);
  count("invigil_delivery_gaps_total", "Gaps: events that subscribers could not get any more.", meters.gaps);

  durations("invigil_transaction_duration_seconds", "Committed transactions.", storage.transactions);
  durations("invigil_write_wait_seconds", "How long writes waited for their turn.", storage.writeWaits);
  durations("invigil_read_wait_seconds", "Waits for a connection.", storage.readWaits);
  gauge("invigil_writes_waiting", "Writes that wait for their turn.", () =>
    [...storage.waiting].reduce((sum, waiting) => sum + waiting(), 0),
  );
  count("invigil_transaction_retries_total", "Repetitions.", storage.retries);

  const sampled = <Found>(ask: () => Promise<Found>) => createSampled(ask, { monotonic, log });
  const database = sampled(async () => {
    const [outbox, underWay] = await Promise.all([figures.outbox(), figures.underWay()]);
    return { ...outbox, ...underWay };
  });
  gauge("invigil_database_up", "Whether the database answers.", async () => ((await database()) ? 1 : 0));
  gauge("invigil_outbox_tasks", "Tasks of the outbox.", async () => (await database())?.tasks);
  gauge("invigil_outbox_oldest_task_seconds", "The age of the oldest task of the outbox.", async () => {
    const found = await database();
    return found && Math.max(0, clock().getTime() - (found.oldest ?? clock()).getTime()) / 1000;
  });
  gauge("invigil_dead_letters", "Tasks that were given up.", async () => (await database())?.letters);
  gauge("invigil_exams", "Exams that are not deleted.", async () => (await database())?.exams);
  gauge("invigil_rooms_under_way", "Rooms under way.", async () => (await database())?.rooms);
  gauge("invigil_people_present", "Present candidates.", async () => (await database())?.present);
  gauge("invigil_streams", "Published candidates.", async () => (await database())?.publishing);

  gauge("invigil_disk_free_bytes", "Free space where writes need it.", async () => {
    const bytes = (await figures.disk())?.bytes;
    return Number.isFinite(bytes) ? bytes : undefined;
  });
  gauge("invigil_disk_reserve_bytes", "Free space below which writes are refused.", () => diskReserveBytes);
  counts("invigil_log_lines_total", "Lines of the log, by level, from warnings up.", meters.logLines);

  const media = sampled(figures.media);
  add("gauge", "invigil_media_sessions", "Media sessions.", async () => {
    const { publishers = 0, watchers = 0 } = (await media()) ?? {};
    return [
      { labels: { role: "publish" }, value: publishers },
      { labels: { role: "watch" }, value: watchers },
    ];
  });
  const ofMedia = (type: "counter" | "gauge", name: string, help: string, field: MediaTotal): void =>
    add(type, name, help, async () => only((await media())?.[field]));
  ofMedia("counter", "invigil_media_received_bytes_total", "Received media.", "receivedBytes");
  ofMedia("counter", "invigil_media_sent_bytes_total", "Sent media.", "sentBytes");
  ofMedia("counter", "invigil_media_cpu_seconds_total", "Its processor time.", "cpuSeconds");
  ofMedia("gauge", "invigil_media_memory_bytes", "Its memory.", "memoryBytes");
  gauge("invigil_media_event_loop_delay_seconds", "Longest recent delay.", async () => {
    const ms = (await media())?.longestDelayMs;
    return ms === undefined ? undefined : ms / 1000;
  });
  count("invigil_media_failures_total", "How often it stopped by itself.", meters.mediaFailures);

  let pending: Promise<string> | undefined;
  return {
    contentType: registry.contentType,
    text() {
      pending ??= registry.metrics().finally(() => {
        pending = undefined;
      });
      return pending;
    },
  };
};
