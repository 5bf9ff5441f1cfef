import { useEffect } from "react";

/** The state of a query of many pages. */
export interface Pages {
  readonly data: { readonly pages: readonly unknown[] } | undefined;
  readonly error: unknown;
  readonly isFetching: boolean;
  readonly hasNextPage: boolean;
  readonly fetchNextPage: () => Promise<unknown>;
}

/**
 * Reads the pages of a query, up to a number of them. The rest is read when the person asks for it.
 * @returns how many have been read
 */
export const useFirstPages = (
  { data, error, isFetching, hasNextPage, fetchNextPage }: Pages,
  most: number,
): number => {
  const pages = data?.pages.length ?? 0;
  useEffect(() => {
    if (pages < most && hasNextPage && !isFetching && !error) void fetchNextPage();
  }, [pages, most, hasNextPage, isFetching, error, fetchNextPage]);
  return pages;
};
