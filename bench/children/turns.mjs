// Loaded into a server that is measured (`node --import`): tells its parent how long its longest turn was since it last asked.
const EVERY_MS = 2;

/** The longest time without a turn of the event loop: by the clock, and as far as the process was on a processor meanwhile. */
let longest = { wall: 0, cpu: 0 };
let last = { at: performance.now(), cpu: process.cpuUsage() };

setInterval(() => {
  const at = performance.now();
  const spent = process.cpuUsage(last.cpu);
  const wall = at - last.at;
  // Threads beside count as well: by the clock it was no longer than that.
  const cpu = Math.min(wall, (spent.user + spent.system) / 1000);
  longest = { wall: Math.max(longest.wall, wall), cpu: Math.max(longest.cpu, cpu) };
  last = { at, cpu: process.cpuUsage() };
}, EVERY_MS).unref();

process.on("message", () => {
  process.send(longest);
  longest = { wall: 0, cpu: 0 };
});
process.channel?.unref();
