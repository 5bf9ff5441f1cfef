// How long a picture takes from the page that publishes it to the page that shows it. Both are one page of Chromium, so they have one clock. It
// draws the number of each picture as black and white fields, and reads it from the video that comes back.

/** Runs in the page. */
const measure = async ({ publish, watch, seconds }) => {
  const BITS = 16;
  const FIELD = 40;
  const canvas = Object.assign(document.createElement("canvas"), { width: BITS * FIELD, height: 360 });
  const drawing = canvas.getContext("2d");
  const drawnAt = [];
  const draw = () => {
    const number = drawnAt.length;
    drawing.fillStyle = "#456";
    drawing.fillRect(0, 0, canvas.width, canvas.height);
    for (let bit = 0; bit < BITS; bit += 1) {
      drawing.fillStyle = (number >> bit) & 1 ? "#fff" : "#000";
      drawing.fillRect(bit * FIELD, 100, FIELD, 160);
    }
    drawnAt.push(performance.now());
  };
  const connect = async (connection, { url, token }) => {
    await connection.setLocalDescription();
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/sdp" },
      body: connection.localDescription.sdp,
    });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
    await new Promise((resolve) => {
      const check = () => connection.connectionState === "connected" && resolve();
      connection.addEventListener("connectionstatechange", check);
      check();
    });
  };
  setInterval(draw, 1000 / 15);
  const publisher = new RTCPeerConnection();
  for (const track of canvas.captureStream(15).getTracks())
    publisher.addTransceiver(track, { direction: "sendonly" });
  await connect(publisher, publish);

  const viewer = new RTCPeerConnection();
  const video = Object.assign(document.createElement("video"), { muted: true });
  viewer.addEventListener("track", ({ streams, track }) => {
    video.srcObject = streams[0] ?? new MediaStream([track]);
  });
  for (const kind of ["video", "audio"]) viewer.addTransceiver(kind, { direction: "recvonly" });
  const begin = performance.now();
  await connect(viewer, watch);
  await video.play();
  const firstMs = performance.now() - begin;

  const read = Object.assign(document.createElement("canvas"), { width: canvas.width, height: 1 });
  const reading = read.getContext("2d", { willReadFrequently: true });
  const times = [];
  await new Promise((resolve) => {
    const end = performance.now() + seconds * 1000;
    const onFrame = () => {
      const now = performance.now();
      const { videoWidth, videoHeight } = video;
      reading.drawImage(video, 0, videoHeight / 2, videoWidth, 1, 0, 0, read.width, 1);
      const { data } = reading.getImageData(0, 0, read.width, 1);
      let number = 0;
      for (let bit = 0; bit < BITS; bit += 1)
        if (data[(bit * FIELD + FIELD / 2) * 4] > 127) number += 1 << bit;
      if (drawnAt[number] !== undefined) times.push(now - drawnAt[number]);
      if (now < end) video.requestVideoFrameCallback(onFrame);
      else resolve();
    };
    video.requestVideoFrameCallback(onFrame);
  });
  publisher.close();
  viewer.close();
  return { firstMs, times };
};

/**
 * @param {{ url: string, publish: object, watch: () => Promise<object>, seconds: number }} what the grants of the stream
 * @returns the time until the first picture, and of all pictures the median and 95th percentile in milliseconds
 */
export const glassToGlass = async (browser, { url, publish, watch, seconds }) => {
  const page = await browser.newPage();
  await page.goto(`${url}/console/`);
  const { firstMs, times } = await page.evaluate(measure, { publish, watch: await watch(), seconds });
  const sorted = times.toSorted((a, b) => a - b);
  return {
    firstMs,
    pictures: times.length,
    median: sorted[Math.floor(sorted.length / 2)],
    p95: sorted[Math.floor(sorted.length * 0.95)],
  };
};
