import { useInvigil } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";

/** What the server tells every page about itself. Each console asks once. Undefined until the server has answered. */
export const useInstallationInfo = () =>
  useQuery(useInvigil().installation.info.queryOptions(undefined, { staleTime: Number.POSITIVE_INFINITY }))
    .data;
