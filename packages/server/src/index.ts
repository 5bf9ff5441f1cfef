export type { AppRouter, RouterInputs, RouterOutputs } from "./api/app-router.js";
