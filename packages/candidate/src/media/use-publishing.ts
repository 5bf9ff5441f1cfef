import type { StreamState } from "@invigil/client/media";
import { usePublish } from "@invigil/react/media";
import { useEffect, useRef, useState } from "react";
import type { Camera } from "../app/entry.js";
import type { Picture } from "./devices.js";
import { applyLevel, BEST, entriesOf, nextQuality, sampleOf } from "./quality.js";

const LOOK_MS = 2000;

export interface Publishing {
  readonly state: StreamState;
  /** Why it ended, if the server does not allow it any more. */
  readonly error: Error | undefined;
  /** 0: the picture is as it should be. */
  readonly level: number;
}

/** Publishes a stream for as long as it is given, with a smaller picture while the network is slow. */
export const usePublishing = (
  source: MediaStream | undefined,
  {
    roomId,
    camera,
    picture,
  }: { readonly roomId: string; readonly camera: Camera; readonly picture: Picture },
): Publishing => {
  const { state, error, connection } = usePublish({ roomId, source, camera });
  const quality = useRef(BEST);
  const [level, setLevel] = useState(0);
  useEffect(() => {
    if (!connection || state !== "live") return;
    // A connection that has just closed has nothing to set.
    const apply = () => applyLevel(connection, quality.current.level, picture).catch(() => undefined);
    const look = async () => {
      const before = quality.current.level;
      quality.current = nextQuality(quality.current, sampleOf(await entriesOf(connection)));
      if (quality.current.level === before) return;
      await apply();
      setLevel(quality.current.level);
    };
    void apply();
    const timer = setInterval(() => void look().catch(() => undefined), LOOK_MS);
    return () => clearInterval(timer);
  }, [connection, state, picture]);
  return { state, error, level };
};
