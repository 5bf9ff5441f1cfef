import { createContext, type ReactNode, use } from "react";

/** What the server says about itself to everybody. */
export interface Installation {
  /** The zone of its exams. */
  readonly timeZone: string;
  /** Whether this browser may look at the demo without a password. */
  readonly demo: boolean;
}

const BROWSER: Installation = {
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  demo: false,
};

const InstallationContext = createContext<Installation>(BROWSER);

export function InstallationProvider({ children }: { children: ReactNode }) {
  return <InstallationContext value={BROWSER}>{children}</InstallationContext>;
}

export const useInstallation = (): Installation => use(InstallationContext);
