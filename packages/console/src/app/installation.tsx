import { createContext, type ReactNode, use, useMemo } from "react";
import { StreamDomainsContext } from "../components/texts.js";
import { useInstallationInfo } from "../components/use-installation-info.js";

/** The facts that the server tells every page, also before the sign-in. */
interface Installation {
  /** The zone of its exams. Until the server has said it, that of the browser. */
  readonly timeZone: string;
  /** How this browser may enter without a password: the demo on this machine, or a server that asks for no token. */
  readonly entry: "demo" | "open" | undefined;
}

const UNKNOWN: Installation = {
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  entry: undefined,
};
/** The hosts at which the server lets people enter its demo without a password. */
const THIS_MACHINE = ["localhost", "127.0.0.1", "[::1]"];

const InstallationContext = createContext<Installation>(UNKNOWN);

export function InstallationProvider({ children }: { children: ReactNode }) {
  const data = useInstallationInfo();
  const installation = useMemo<Installation>(() => {
    if (!data) return UNKNOWN;
    const isHere = THIS_MACHINE.includes(window.location.hostname);
    return {
      timeZone: data.timeZone,
      entry: data.auth === "off" ? "open" : data.isDemo && isHere ? "demo" : undefined,
    };
  }, [data]);
  return (
    <InstallationContext value={installation}>
      <StreamDomainsContext value={data?.canWatch === false}>{children}</StreamDomainsContext>
    </InstallationContext>
  );
}

export const useInstallation = (): Installation => use(InstallationContext);
