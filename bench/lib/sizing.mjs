// How many machines an exam needs, computed from a simulated morning. Pure arithmetic: docs/scale.md explains it.

/** The planned load of a core at the busiest moment. The rest is for peaks, and for the load of a lost server. */
const USED_OF_A_CORE = 0.5;
/** The minutes in which all people arrive, and the hours for which they work. */
const ARRIVAL_MINUTES = 10;
const HOURS = 3;
/** The maximum number of connections for one server, even if its processor could serve more. */
const CONNECTIONS_PER_SERVER = 10_000;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/**
 * The costs of a thousand arrivals at warm servers, and of a thousand connected people while they work. Both exclude the costs of idle
 * servers. People who have arrived already work while others arrive, so the costs of arrivals exclude their work.
 * @param {object} report of bench/morning.mjs
 */
export const costsOf = ({ phases, idle, connections, plan }) => {
  const thousands = connections / 1000;
  const [idlePhase, first, arriving, working] = phases;
  const ofCpu = (of) => (phase) =>
    (phase.spent[of] / phase.spent.at - idlePhase.spent[of] / idlePhase.spent.at) * phase.spent.at;
  const spent = (of) => (phase) => phase.spent[of];
  const did = (of) => (phase) => phase.did[of];
  /** The costs of working people, per thousand people and second. */
  const work = (amountIn) => amountIn(working) / working.spent.at / thousands;
  /** The costs of a thousand arrivals in a phase. */
  const arrival = (amountIn, phase = arriving) =>
    (amountIn(phase) - work(amountIn) * (phase.connectedSeconds / 1000)) / (phase.did.arrived / 1000);
  const idleCores = (of) => idlePhase.spent[of] / idlePhase.spent.at / plan.servers;
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
 * The machines for a number of candidates at the busiest moment, when the last people arrive and all others work.
 * @param {ReturnType<typeof costsOf>} costs
 */
export const machinesFor = (candidates, costs) => {
  const thousands = candidates / 1000;
  const seconds = ARRIVAL_MINUTES * 60;
  const peak = (atArrival, whileWorking) => thousands * (atArrival / seconds + whileWorking);
  const serverCores = peak(costs.arrivalServerSeconds, costs.workingServerCores);
  // An idle server uses a part of its core.
  const byCores = Math.ceil(serverCores / (USED_OF_A_CORE - costs.idleServerCores));
  const byConnections = Math.ceil(candidates / CONNECTIONS_PER_SERVER);
  const working = Math.max(byCores, byConnections);
  // One more server, so that one may fail.
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
