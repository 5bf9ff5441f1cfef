import type { Query, Session, Sessions } from "../../src/storage/postgres/sessions.js";

/** Passes all statements with parameters on, in transactions and outside of them, and calls a function with each. */
export const watchQueries = (sessions: Sessions, onQuery: (query: Query) => void): Sessions => {
  const watched = <Of extends Session>(session: Of): Of => ({
    ...session,
    query(query) {
      onQuery(query);
      return session.query(query);
    },
  });
  return {
    ...sessions,
    use: (work) => sessions.use((session) => work(watched(session))),
    useTransaction: (begin, until, work) =>
      sessions.useTransaction(begin, until, (session) => work(watched(session))),
  };
};
