import { oneOf, optionalText, searchOf, text } from "../../components/search.js";

/** For whom links and cards are made. */
export const WHOM = ["everybody", "examinee", "staff"] as const;
export const search = searchOf({ for: oneOf(WHOM), room: optionalText(), print: oneOf(WHOM), q: text() });
