import { useCallback, useEffect, useRef, useState } from "react";
import {
  chooseDevices,
  chosenDevices,
  type DeviceChoice,
  type DeviceFault,
  deviceFaultOf,
  openDevices,
  type Picture,
} from "./devices.js";

/** How long to wait before a lost device is asked for again, in milliseconds. A device that is plugged in is asked for at once. */
const RETRY_MS = 3000;

/** `lost`: it worked before, and comes back by itself. */
export type CameraState =
  | { readonly is: "off" | "asking" }
  | { readonly is: "on"; readonly stream: MediaStream }
  | { readonly is: "failed" | "lost"; readonly fault: DeviceFault };

export interface Camera {
  readonly state: CameraState;
  /** Asks for the devices: the ones of the choice, or those that were chosen last. */
  readonly start: (choice?: DeviceChoice) => void;
  /** Ends all tracks: the light of the camera goes out. */
  readonly stop: () => void;
}

const end = (stream: MediaStream | undefined): void => {
  for (const track of stream?.getTracks() ?? []) track.stop();
};

/** The camera and the microphone of the page, which are opened again when they were lost. */
export const useCamera = (picture: Picture): Camera => {
  const [state, setState] = useState<CameraState>({ is: "off" });
  const latest = useRef({ picture, stream: undefined as MediaStream | undefined, attempt: 0 });
  latest.current.picture = picture;

  const open = useCallback(async (choice: DeviceChoice, failed: "failed" | "lost") => {
    const { current } = latest;
    const attempt = ++current.attempt;
    if (!navigator.mediaDevices) return setState({ is: "failed", fault: "insecure" });
    // Some cameras open once only.
    end(current.stream);
    current.stream = undefined;
    if (failed === "failed") setState({ is: "asking" });
    try {
      const stream = await openDevices(choice, current.picture);
      if (attempt !== current.attempt) return end(stream);
      current.stream = stream;
      const lose = () => {
        if (current.stream === stream) setState({ is: "lost", fault: "absent" });
      };
      for (const track of stream.getTracks()) track.addEventListener("ended", lose, { once: true });
      setState({ is: "on", stream });
    } catch (error) {
      if (attempt === current.attempt) setState({ is: failed, fault: deviceFaultOf(error) });
    }
  }, []);
  const start = useCallback(
    (choice?: DeviceChoice) => {
      if (choice) chooseDevices({ ...chosenDevices(), ...choice });
      void open(chosenDevices(), "failed");
    },
    [open],
  );
  const stop = useCallback(() => {
    latest.current.attempt += 1;
    end(latest.current.stream);
    latest.current.stream = undefined;
    setState({ is: "off" });
  }, []);

  const isLost = state.is === "lost";
  useEffect(() => {
    if (!isLost) return;
    const again = () => void open(chosenDevices(), "lost");
    const timer = setInterval(again, RETRY_MS);
    navigator.mediaDevices.addEventListener("devicechange", again);
    return () => {
      clearInterval(timer);
      navigator.mediaDevices.removeEventListener("devicechange", again);
    };
  }, [isLost, open]);
  useEffect(() => stop, [stop]);
  return { state, start, stop };
};
