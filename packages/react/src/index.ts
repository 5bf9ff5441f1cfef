export type { InvigilClient } from "@invigil/client";
