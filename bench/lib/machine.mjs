// A description of the machine of a run.
import { availableParallelism, cpus } from "node:os";

export const machine = {
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
};
export const machineText = ({ node, platform, cpu, cores }) => `Node ${node}, ${platform}, ${cores} × ${cpu}`;
