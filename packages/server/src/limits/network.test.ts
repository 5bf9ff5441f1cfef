import { describe, expect, it } from "vitest";
import { networkOf } from "./network.js";

describe("an address", () => {
  it.each([
    ["10.0.0.1", "10.0.0.1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2:ffff::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["1:2::5:6:7:8:9", "1:2:0:5::/64"],
    ["::1", "0:0:0:0::/64"],
    ["10.0.0.1:40123", "10.0.0.1"],
    ["[2001:db8::1]:40123", "2001:db8:0:0::/64"],
    ["0:0:0:0:0:ffff:10.0.0.1", "10.0.0.1"],
    ["::FFFF:0a00:0001", "10.0.0.1"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["fe80::1%br-lan", "fe80:0:0:0::/64"],
    ["in-process", "unknown"],
    ["::ffff:10.0.0.1%eth0", "10.0.0.1"],
    ["10.0.0.1, 10.0.0.2", "unknown"],
    ["10.1", "unknown"],
    ["0x0a.0.0.1", "unknown"],
    ["10.0.0.256", "unknown"],
    ["1::2::3", "unknown"],
    ["[::1", "unknown"],
    ["", "unknown"],
  ])("%s counts as %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
