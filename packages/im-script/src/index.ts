// The members of `window.AliVCInteraction`.

export { ImErrors } from "./errors.js";
export { ImEngine } from "./im-engine.js";
export { GroupManager as AliVCIMGroupManager, MessageManager as AliVCIMMessageManager } from "./managers.js";

export const ImLogLevel = { NONE: 0, DBUG: 1, INFO: 2, WARN: 3, ERROR: 4 } as const;
export const ImMessageLevel = { NORMAL: 0, HIGH: 1 } as const;
export const ImSortType = { ASC: 0, DESC: 1 } as const;
