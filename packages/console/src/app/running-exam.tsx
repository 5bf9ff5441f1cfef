import { useInvigil } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import { useState } from "react";
import { Skeleton } from "../components/empty.js";
import { ErrorPage } from "./error-pages.js";

/** Leads to the exam that is running, the one with the most candidates if there are several, and otherwise to the exams. */
export function Screen() {
  const invigil = useInvigil();
  const [now] = useState(() => Date.now());
  const { data, error, refetch } = useQuery(
    invigil.exam.list.queryOptions({ pageSize: 100, withCounts: true }),
  );
  if (error) return <ErrorPage error={error} reset={() => void refetch()} />;
  if (!data) return <Skeleton />;
  const [exam] = data.exams
    .filter(({ startTime, endTime }) => startTime.getTime() <= now && now < endTime.getTime())
    .sort((one, other) => (other.counts?.examinees ?? 0) - (one.counts?.examinees ?? 0));
  return exam ? (
    <Navigate to="/exams/$examId" params={{ examId: exam.id }} replace />
  ) : (
    <Navigate to="/" replace />
  );
}
