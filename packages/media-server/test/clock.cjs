// Loaded into a media server before its program: its clock stands still, and goes on when its parent says so.
let now = performance.now();
performance.now = () => now;
process.on("message", ({ passedMs = 0 }) => {
  now += passedMs;
});
