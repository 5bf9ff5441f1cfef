import type { AppRouter, InvigilClient } from "@invigil/client";
import { QueryClient, QueryClientContext, QueryClientProvider } from "@tanstack/react-query";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";
import { type ReactNode, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { InvigilContext } from "./context.js";
import { feedsOf } from "./feeds.js";
import { patchQueries } from "./patches.js";
import type { SessionStore } from "./session-store.js";

interface CommonProps {
  /**
   * The query client. Default: the one of the `QueryClientProvider` above, or else one of its own, which leaves retries to the Invigil client.
   */
  readonly queryClient?: QueryClient | undefined;
  /** The first part of the keys of all queries. Providers of different servers that share a query client need different ones. Default: `invigil`. */
  readonly keyPrefix?: string | undefined;
  readonly children?: ReactNode;
}

/** The properties of {@link InvigilProvider}: a client, or a session with its client. */
export type InvigilProviderProps = CommonProps &
  (
    | { readonly client: InvigilClient; readonly session?: undefined }
    | { readonly session: SessionStore; readonly client?: undefined }
  );

const never = () => () => undefined;

/**
 * Gives a client to the hooks below. Create the client or the session outside of components.
 *
 * @example
 * ```tsx
 * const client = createInvigilClient({ url, token });
 * <InvigilProvider client={client}><Room roomId={roomId} /></InvigilProvider>
 * ```
 */
export const InvigilProvider = ({
  client: given,
  session,
  queryClient: givenQueryClient,
  keyPrefix = "invigil",
  children,
}: InvigilProviderProps): ReactNode => {
  // This also runs during hydration: no markup depends on the client.
  const getClient = () => session?.getClient() ?? given;
  const client = useSyncExternalStore(session?.subscribe ?? never, getClient, getClient);

  const outerQueryClient = useContext(QueryClientContext);
  const [ownQueryClient] = useState(() => new QueryClient({ defaultOptions: { queries: { retry: false } } }));
  const queryClient = givenQueryClient ?? outerQueryClient ?? ownQueryClient;

  // The next person must not see the data of the previous one.
  const [current, setCurrent] = useState({ client, generation: 0 });
  if (current.client !== client) setCurrent({ client, generation: current.generation + 1 });
  const prefix = current.generation === 0 ? keyPrefix : `${keyPrefix}:${current.generation}`;
  useEffect(() => {
    queryClient.removeQueries({
      predicate: ({ queryKey: [first] }) =>
        Array.isArray(first) &&
        typeof first[0] === "string" &&
        first[0] !== prefix &&
        (first[0] === keyPrefix || first[0].startsWith(`${keyPrefix}:`)),
    });
  }, [queryClient, keyPrefix, prefix]);

  const provided = useMemo(
    () =>
      client && {
        client,
        session,
        queries: createTRPCOptionsProxy<AppRouter, { keyPrefix: true }>({
          client,
          queryClient,
          keyPrefix: prefix,
        }),
      },
    [client, session, queryClient, prefix],
  );
  useEffect(
    () => provided && feedsOf(provided.client).watch(patchQueries(provided.queries, queryClient)),
    [provided, queryClient],
  );
  return (
    <QueryClientProvider client={queryClient}>
      <InvigilContext.Provider value={provided}>{children}</InvigilContext.Provider>
    </QueryClientProvider>
  );
};
