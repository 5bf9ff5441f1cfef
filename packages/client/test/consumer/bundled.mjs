export { createInvigilClient, isInvigilError } from "@invigil/client";
