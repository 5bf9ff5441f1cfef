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

/** How long to collect the addresses of this computer, in milliseconds. The first ones are those of its own network. */
const GATHERING_MS = 2000;

const gathered = (connection: RTCPeerConnection): Promise<void> =>
  new Promise((resolve) => {
    if (connection.iceGatheringState === "complete") return resolve();
    setTimeout(resolve, GATHERING_MS);
    connection.addEventListener("icegatheringstatechange", () => {
      if (connection.iceGatheringState === "complete") resolve();
    });
  });

/**
 * Plays a stream by WHEP: an offer is posted, the answer is applied, and the resource of the session is deleted at the end.
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
    await gathered(connection);
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
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    signal.removeEventListener("abort", end);
    end();
    throw error;
  }
};
