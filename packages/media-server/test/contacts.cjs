// Loaded into a media server before its program: tells its parent every host that it sends to, connects to or looks up.
const dgram = require("node:dgram");
const dns = require("node:dns");
const net = require("node:net");

/** Calls `hostsOf` with the arguments of a method before each call, and tells the hosts that it returns. */
const observe = (owner, name, hostsOf) => {
  const original = owner[name];
  owner[name] = function (...args) {
    for (const contacted of hostsOf(args)) process.send?.({ contacted });
    return original.apply(this, args);
  };
};

observe(dgram.Socket.prototype, "send", (args) => args.slice(1).filter((one) => typeof one === "string"));
observe(net.Socket.prototype, "connect", (args) => {
  const [options, host] = args.flat();
  return [typeof options === "object" ? (options.host ?? options.path) : String(host)];
});
// An address needs no server.
for (const owner of [dns, dns.promises])
  for (const name of Object.keys(owner).filter((one) => /^(lookup|resolve)/.test(one)))
    observe(owner, name, ([host]) => (typeof host === "string" && net.isIP(host) === 0 ? [host] : []));
