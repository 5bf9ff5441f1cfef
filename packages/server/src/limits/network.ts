import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** An address with the client's port, as some proxies write it: IPv6 is in brackets then. */
const WITH_PORT = /^(?:\[(?<ipv6>[^\]]*)\]|(?<ipv4>[\d.]+))(?::\d+)?$/;

/**
 * What limits count as one address. An IPv6 address counts by its /64, because the owner of one address in such a network can use
 * all 2^64. An IPv4 address that is written as an IPv6 address counts as IPv4.
 */
export const networkOf = (address: string): string => {
  const { ipv6, ipv4 } = WITH_PORT.exec(address)?.groups ?? {};
  // The zone names an interface of this machine. The library knows only some such names.
  const [bare = ""] = (ipv6 ?? ipv4 ?? address).split("%", 1);
  switch (isIP(bare)) {
    case 4:
      return bare;
    case 6: {
      const parsed = ipaddr.process(bare);
      if (parsed instanceof ipaddr.IPv4) return parsed.toString();
      const network = parsed.parts.slice(0, 4).map((part) => part.toString(16));
      return `${network.join(":")}::/64`;
    }
    default:
      return "unknown";
  }
};
