import { useEffect } from "react";

/** What a query of many pages says about itself. */
export interface Pages {
  readonly data: { readonly pages: readonly unknown[] } | undefined;
  readonly error: unknown;
  readonly isFetching: boolean;
  readonly hasNextPage: boolean;
  readonly fetchNextPage: () => Promise<unknown>;
}

/**
 * Reads the pages of a query, up to a number of them. The rest is read when somebody asks for it.
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
