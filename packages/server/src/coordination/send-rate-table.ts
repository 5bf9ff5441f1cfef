import { and, eq, sql } from "drizzle-orm";
import { query, statement } from "../storage/statement.js";
import { rooms, sendRates } from "../storage/tables.js";
import { countMessage, FULL_MS, keyOfSender, type SenderKey, type SendRate } from "./send-rate.js";

const senderColumns = { examId: "text", roomId: "text", login: "text" } as const;

const ratesOfSenders = statement((dialect) =>
  query
    .select({ roomId: sendRates.roomId, login: sendRates.login, wholeAt: sendRates.wholeAt })
    .from(dialect.rows("senders", senderColumns))
    .innerJoin(
      sendRates,
      and(
        eq(sendRates.examId, sql`senders."examId"`),
        eq(sendRates.roomId, sql`senders."roomId"`),
        eq(sendRates.login, sql`senders."login"`),
      ),
    ),
);
const writeRates = statement((dialect) =>
  query
    .insert(sendRates)
    .select(
      sql`SELECT counted."examId", counted."roomId", counted."login", counted."wholeAt" FROM ${dialect.rows("counted", { ...senderColumns, wholeAt: "time" })} INNER JOIN ${rooms} ON ${rooms.examId} = counted."examId" AND ${rooms.id} = counted."roomId" WHERE true`,
    )
    .onConflictDoUpdate({
      target: [sendRates.roomId, sendRates.login, sendRates.examId],
      set: { wholeAt: sql`excluded.whole_at` },
    }),
);

const countIn: NonNullable<SendRate["countIn"]> = async (tx, senders) => {
  const distinct = [...new Map(senders.map((sender) => [keyOfSender(sender), sender])).values()];
  const stored = await tx.all(ratesOfSenders, { senders: distinct });
  const wholeAt = new Map(stored.map((rate) => [keyOfSender(rate), rate.wholeAt.getTime()]));
  const counted = new Map<string, SenderKey & { readonly wholeAt: Date }>();
  return {
    take(sender, now) {
      const key = keyOfSender(sender);
      // If the clock of the database was set back, a sender waits at most for a full allowance.
      const before = Math.min(wholeAt.get(key) ?? 0, now.getTime() + FULL_MS);
      const after = countMessage(sender, before, now.getTime());
      wholeAt.set(key, after);
      counted.set(key, { ...sender, wholeAt: new Date(after) });
    },
    hasCounted: () => counted.size > 0,
    async save() {
      if (counted.size > 0) await tx.run(writeRates, { counted: [...counted.values()] });
    },
  };
};

/** Holds the counts of all servers. */
export const storedRate = { countIn } satisfies SendRate;
