// The machine of a run, which its figures belong to.
import { availableParallelism, cpus } from "node:os";

export const machine = {
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
};
export const machineText = ({ node, platform, cpu, cores }) => `Node ${node}, ${platform}, ${cores} × ${cpu}`;
