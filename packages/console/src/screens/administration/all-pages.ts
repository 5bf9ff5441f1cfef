import { useEffect } from "react";

/** What a query of many pages says about itself. */
interface Pages {
  readonly data: { readonly pages: readonly unknown[] } | undefined;
  readonly error: unknown;
  readonly hasNextPage: boolean;
  readonly isFetching: boolean;
  readonly fetchNextPage: () => Promise<unknown>;
}

/** Reads the pages of a query, up to a number of them. The rest is read when somebody asks for it. */
export const useAllPages = (
  { data, error, hasNextPage, isFetching, fetchNextPage }: Pages,
  most = 50,
): void => {
  const pages = data?.pages.length ?? 0;
  useEffect(() => {
    if (pages > 0 && pages < most && hasNextPage && !isFetching && !error) void fetchNextPage();
  }, [pages, most, hasNextPage, isFetching, error, fetchNextPage]);
};

/**
 * How lists of the administration are read: when they are opened, and when somebody asks for it. The audit has an entry of each time that
 * somebody reads them, so a page that is left open must not repeat it.
 */
export const ON_DEMAND = { staleTime: 5000, refetchOnWindowFocus: false, refetchOnReconnect: false } as const;
