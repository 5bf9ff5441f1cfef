import { isInvigilError } from "@invigil/client";
import { useRef, useState } from "react";

/** The types that an upload accepts, for the dialog in which files are chosen. */
export const AUDIO_FILES = "audio/*,.mp3,.wav,.ogg,.m4a";
/** The largest file that the server accepts, in bytes. */
const MOST_BYTES = 20 * 1024 * 1024;
/** The longest name of a clip. */
export const LONGEST_NAME = 64;

/** Why the library does not take a file, as far as a browser knows: it goes by the name. The server looks at the content. */
export const audioFaultOf = ({ size, type }: File): "noAudio" | "tooLarge" | undefined =>
  size > MOST_BYTES
    ? "tooLarge"
    : // Browsers call some Ogg and M4A files a video.
      size === 0 || !/^(?:audio\/|video\/|application\/ogg|$)/.test(type)
      ? "noAudio"
      : undefined;

/** Whether the server found that a file is no audio. Uploads answer as the REST paths do: the message begins with the field. */
export const isNoAudio = (error: unknown): boolean =>
  isInvigilError(error, "INVALID_INPUT") && error.message.startsWith("file ");

/** The name of a clip. It is that of the chosen file until the person types another. */
export const useClipName = (first = "") => {
  const [name, setName] = useState(first);
  const suggested = useRef("");
  const suggest = (file: File) => {
    const next = file.name.replace(/\.[^.]*$/, "").slice(0, LONGEST_NAME);
    if (name.trim() === "" || name === suggested.current) setName(next);
    suggested.current = next;
  };
  return { name, setName, suggest };
};
