import type {
  AliyunNewToken,
  AliyunOldToken,
  Camera,
  DropInLogin,
  ImServer,
  StreamSignature,
  StreamUrls,
  UploadCredentials,
  UploadMode,
} from "@invigil/schema";
import type { FileContents } from "../files/stored-files.js";

/** The message group of a new room. */
export interface NewGroup {
  /**
   * Letters and digits, and `_` and `-` if the service allows them, at most 64 characters. Ignored by a
   * service that chooses group ids itself.
   */
  readonly groupId: string;
  readonly name: string;
  /** The teacher of the room. */
  readonly creatorId: string;
  /** All people of the room, including the creator. */
  readonly members: readonly string[];
}

/** A message that the server itself sends. */
export interface Announcement {
  readonly groupId: string;
  /** The number of a signal of the schema. */
  readonly type: number;
  /** JSON text. */
  readonly data: string;
  /** The receivers. Absent: everybody in the group. */
  readonly userIds?: readonly string[] | undefined;
}

/**
 * A message service: creates the groups of rooms, issues tokens for people, and sends the server's
 * announcements. Every method throws PROVIDER_FAILED if the service fails.
 */
export interface MessageProvider<Token> {
  /**
   * Whether this server provides the service. Its announcements are written together with the changes that
   * they announce, and read from the event log.
   */
  readonly builtIn?: true;
  /** Whether the service chooses group ids. A room then takes the id of its group. */
  readonly choosesGroupIds?: true;
  /**
   * Creates the message group of a room.
   * @returns the id of the group at the service
   */
  createGroup(group: NewGroup, signal?: AbortSignal): Promise<{ readonly groupId: string }>;
  /** Deletes a group if it exists. Absent if the service cannot delete groups. */
  readonly deleteGroup?: (groupId: string) => Promise<void>;
  /** Adds people to a group or removes them. Absent if the service stores no members. */
  readonly members?: {
    join(groupId: string, userIds: readonly string[]): Promise<void>;
    leave(groupId: string, userIds: readonly string[]): Promise<void>;
  };
  /** Succeeds even if the group is empty. */
  announce(announcement: Announcement): Promise<void>;
  /** With `role` "admin", the holder of the token can send commands to the group. */
  issueToken(request: {
    userId: string;
    role: "" | "admin";
    /**
     * The id under which the built-in service stores the login: letters and digits, at most 61 characters.
     */
    loginId?: string;
    deviceId?: string;
    deviceType?: string;
  }): Promise<Token>;
  /**
   * Returns the expiry of a login. Undefined if the login is expired or `issueToken` did not issue it. Absent
   * if people log in at the vendor.
   */
  readonly verify?: (login: DropInLogin) => Date | undefined;
  /** A call without side effects that checks the service, for `invigil doctor`. Absent if there is none. */
  readonly check?: () => Promise<void>;
}

interface TokenOf {
  aliyun_new: AliyunNewToken;
  aliyun_old: AliyunOldToken;
  rong_cloud: string;
}

/** The message services by their wire names. Undefined if a service is not configured. */
export type MessageProviders = {
  readonly [Service in ImServer]: MessageProvider<TokenOf[Service]> | undefined;
};

/**
 * The prefixes of the paths that a person may upload recordings to, relative to the base path (`<stream
 * name>/`, `<exam>-<room>-`). The most important come first, because a service may limit their number.
 */
export type UploadPrefixes = readonly [string, ...string[]];

/** Issues temporary credentials for uploading recordings. */
export interface UploadProvider {
  /** @throws PROVIDER_FAILED */
  credentials(request: {
    /** The person. Their credentials are cached until shortly before they expire. */
    userId: string;
    mode: UploadMode;
    prefixes: UploadPrefixes;
  }): Promise<UploadCredentials>;
  /** Issues credentials that allow nothing, for `invigil doctor`. */
  check(): Promise<void>;
}

/** The camera that publishes a stream. */
export interface StreamOwner {
  readonly examId: string;
  readonly roomId: string;
  readonly userId: string;
  readonly camera: Camera;
}

/** The URLs of a person's cameras, including push URLs. */
export type SignedStreams = Readonly<Record<Camera, Readonly<StreamUrls & { pushUrl: string }>>>;

/** Names streams and signs their URLs. */
export interface StreamSigner {
  /**
   * @param options.twin requests a second, transcodable copy from the stream service, for examinees' streams
   * @returns a function that returns the URLs of a person of the room. They are valid for the configured
   * lifetime plus less than a minute. They may be cached, so callers must not change them
   */
  inRoom(
    room: Pick<StreamOwner, "examId" | "roomId">,
    options: { twin: boolean },
  ): (userId: string) => SignedStreams;
}

/** Verifies callbacks of the stream service. */
export interface StreamCallback {
  /** In lower case. */
  readonly pushDomain: string;
  /** The first segment of the paths of our streams. */
  readonly app: string;
  /** The suffix of the name of a transcoded stream. */
  readonly transcodeSuffix: string;
  /**
   * `stale` means that the signature is correct, but its time differs from the clock by more than five
   * minutes.
   */
  verify(signature: StreamSignature): "good" | "wrong" | "stale";
}

/** What a media session does with its stream. */
export type MediaRole = "publish" | "watch";

/** Hears what happens at a media server. */
export interface MediaListener {
  /** A stream has begun to arrive, or has stopped. */
  publishing(stream: string, isPublishing: boolean): void;
  /** A media session has ended. `reason` is a word for the log. */
  ended(session: string, reason: string): void;
  /** The media server has failed: all media sessions have ended, and no stream arrives. */
  failed(): void;
}

/** Carries the streams of browsers by WebRTC. */
export interface MediaServer {
  /** Sets who hears what happens. */
  listen(listener: MediaListener): void;
  /**
   * Begins a media session. Returns the answer to an SDP offer.
   * @throws INVALID_INPUT for an offer that cannot be answered, STREAM_NOT_FOUND, PROVIDER_FAILED
   */
  open(session: string, role: MediaRole, stream: string, offer: string): Promise<string>;
  /**
   * Restarts ICE of a media session. Returns the new answer.
   * @throws INVALID_INPUT, STREAM_NOT_FOUND, PROVIDER_FAILED
   */
  restart(session: string, fragment: string): Promise<string>;
  /** Ends a media session, if it has not ended. */
  end(session: string): Promise<void>;
  /** Ends all media sessions but these. */
  keep(sessions: readonly string[]): Promise<void>;
  /** Undefined while the media server does not run. */
  measure(): Promise<MediaMeasures | undefined>;
  close(): Promise<void>;
}

/** What the process of a media server holds, and has forwarded since its start. */
export interface MediaMeasures {
  readonly publishers: number;
  readonly watchers: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
  /** The longest time that its event loop was late since it was measured last. */
  readonly longestDelayMs: number;
}

/** Keeps audio files in a bucket. */
export interface AudioBucket extends FileContents {
  /** Writes a small object, reads it and removes it, for `invigil doctor`. */
  check(): Promise<void>;
}

export interface Providers {
  /** Undefined if audio files are kept elsewhere. */
  readonly audioBucket: AudioBucket | undefined;
  readonly messages: MessageProviders;
  readonly uploads: UploadProvider | undefined;
  readonly streams: StreamSigner;
  /** Undefined if browsers cannot publish, because another service carries the streams. */
  readonly media: MediaServer | undefined;
  /** Undefined until a callback key and the stream domains are configured. */
  readonly streamCallback: StreamCallback | undefined;
}
