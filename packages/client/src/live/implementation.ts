// The implementation of `live`, which is loaded on first use.
export { sendCommand } from "./commands.js";
export { followPeople } from "./people-store.js";
export { randomId, sendMessage } from "./send-message.js";
export { nameOfType, typeOfSignal } from "./signal-types.js";
export { applyExamEvent, applyRoomEvent } from "./state.js";
export { keepSubscribed } from "./subscription-loop.js";
export { createTransport } from "./transport.js";
