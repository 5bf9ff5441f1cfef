// The summary of a simulated morning.
import { machineText } from "./machine.mjs";
import { costsOf } from "./sizing.mjs";
import { amount, linesOf } from "./table.mjs";

const right = true;
const MB = 1e6;

/** @param {object} report see morning.mjs @param {{ markdown?: boolean }} options */
export const morningText = (report, options) => {
  const { machine, plan, phases, idle, before, after, kill, connections, counters } = report;
  const thousands = connections / 1000;
  const [idlePhase, , , working] = phases;
  const costs = costsOf(report);
  const last = phases.at(-1);
  const memory = ({ servers }) => servers.reduce((sum, bytes) => sum + bytes, 0);
  const each = (number, digits = 2) => amount(number / thousands, digits);
  const cores = ({ spent }, of) => spent[of] / spent.at;
  /** The cores beyond those of idle servers. */
  const more = (phase, of) => cores(phase, of) - cores(idlePhase, of);

  const given = [
    ["first arrivals: CPU of the servers, s", amount(costs.firstServerSeconds, 2)],
    ["first arrivals: CPU of the database, s", amount(costs.firstDatabaseSeconds, 2)],
    ["arriving: CPU of the servers, s", amount(costs.arrivalServerSeconds, 2)],
    ["arriving: CPU of the database, s", amount(costs.arrivalDatabaseSeconds, 2)],
    ["working: cores of the servers", amount(costs.workingServerCores, 3)],
    ["working: cores of the database", amount(costs.workingDatabaseCores, 3)],
    ["cut and killed: cores of the servers", each(more(last, "servers"), 3)],
    ["cut and killed: cores of the database", each(more(last, "database"), 3)],
    ["memory of the servers, MB", amount(costs.serverBytes / MB, 0)],
    ["memory of the database, MB", each((working.held.database - idle.database) / MB, 0)],
    ["calls", each(counters.calls, 0)],
    ["calls a second while working", amount(costs.callsASecond, 1)],
    ["events", each(report.events, 0)],
    ["deliveries", each(counters.deliveries, 0)],
    ["deliveries a second while working", amount(costs.deliveriesASecond, 1)],
    ["records", each(after.tables.cheat_records.rows - before.tables.cheat_records.rows, 0)],
    ["transactions", each(after.commits - before.commits, 0)],
    ["arriving: growth of the database, MB", amount(costs.arrivalBytes / MB, 2)],
    ["arriving: write-ahead log, MB", amount(costs.arrivalWalBytes / MB, 2)],
    ["working: growth of the database, kB a second", amount(costs.workingBytesASecond / 1000, 1)],
    ["working: write-ahead log, kB a second", amount(costs.workingWalBytesASecond / 1000, 1)],
  ];
  const fixed = [
    ["memory of an idle server, MB", amount(memory(idle) / plan.servers / MB, 0)],
    ["an idle server: cores", amount(cores(idlePhase, "servers") / plan.servers, 3)],
    ["an idle server: cores of the database", amount(cores(idlePhase, "database") / plan.servers, 3)],
    ["connections to the database, all servers", amount(last.held.databaseConnections, 0)],
    [
      "share of two cores that the people took while working",
      amount(cores(working, "people") / machine.cores, 2),
    ],
  ];
  const grown = Object.entries(after.tables)
    .map(([name, { bytes, rows }]) => ({
      name,
      rows: rows - before.tables[name].rows,
      bytes: bytes - before.tables[name].bytes,
    }))
    .filter(({ rows, bytes }) => rows > 0 && bytes > 0)
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, 8);
  const calls = report.latencies.map(({ key, ...times }) => {
    const name = phases.map((phase) => phase.name).find((phase) => key.startsWith(phase)) ?? "";
    return { phase: name, kind: key.slice(name.length + 1), ...times };
  });
  const busy = phases.filter((phase) => phase !== idlePhase);
  const kinds = [...new Set(calls.map(({ kind }) => kind))];
  const timesOf = (kind) =>
    busy.flatMap(({ name }) => {
      const found = calls.find((one) => one.kind === kind && one.phase === name);
      return found ? [amount(found.calls, 0), amount(found.p50, 1), amount(found.p99, 1)] : ["", "", ""];
    });
  const table = (head, rows) => linesOf(head, rows, options);
  return [
    `${machineText(machine)}; ${amount(connections, 0)} connections in ${report.rooms} rooms of ${plan.exams} exams, ${plan.servers} servers and PostgreSQL on this machine; they arrive in ${plan.minutes} min and work for ${plan.steady} min`,
    "",
    ...table([{ title: "for each thousand connections" }, { title: "", right }], given),
    "",
    ...table([{ title: "for any number of connections" }, { title: "", right }], fixed),
    "",
    ...table(
      [
        { title: "table" },
        { title: "rows a thousand", right },
        { title: "bytes a row, with indexes", right },
      ],
      grown.map(({ name, rows, bytes }) => [name, each(rows, 0), amount(bytes / rows, 0)]),
    ),
    "",
    ...table(
      [
        { title: "call" },
        ...busy.flatMap(({ name }) => [
          { title: name, right },
          { title: "p50 ms", right },
          { title: "p99 ms", right },
        ]),
      ],
      kinds.map((kind) => [kind, ...timesOf(kind)]),
    ),
    "",
    `A server was killed: ${amount(kill.backAfterSeconds, 1)} s until 98 % of those who were connected were so again; another server listened after ${amount(kill.anotherAfterSeconds, 1)} s.`,
    `${counters.cuts} connections were cut at random and ${counters.lost} lost in all; the longest interruption was ${amount(report.longestInterruptionMs / 1000, 1)} s. ${counters.repeated} calls were repeated; ${counters.unknownReports} reports had an unknown outcome.`,
    "",
    ...report.passes.map((pass) => `right: ${pass}`),
    ...report.failures.map((failure) => `WRONG: ${failure}`),
    "",
    `in ${amount(report.seconds, 0)} s`,
  ].join("\n");
};
