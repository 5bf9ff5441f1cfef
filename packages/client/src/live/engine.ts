// The implementation of `live`, which is loaded on first use.
export { answerTo, giveCommand } from "./commands.js";
export { listen } from "./listening.js";
export { randomId, sendMessage } from "./sending.js";
export { nameOfType, signalTypes } from "./signal-types.js";
export { examAfter, roomAfter } from "./state.js";
export { createTransport } from "./transport.js";
