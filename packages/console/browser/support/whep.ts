import type { Page } from "playwright-core";
import { WHEP } from "./exam-room.js";

/** The requests of a page to the server of streams. */
export interface WhepServer {
  /** Sessions that are open. */
  readonly open: ReadonlySet<string>;
  /** How many were ever opened. */
  readonly opened: () => number;
  /** The ICE candidates of offers, and those that came later. */
  readonly candidates: { inOffers: number; later: number };
}

/**
 * A server of streams for one page: it answers each offer with a moving picture over the loopback interface, from another peer in the same
 * browser.
 */
export const serveWhep = async (page: Page): Promise<WhepServer> => {
  const open = new Set<string>();
  const candidates = { inOffers: 0, later: 0 };
  const countIn = (sdp: string | null) => sdp?.match(/^a=candidate:/gm)?.length ?? 0;
  let opened = 0;
  const headers = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, PATCH, DELETE",
    "access-control-allow-headers": "content-type",
    "access-control-expose-headers": "location",
  };
  await page.route(`${WHEP}/**`, async (route) => {
    const request = route.request();
    if (request.method() === "OPTIONS") return route.fulfill({ status: 204, headers });
    if (request.method() === "DELETE") {
      open.delete(new URL(request.url()).pathname);
      return route.fulfill({ status: 200, headers });
    }
    if (request.method() === "PATCH") {
      candidates.later += countIn(request.postData());
      return route.fulfill({ status: 204, headers });
    }
    opened += 1;
    candidates.inOffers += countIn(request.postData());
    const session = `/sessions/${opened}`;
    const answer = await page.evaluate(async (offer) => {
      const canvas = document.createElement("canvas");
      canvas.width = 160;
      canvas.height = 90;
      const context = canvas.getContext("2d");
      setInterval(() => {
        if (!context) return;
        context.fillStyle = `hsl(${Date.now() % 360} 60% 50%)`;
        context.fillRect(0, 0, 160, 90);
      }, 50);
      const peer = new RTCPeerConnection();
      await peer.setRemoteDescription({ type: "offer", sdp: offer });
      for (const track of canvas.captureStream(20).getTracks()) peer.addTrack(track);
      await peer.setLocalDescription();
      if (peer.iceGatheringState !== "complete")
        await new Promise<void>((resolve) => {
          peer.addEventListener("icegatheringstatechange", () => {
            if (peer.iceGatheringState === "complete") resolve();
          });
        });
      return peer.localDescription?.sdp ?? "";
    }, request.postData() ?? "");
    open.add(session);
    await route.fulfill({
      status: 201,
      headers: { ...headers, location: session, "content-type": "application/sdp" },
      body: answer,
    });
  });
  return { open, opened: () => opened, candidates };
};
