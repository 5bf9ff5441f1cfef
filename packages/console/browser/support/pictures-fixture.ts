import { join } from "node:path";
import type { Served } from "./console.js";

/** A school whose people, ids and clock are always the same: see the file of the server's tests that makes it. */
export interface PicturesFixture extends Served {
  readonly clock: () => Date;
  readonly examId: string;
  readonly roomId: string;
  readonly flaggedId: string;
  readonly largeId: string;
  readonly tomorrowId: string;
}

const FILE = join(import.meta.dirname, "../../../server/test/support/pictures-fixture.ts");

export const openPicturesFixture = async (): Promise<PicturesFixture> => {
  // Safe: the file says that what it returns has these members. It is not imported by its name, because the compiler sees other types of
  // the database library from here.
  const file = (await import(/* @vite-ignore */ FILE)) as {
    openPicturesFixture: () => Promise<PicturesFixture>;
  };
  return file.openPicturesFixture();
};
