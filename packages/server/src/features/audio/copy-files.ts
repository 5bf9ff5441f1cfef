import { createHash } from "node:crypto";
import { AUDIO_PREFIX, type AudioFiles, type KeptFile, keptNameOf } from "../../files/audio-files.js";
import { lookUp } from "../../files/folder-files.js";
import type { AudioStore } from "./store.js";

/** The interface of the copy to its caller. */
export interface CopyFilesControl {
  /** Called before each file. Returns whether to stop. */
  readonly isStopped: () => boolean;
  readonly show: (done: number, all: number) => void;
  /** Called before each file that is written. @throws to end the copy */
  readonly beforeWrite: () => Promise<void>;
}

export interface CopyFilesOptions {
  readonly from: AudioFiles;
  readonly to: AudioFiles;
  /** Whether to remove each file from where it was, once it is where it should be. */
  readonly remove: boolean;
}

export interface CopiedFiles {
  readonly copied: number;
  readonly bytes: number;
  /** The number of files that were where they should be. */
  readonly there: number;
  readonly removed: number;
  /** The names of files that are in neither place. */
  readonly missing: readonly string[];
  /** The names of files whose content is not what their clip needs. */
  readonly damaged: readonly string[];
  /** Whether the copy was stopped before it came to the other files. */
  readonly stopped: boolean;
}

const PAGE = 1000;

/** Returns the names of the uploaded files that clips refer to. */
export const namesOfFiles = async (store: AudioStore): Promise<string[]> => {
  const names: string[] = [];
  for (let after = AUDIO_PREFIX; ; ) {
    const page = await store.fileUrls(after, PAGE);
    names.push(...page.map(keptNameOf).filter((name) => name !== undefined));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return names;
    after = last;
  }
};

const contentOf = (file: KeptFile): AsyncIterable<Uint8Array> => file.read(0, file.bytes - 1);

/** Whether a file has the content after which it is named. */
const isIntact = async (name: string, file: KeptFile): Promise<boolean> => {
  const hash = createHash("sha256");
  for await (const chunk of contentOf(file)) hash.update(chunk);
  return name.startsWith(`${hash.digest("hex")}.`);
};

/**
 * Copies the files of all clips from one place to another, one after the other, while servers run. Each file is copied as a whole or not
 * at all, and a file that is there already is not copied again. So the copy can be stopped and repeated.
 */
export const copyFiles = async (
  store: AudioStore,
  { from, to, remove }: CopyFilesOptions,
  { isStopped, show, beforeWrite }: CopyFilesControl,
): Promise<CopiedFiles> => {
  const [sources, targets] = [lookUp(from), lookUp(to)];
  const names = await namesOfFiles(store);
  const missing: string[] = [];
  const damaged: string[] = [];
  const counts = { copied: 0, bytes: 0, there: 0, removed: 0 };

  /** Returns whether the file has been copied, or has no clip any more. */
  const copyOne = async (url: string, file: KeptFile): Promise<boolean> => {
    await beforeWrite();
    await using received = await to.receive(contentOf(file));
    if (received.url !== url) return false;
    await received.store();
    if (await store.ifUsed(url, (tx) => received.keep(tx))) {
      counts.copied += 1;
      counts.bytes += file.bytes;
    }
    return true;
  };

  const removeOne = async (name: string, url: string): Promise<boolean> => {
    const target = await targets.find(name);
    if (!target || !(await isIntact(name, target))) return false;
    let removeContent = async (): Promise<void> => undefined;
    const isUsed = await store.ifUsed(url, async (tx) => {
      removeContent = await from.remove(tx, url);
    });
    await removeContent();
    if (isUsed) counts.removed += 1;
    return true;
  };

  await to.prepare();
  let done = 0;
  for (const name of names) {
    if (isStopped()) break;
    const url = `${AUDIO_PREFIX}${name}`;
    const file = await sources.find(name);
    if (await targets.find(name)) counts.there += 1;
    else if (!file) missing.push(name);
    else if (!(await copyOne(url, file))) damaged.push(name);
    if (remove && file && !damaged.includes(name) && !(await removeOne(name, url))) damaged.push(name);
    done += 1;
    show(done, names.length);
  }
  return { ...counts, missing, damaged, stopped: done < names.length };
};
