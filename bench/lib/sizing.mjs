// How many machines an exam needs, computed from a simulated morning. Pure arithmetic: docs/scale.md explains it.

/** How much of a core is planned for the busiest moment. The rest is for peaks, and for the load of a server that is lost. */
const USED_OF_A_CORE = 0.5;
/** The minutes in which everybody arrives, and the hours in which they work. */
const ARRIVAL_MINUTES = 10;
const HOURS = 3;
/** The most connections for one server, whatever its processor could do. */
const CONNECTIONS_PER_SERVER = 10_000;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/**
 * What a thousand connections cost, beyond what the servers do without anybody.
 * @param {object} report of bench/morning.mjs
 */
export const costsOf = ({ phases, idle, connections, plan }) => {
  const thousands = connections / 1000;
  const [nobody, arriving, working] = phases;
  const cores = ({ spent }, of) => spent[of] / spent.at;
  const more = (phase, of) => (cores(phase, of) - cores(nobody, of)) / thousands;
  return {
    arrivalServerSeconds: more(arriving, "servers") * arriving.spent.at,
    arrivalDatabaseSeconds: more(arriving, "database") * arriving.spent.at,
    workingServerCores: more(working, "servers"),
    workingDatabaseCores: more(working, "database"),
    idleServerCores: cores(nobody, "servers") / plan.servers,
    idleDatabaseCores: cores(nobody, "database") / plan.servers,
    serverBytes: (sum(working.held.servers) - sum(idle.servers)) / thousands,
    emptyServerBytes: sum(idle.servers) / plan.servers,
    arrivalBytes: arriving.spent.bytes / thousands,
    workingBytesASecond: working.spent.bytes / working.spent.at / thousands,
    arrivalWalBytes: arriving.spent.walBytes / thousands,
    workingWalBytesASecond: working.spent.walBytes / working.spent.at / thousands,
    databaseConnections: working.held.databaseConnections / plan.servers,
    callsAtArrival: arriving.did.calls / thousands,
    callsASecond: working.did.calls / working.spent.at / thousands,
    deliveriesASecond: working.did.deliveries / working.spent.at / thousands,
  };
};

/**
 * The machines for a number of candidates, at the busiest moment: those who have arrived already work while the last arrive.
 * @param {ReturnType<typeof costsOf>} costs
 */
export const machinesFor = (candidates, costs) => {
  const thousands = candidates / 1000;
  const seconds = ARRIVAL_MINUTES * 60;
  const peak = (atArrival, whileWorking) => thousands * (atArrival / seconds + whileWorking);
  const serverCores = peak(costs.arrivalServerSeconds, costs.workingServerCores);
  // A server spends some of its core although nobody is there.
  const byCores = Math.ceil(serverCores / (USED_OF_A_CORE - costs.idleServerCores));
  const byConnections = Math.ceil(candidates / CONNECTIONS_PER_SERVER);
  const working = Math.max(byCores, byConnections);
  // One more, so that one may be lost.
  const servers = working + 1;
  const databaseCores =
    peak(costs.arrivalDatabaseSeconds, costs.workingDatabaseCores) + servers * costs.idleDatabaseCores;
  return {
    candidates,
    callsASecond: peak(costs.callsAtArrival, costs.callsASecond),
    deliveriesASecond: thousands * costs.deliveriesASecond,
    serverCores,
    servers,
    decidedBy: byCores >= byConnections ? "processor time" : "connections",
    serverBytes: costs.emptyServerBytes + (thousands / working) * costs.serverBytes,
    databaseCores,
    databaseMachineCores: Math.ceil(databaseCores / USED_OF_A_CORE),
    databaseConnections: Math.ceil(servers * costs.databaseConnections),
    walBytesASecond: peak(costs.arrivalWalBytes, costs.workingWalBytesASecond),
    diskBytes: thousands * (costs.arrivalBytes + HOURS * 3600 * costs.workingBytesASecond),
  };
};
