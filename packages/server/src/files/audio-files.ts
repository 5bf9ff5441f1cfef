import type { RepeatedWork } from "../platform/repeated-work.js";
import type { Transaction } from "../storage/port.js";

/**
 * The path of audio files. They are served without a token, because apps play them in an `<audio>` element.
 */
export const AUDIO_PREFIX = "/audio/";

const KEPT_NAME = /^[0-9a-f]{64}\.(mp3|wav|ogg|m4a)$/;

/** Whether a kept file can have this name: the hash of its content, and the extension of its format. */
export const isKeptName = (name: string): boolean => KEPT_NAME.test(name);

/** Returns the name of the kept file that a stored URL refers to. Undefined for other URLs. */
export const keptNameOf = (url: string): string | undefined => {
  const name = url.startsWith(AUDIO_PREFIX) ? url.slice(AUDIO_PREFIX.length) : "";
  return isKeptName(name) ? name : undefined;
};

/** A completely received file. Disposing deletes it, unless it was kept. */
export interface ReceivedFile extends AsyncDisposable {
  /** The path of the file on the server once it is kept. */
  readonly url: string;
  /**
   * Brings the content to where kept files are. The file is not served yet.
   * @throws PROVIDER_FAILED
   */
  store(): Promise<void>;
  /**
   * Makes the file served. Call it after `store`, in the transaction that adds its clip. Files with equal
   * content are kept once.
   */
  keep(tx: Transaction<"installation">): Promise<void>;
}

/** A file that is served. */
export interface KeptFile {
  readonly bytes: number;
  /**
   * Reads a range of the content; the last byte is part of it. Throws if the file is removed during the read.
   * @throws PROVIDER_FAILED
   */
  read(first: number, last: number): AsyncIterable<Uint8Array>;
}

/** Looks kept files up. */
export interface KeptFiles {
  find(name: string): Promise<KeptFile | undefined>;
}

/** Uploaded audio files. A file is named after the hash of its content, so it never changes. */
export interface AudioFiles {
  /** Creates the folder in which files arrive, and deletes incomplete files of crashed processes. */
  prepare(): Promise<void>;
  /** @throws PAYLOAD_TOO_LARGE, INVALID_INPUT if the content is not audio that browsers play */
  receive(content: AsyncIterable<Uint8Array>): Promise<ReceivedFile>;
  /**
   * Stops serving the file of a stored URL. Call it in a transaction in which no clip has the URL and none can
   * be added. Other URLs are ignored.
   * @returns deletes the content. Call it after the commit. If it is not called or fails, the sweeper does it
   */
  remove(tx: Transaction<"installation">, url: string): Promise<() => Promise<void>>;
  /** Where to read kept files: a folder with files of these names, or code that looks them up. */
  readonly kept: { readonly folder: string } | KeptFiles;
  /** Removes content that a crash or a failure has left behind. Absent if nothing but incomplete files can be left behind. */
  readonly sweeper?: RepeatedWork;
}
