// Loaded into a server that is measured (`node --import`): tells the parent the longest turn of the event loop since it last asked.
const EVERY_MS = 2;

/** The longest turn of the event loop: by the clock, and in processor time. */
let longest = { wall: 0, cpu: 0 };
let last = { at: performance.now(), cpu: process.cpuUsage() };

setInterval(() => {
  const at = performance.now();
  const spent = process.cpuUsage(last.cpu);
  const wall = at - last.at;
  // The processor time includes other threads, so it is capped at the time by the clock.
  const cpu = Math.min(wall, (spent.user + spent.system) / 1000);
  longest = { wall: Math.max(longest.wall, wall), cpu: Math.max(longest.cpu, cpu) };
  last = { at, cpu: process.cpuUsage() };
}, EVERY_MS).unref();

process.on("message", () => {
  process.send(longest);
  longest = { wall: 0, cpu: 0 };
});
process.channel?.unref();
