import {
  type MediaStreaming,
  publish,
  type StreamState,
  type TalkOptions,
  talk,
  type WatchOptions,
  watch,
} from "@invigil/client/media";
import { useCallback, useEffect, useState } from "react";
import { useInvigilClient } from "./context.js";

// Hooks for cameras. They are an entry of their own, so that pages without cameras do not load them.

/** A stream that a component publishes or watches. */
export interface UseStream {
  /** `ended` also while there is nothing to publish or to watch. */
  readonly state: StreamState;
  /** Why it ended, if the server does not allow it any more. */
  readonly error: Error | undefined;
  /** The connection of now, for its statistics. */
  readonly connection: RTCPeerConnection | undefined;
}

const NONE: UseStream = { state: "ended", error: undefined, connection: undefined };
const BEGINNING: UseStream = { ...NONE, state: "connecting" };

/** Keeps a stream while the component is mounted. `start` stays the same as long as the stream does. */
const useStreaming = (
  start: ((onChange: (streaming: MediaStreaming) => void) => MediaStreaming) | undefined,
): UseStream => {
  const [now, setNow] = useState(NONE);
  useEffect(() => {
    if (!start) return;
    let isOver = false;
    const show = ({ state, error, connection }: MediaStreaming) => {
      if (!isOver) setNow({ state, error, connection });
    };
    const streaming = start(show);
    show(streaming);
    return () => {
      isOver = true;
      streaming.stop();
      setNow(NONE);
    };
  }, [start]);
  return start && now === NONE ? BEGINNING : now;
};

/**
 * Publishes the caller's camera while the component is mounted, and again whenever the connection is lost.
 * @param source - what `getUserMedia` returned; undefined publishes nothing. The caller stops its tracks
 *
 * @example
 * ```tsx
 * const { state, error } = usePublish({ roomId, source });
 * ```
 */
export const usePublish = ({
  roomId,
  source,
  camera = "main",
}: {
  readonly roomId: string;
  readonly source: MediaStream | undefined;
  readonly camera?: "main" | "pc" | undefined;
}): UseStream => {
  const client = useInvigilClient();
  const start = useCallback(
    (onChange: (streaming: MediaStreaming) => void) =>
      // Safe: it is not passed on without a source.
      publish(client, source as MediaStream, { roomId, camera, onChange }),
    [client, source, roomId, camera],
  );
  return useStreaming(source && start);
};

/**
 * Talks to an examinee while the component is mounted, and again whenever the connection is lost. They alone hear it.
 * @param source - the microphone, as `getUserMedia` returned it; undefined: no one is talked to. The caller stops its tracks
 *
 * @example
 * ```tsx
 * const { state, error } = useTalk({ roomId, userId, source });
 * ```
 */
export const useTalk = ({
  roomId,
  userId,
  source,
}: Pick<TalkOptions, "roomId" | "userId"> & { readonly source: MediaStream | undefined }): UseStream => {
  const client = useInvigilClient();
  const start = useCallback(
    (onChange: (streaming: MediaStreaming) => void) =>
      // Safe: it is not passed on without a source.
      talk(client, source as MediaStream, { roomId, userId, onChange }),
    [client, source, roomId, userId],
  );
  return useStreaming(source && start);
};

/** A camera that a component watches. */
export interface UseWatch extends UseStream {
  /** Belongs to the video element that shows the camera. */
  readonly ref: (video: HTMLVideoElement | null) => void;
}

/**
 * Watches a person's camera while the component is mounted, and again whenever it is published again. Components of a room that begin
 * together share a call.
 *
 * @example
 * ```tsx
 * const { ref, state } = useWatch({ roomId, userId });
 * return <video ref={ref} autoPlay muted playsInline aria-busy={state === "connecting"} />;
 * ```
 */
export const useWatch = ({
  roomId,
  userId,
  camera = "main",
  ifPublished = false,
  isOn = true,
}: Pick<WatchOptions, "roomId" | "userId"> & {
  readonly camera?: "main" | "pc" | undefined;
  /** Whether to end at once if the camera does not publish. Default: no, it waits until the camera does. */
  readonly ifPublished?: boolean | undefined;
  /** Whether to watch now. A picture that is not on the screen costs the network as much as one that is. Default: yes. */
  readonly isOn?: boolean | undefined;
}): UseWatch => {
  const client = useInvigilClient();
  const [target, setTarget] = useState<MediaStream>();
  const start = useCallback(
    (onChange: (streaming: MediaStreaming) => void) => {
      const stream = new MediaStream();
      setTarget(stream);
      return watch(client, stream, { roomId, userId, camera, ifPublished, onChange });
    },
    [client, roomId, userId, camera, ifPublished],
  );
  const streaming = useStreaming(isOn ? start : undefined);
  const ref = useCallback(
    (video: HTMLVideoElement | null) => {
      if (video) video.srcObject = target ?? null;
    },
    [target],
  );
  return { ...streaming, ref };
};
