/** The two cameras of a person: the phone (`main`) and the PC (`pc`). */
export const cameras = ["main", "pc"] as const;

export const PC_LOGIN_PREFIX = "pc_";
export const PC_STREAM_SUFFIX = "_pc";

/** Whether a text is the message login of a PC page, `pc_<id>`. Ids of people cannot have this form. */
export const isPcLogin = (text: string): boolean => text.startsWith(PC_LOGIN_PREFIX);

/** Whether a text is the name of a PC camera's stream, `<stream>_pc`. Ids of people cannot have this form. */
export const isPcStream = (text: string): boolean => text.endsWith(PC_STREAM_SUFFIX);
