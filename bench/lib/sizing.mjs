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
 * What a thousand arrivals cost at servers that have already served some, and what a thousand connected people cost while they work. Both
 * are beyond what the servers do without anybody. People who have arrived work while others arrive, so their work is not counted as arriving.
 * @param {object} report of bench/morning.mjs
 */
export const costsOf = ({ phases, idle, connections, plan }) => {
  const thousands = connections / 1000;
  const [nobody, first, arriving, working] = phases;
  const ofCpu = (of) => (phase) =>
    (phase.spent[of] / phase.spent.at - nobody.spent[of] / nobody.spent.at) * phase.spent.at;
  const spent = (of) => (phase) => phase.spent[of];
  const did = (of) => (phase) => phase.did[of];
  /** What people who work cost, for each thousand and second. */
  const work = (amountIn) => amountIn(working) / working.spent.at / thousands;
  /** What a thousand arrivals in a phase cost. */
  const arrival = (amountIn, phase = arriving) =>
    (amountIn(phase) - work(amountIn) * (phase.connectedSeconds / 1000)) / (phase.did.arrived / 1000);
  const idleCores = (of) => nobody.spent[of] / nobody.spent.at / plan.servers;
  return {
    arrivalServerSeconds: arrival(ofCpu("servers")),
    arrivalDatabaseSeconds: arrival(ofCpu("database")),
    firstServerSeconds: arrival(ofCpu("servers"), first),
    firstDatabaseSeconds: arrival(ofCpu("database"), first),
    workingServerCores: work(ofCpu("servers")),
    workingDatabaseCores: work(ofCpu("database")),
    idleServerCores: idleCores("servers"),
    idleDatabaseCores: idleCores("database"),
    serverBytes: (sum(working.held.servers) - sum(idle.servers)) / thousands,
    emptyServerBytes: sum(idle.servers) / plan.servers,
    arrivalBytes: arrival(spent("bytes")),
    workingBytesASecond: work(spent("bytes")),
    arrivalWalBytes: arrival(spent("walBytes")),
    workingWalBytesASecond: work(spent("walBytes")),
    databaseConnections: working.held.databaseConnections / plan.servers,
    callsAtArrival: arrival(did("calls")),
    callsASecond: work(did("calls")),
    deliveriesASecond: work(did("deliveries")),
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
