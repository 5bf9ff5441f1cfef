/** Why a microphone cannot be used. */
export type MicrophoneFault = "refused" | "busy" | "absent" | "insecure" | "other";

/** Opens the microphone, or says why it cannot. */
export const openMicrophone = async (): Promise<MediaStream | MicrophoneFault> => {
  // Browsers have none on pages that came without https.
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  if (!devices) return "insecure";
  try {
    return await devices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
  } catch (error) {
    switch (error instanceof DOMException ? error.name : "") {
      case "NotAllowedError":
      case "SecurityError":
        return "refused";
      case "NotReadableError":
      case "AbortError":
        return "busy";
      case "NotFoundError":
      case "OverconstrainedError":
        return "absent";
      default:
        return "other";
    }
  }
};
