// How people enter their rooms. Links carry a token, codes lead to links, and printed cards show either.
export type { CodeService } from "./codes.js";
