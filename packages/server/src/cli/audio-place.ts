import { join } from "node:path";
import type { Config } from "../config/config.js";

/** Names the place where files are kept. */
export const audioPlaceOf = ({ audioStore, dataDir }: Config): string => {
  switch (audioStore.place) {
    case "folder":
      return join(dataDir, "audio");
    case "database":
      return "the database";
    case "bucket":
      return `the bucket ${audioStore.bucket.bucket}`;
  }
};

/** Lists the first of many names. */
export const firstNames = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
