/** The server of the streams did not answer an offer with an answer. */
class StreamRefused extends Error {
  override readonly name = "StreamRefused";
}

export interface PlayOptions {
  /** Ends it, and lets the server of the streams know. */
  readonly signal: AbortSignal;
  /** Called once the stream does not arrive any more. */
  readonly onLost: () => void;
}

/** Resolves when the addresses of this computer are known, with the ICE lines of the description (RFC 8840). */
const gathered = (connection: RTCPeerConnection): Promise<string> =>
  new Promise((resolve) => {
    const look = () => {
      if (connection.iceGatheringState !== "complete") return;
      const lines = connection.localDescription?.sdp.split("\r\n") ?? [];
      const isOfIce = (line: string) => /^(a=(group:|ice-|candidate:|mid:|end-of-candidates)|m=)/.test(line);
      resolve(`${lines.filter(isOfIce).join("\r\n")}\r\n`);
    };
    connection.addEventListener("icegatheringstatechange", look);
    look();
  });

/**
 * Plays a stream by WHEP: an offer is posted, the answer is applied, and the resource of the session is deleted at the end. The offer is posted
 * at once, and the addresses of this computer follow by PATCH (RFC 9725, trickle ICE). A service that refuses these can be reached without.
 *
 * @throws StreamRefused, or what `fetch` throws
 */
export const playWhep = async (
  url: string,
  video: HTMLVideoElement,
  { signal, onLost }: PlayOptions,
): Promise<void> => {
  signal.throwIfAborted();
  const connection = new RTCPeerConnection();
  const stream = new MediaStream();
  let session: string | undefined;
  const end = () => {
    connection.close();
    if (video.srcObject === stream) video.srcObject = null;
    // The page may be about to close.
    // oxlint-disable-next-line no-restricted-globals -- a stream service answers, and not the server
    if (session !== undefined) fetch(session, { method: "DELETE", keepalive: true }).catch(() => undefined);
    session = undefined;
  };
  signal.addEventListener("abort", end, { once: true });
  try {
    connection.addEventListener("track", ({ track }) => stream.addTrack(track));
    connection.addEventListener("connectionstatechange", () => {
      if (connection.connectionState === "failed" || connection.connectionState === "disconnected") onLost();
    });
    for (const kind of ["video", "audio"]) connection.addTransceiver(kind, { direction: "recvonly" });
    await connection.setLocalDescription();
    // oxlint-disable-next-line no-restricted-globals -- as above
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/sdp" },
      body: connection.localDescription?.sdp ?? "",
      signal,
    });
    const location = answer.headers.get("location");
    if (location !== null) session = new URL(location, answer.url).href;
    if (!answer.ok) throw new StreamRefused(`The stream was refused with ${answer.status}.`);
    await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    signal.throwIfAborted();
    const [resource, tag] = [session, answer.headers.get("etag")];
    if (resource !== undefined)
      void gathered(connection).then((fragment) =>
        // oxlint-disable-next-line no-restricted-globals -- as above
        fetch(resource, {
          method: "PATCH",
          headers: { "content-type": "application/trickle-ice-sdpfrag", ...(tag && { "if-match": tag }) },
          body: fragment,
          signal,
        }).catch(() => undefined),
      );
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    signal.removeEventListener("abort", end);
    end();
    throw error;
  }
};
