/** What a link to this page says. */
export interface Entry {
  readonly roomId: string;
  readonly userId: string;
  readonly token: string;
  /** The code that led here, if it will lead on to the next exam: that of the demo. */
  readonly code?: string | undefined;
}
/** The two pages of a person: the one at which they sit, and the one of their second camera. */
export type Camera = "main" | "pc";

const STORED = "invigil.sit";
const cameraOf = (hash: string): Camera => (hash.startsWith("#/pc") ? "pc" : "main");

/** Reads a link. Undefined: it says too little. */
const entryOf = (search: string): Entry | undefined => {
  const query = new URLSearchParams(search);
  const [roomId, userId, token] = ["roomId", "userId", "token"].map((name) => query.get(name) ?? "");
  const code = query.get("code");
  return roomId && userId && token ? { roomId, userId, token, ...(code && { code }) } : undefined;
};

const storedEntry = (stored: string | null): Entry | undefined =>
  stored === null ? undefined : entryOf(stored);

/**
 * Reads the link that opened the page, and takes the token out of the address: people copy addresses, and browsers keep them. A reload finds it in
 * the storage of the tab.
 */
export const readEntry = (): { readonly entry: Entry | undefined; readonly camera: Camera } => {
  const { search, pathname, hash } = window.location;
  const camera = cameraOf(hash);
  const opened = entryOf(search);
  if (opened) sessionStorage.setItem(STORED, search);
  if (search !== "") window.history.replaceState(null, "", `${pathname}${hash}`);
  return { entry: opened ?? storedEntry(sessionStorage.getItem(STORED)), camera };
};

/** Keeps an entry for a reload: that of the room to which its person was moved. */
export const storeEntry = ({ roomId, userId, token, code }: Entry): void =>
  sessionStorage.setItem(
    STORED,
    `?${new URLSearchParams({ roomId, userId, token, ...(code !== undefined && { code }) }).toString()}`,
  );

/** The address of the server, below which this page is. */
export const serverUrl = (): string => new URL("..", document.baseURI).href.replace(/\/$/, "");

/** Where a code is typed, or the code of an entry leads on. */
export const codeUrl = ({ code }: Pick<Entry, "code"> = {}): string =>
  `${serverUrl()}/j${code === undefined ? "" : `/${encodeURIComponent(code)}`}`;

/** The link to the page of the second camera, which another device opens. */
export const secondCameraUrl = ({ roomId, userId, token }: Entry): string =>
  `${new URL(".", document.baseURI).href.replace(/\/$/, "")}?${new URLSearchParams({ roomId, userId, token }).toString()}#/pc`;
