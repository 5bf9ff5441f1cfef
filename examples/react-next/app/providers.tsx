"use client";

import { createSessionStore, InvigilProvider } from "@invigil/react";
import type { ReactNode } from "react";

// Also on the server, where it does nothing: the session is the browser's.
const session = createSessionStore({ url: process.env.NEXT_PUBLIC_INVIGIL_URL ?? "http://127.0.0.1:7001" });

export const Providers = ({ children }: { children: ReactNode }) => (
  <InvigilProvider session={session}>{children}</InvigilProvider>
);
