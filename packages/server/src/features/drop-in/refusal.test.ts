import { expect, it } from "vitest";
import { failureOf } from "../../domain/failures.js";
import { StreamNameTaken } from "../../domain/people.js";
import {
  CommitUnknownError,
  DatabaseUnavailableError,
  SchemaChangedError,
  TooManyWritesError,
} from "../../storage/errors.js";
import { StorageLostError } from "../../storage/storage-lost.js";
import { refusalOf } from "./refusal.js";

it.each([
  [412, new TooManyWritesError()],
  [412, new StorageLostError("replaced")],
  [412, new DatabaseUnavailableError("away")],
  [412, new CommitUnknownError("lost")],
  [412, new SchemaChangedError()],
  [412, Object.assign(new Error("full"), { code: "SQLITE_FULL" })],
  [409, new StreamNameTaken({ roomId: "r1", userId: "e-1" })],
  [500, new Error("secret")],
])("answers %i, with the message of the API: %o", (code, error) => {
  const { message } = code === 500 ? { message: "The server failed." } : failureOf(error);
  expect(refusalOf(error)).toMatchObject({ code, message });
});
