// The measures of a round that rows compare, with their units and numbers of digits.

export const callsPerSecond = {
  unit: "calls/s",
  isRate: true,
  digits: 0,
  of: ({ calls, seconds }) => calls / seconds,
};

export const recordsPerSecond = {
  unit: "records/s",
  isRate: true,
  digits: 0,
  of: ({ calls, seconds, recordsPerCall }) => (calls * recordsPerCall) / seconds,
};

/** The processor time per call of a process without other work. */
export const timePerCall = {
  unit: "ms a call",
  digits: 3,
  of: ({ calls, seconds }) => (seconds * 1000) / calls,
};

export const cpuPerCall = {
  unit: "µs CPU a call",
  digits: 0,
  of: ({ cpuSeconds, calls }) => (cpuSeconds * 1e6) / calls,
};

export const p50 = { unit: "ms p50", digits: 2, of: (round) => round.p50 };
export const p99 = { unit: "ms p99", digits: 1, of: (round) => round.p99 };

/** The duration of a single operation. */
export const timeTaken = { unit: "ms", digits: 0, of: ({ milliseconds }) => milliseconds };

export const megabytesHeld = { unit: "MB", digits: 0, of: ({ residentBytes }) => residentBytes / 1e6 };
export const megabytes = { unit: "MB", digits: 0 };
export const kilobytes = { unit: "kB gzip", digits: 2 };
