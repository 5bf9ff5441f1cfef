import type { AppRouter, InvigilClient } from "@invigil/client";
import type { TRPCOptionsProxy } from "@trpc/tanstack-react-query";
import { createContext, useContext } from "react";
import type { SessionStore } from "./session-store.js";

/**
 * The procedures of the server as options of TanStack Query: `useQuery(invigil.room.get.queryOptions({ roomId }))`,
 * `useMutation(invigil.room.end.mutationOptions())`.
 */
export type InvigilQueries = TRPCOptionsProxy<AppRouter, { keyPrefix: true }>;

interface Provided {
  readonly client: InvigilClient;
  readonly queries: InvigilQueries;
  readonly session: SessionStore | undefined;
}

export const InvigilContext = createContext<Provided | undefined>(undefined);

export const useProvided = (): Provided => {
  const provided = useContext(InvigilContext);
  if (!provided) throw new Error("There is no <InvigilProvider> above this component.");
  return provided;
};

/** The procedures of the server as options of TanStack Query. */
export const useInvigil = (): InvigilQueries => useProvided().queries;

/** The client, for calls outside of TanStack Query. */
export const useInvigilClient = (): InvigilClient => useProvided().client;
