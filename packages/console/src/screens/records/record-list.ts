import type { CheatRecord, CheatRecordPage } from "@invigil/client";
import { createStore } from "../../components/store.js";

/** The records of an exam, as far as they have been read. */
export interface RecordsState {
  /** The newest first. */
  readonly records: readonly CheatRecord[];
  /** Later records, newest first. They are not shown until the person asks for them. */
  readonly arrived: readonly CheatRecord[];
  readonly isReading: boolean;
  /** Whether the oldest record has been read. */
  readonly isComplete: boolean;
  readonly error: unknown;
}

/** No records, and no reading of any. */
export const NOTHING: RecordsState = {
  records: [],
  arrived: [],
  isReading: false,
  isComplete: false,
  error: undefined,
};

/** How many records, and pages, are read without being asked for. A page of a filter may have few records, or none. */
const RECORDS_AT_ONCE = 5000;
const PAGES_AT_ONCE = 50;
/** How often it asks for what came at most, in milliseconds. */
const PAUSE_MS = 1000;

/** Reads the records of an exam page by page, from the newest to older ones, and those that arrive while it reads. */
export class RecordList {
  readonly state = createStore(NOTHING);
  readonly #read: (cursor: number | undefined) => Promise<CheatRecordPage>;
  readonly #pauseMs: number;
  #cursor: number | undefined;
  #hasBegun = false;
  #isOpen = false;
  #wantsNewer = false;
  #isCatchingUp = false;

  /** @param options.after - the record after which it begins. Default: with the newest */
  constructor(
    read: (cursor: number | undefined) => Promise<CheatRecordPage>,
    { after, pauseMs = PAUSE_MS }: { after?: number | undefined; pauseMs?: number } = {},
  ) {
    this.#read = read;
    this.#cursor = after;
    this.#pauseMs = pauseMs;
  }

  /** Begins, or goes on after `stop`. */
  readonly start = (): void => {
    this.#isOpen = true;
    if (this.#hasBegun) this.readNewer();
    else void this.readOlder();
  };
  readonly stop = (): void => {
    this.#isOpen = false;
  };

  /** Reads older records, as many as are read at once. */
  readonly readOlder = async (): Promise<void> => {
    if (this.#state.isReading || this.#state.isComplete) return;
    this.#change({ isReading: true, error: undefined });
    try {
      const enough = this.#state.records.length + RECORDS_AT_ONCE;
      const goesOn = () => this.#isOpen && !this.#state.isComplete && this.#state.records.length < enough;
      for (let page = 0; page < PAGES_AT_ONCE && goesOn(); page += 1) {
        const { records, nextCursor } = await this.#read(this.#cursor);
        this.#cursor = nextCursor;
        this.#hasBegun = true;
        this.#change({
          records: [...this.#state.records, ...records],
          isComplete: nextCursor === undefined,
        });
        void this.#catchUp();
      }
    } catch (error) {
      this.#change({ error });
    } finally {
      this.#change({ isReading: false });
    }
  };

  /** Says that there may be newer records. It may be called often. */
  readonly readNewer = (): void => {
    this.#wantsNewer = true;
    // A page that could not be read at first is read now.
    void (this.#hasBegun ? this.#catchUp() : this.readOlder());
  };

  /** Shows what came. */
  readonly show = (): void => {
    const { records, arrived } = this.#state;
    if (arrived.length > 0) this.#change({ records: [...arrived, ...records], arrived: [] });
  };

  /** Drops records that were erased. */
  readonly forget = (isErased: (record: CheatRecord) => boolean): void => {
    const left = (records: readonly CheatRecord[]) => records.filter((record) => !isErased(record));
    this.#change({ records: left(this.#state.records), arrived: left(this.#state.arrived) });
  };

  async #catchUp(): Promise<void> {
    if (this.#isCatchingUp || !this.#hasBegun || !this.#wantsNewer) return;
    this.#isCatchingUp = true;
    try {
      while (this.#wantsNewer && this.#isOpen) {
        this.#wantsNewer = false;
        const newer = await this.#readDownTo(this.#newestId());
        if (newer.length > 0 || this.#state.error !== undefined)
          this.#change({ arrived: [...newer, ...this.#state.arrived], error: undefined });
        // One reads nothing yet, so nothing can move under their eyes.
        if (this.#state.records.length === 0) this.show();
        await new Promise((resolve) => setTimeout(resolve, this.#pauseMs));
      }
    } catch (error) {
      this.#change({ error });
    } finally {
      this.#isCatchingUp = false;
    }
  }

  get #state(): RecordsState {
    return this.state.get();
  }

  #newestId(): number {
    const { arrived, records } = this.#state;
    return (arrived[0] ?? records[0])?.id ?? 0;
  }

  async #readDownTo(id: number): Promise<CheatRecord[]> {
    const newer: CheatRecord[] = [];
    for (let cursor: number | undefined; ; ) {
      const page = await this.#read(cursor);
      newer.push(...page.records.filter((record) => record.id > id));
      cursor = page.nextCursor;
      if (cursor === undefined || cursor <= id) return newer;
    }
  }

  #change(changed: Partial<RecordsState>): void {
    this.state.set({ ...this.#state, ...changed });
  }
}
