import { existsSync } from "node:fs";
import { type Role, roles } from "@invigil/schema";
import { type Command, Option } from "commander";
import { authSecretOf } from "../app/secrets.js";
import { parseConfig, readEnvironment } from "../config/config.js";
import { createTokenIssuer, isOwnTokenId } from "../identity/tokens.js";
import { createIds } from "../platform/ids.js";
import { SetupError } from "../platform/setup-error.js";
import { jsonOption, parseDuration } from "./arguments.js";
import { withLocalApp } from "./local-app.js";
import { print } from "./output.js";
import type { CommandRun } from "./run.js";

interface TokenOptions {
  role: Role;
  user: string;
  room?: string;
  exam?: string;
  name?: string;
  ttl: number;
  json?: true;
}

const addRevoke = (token: Command, run: CommandRun): void => {
  token
    .command("revoke <tokenId>")
    .description("revoke a token by its id (the claim jti)")
    .addOption(jsonOption())
    .action(async (tokenId: string, { json }: { json?: true }) => {
      await withLocalApp(run, ({ call }) => call.auth.revokeToken({ tokenId }));
      // Tokens are signed and not stored, and other services may sign tokens with ids of any form.
      if (!isOwnTokenId(tokenId))
        run.io.stderr.write(
          "invigil: Invigil issues no tokens with such an id. The ids of its tokens are 32 digits and letters from a to f.\n",
        );
      print(
        run,
        json,
        { tokenId, revoked: true },
        () => `The token with the id ${tokenId} is refused from now on.`,
      );
    });
};

export const addToken = (program: Command, run: CommandRun): void => {
  const token = program.command("token").description("issue and revoke tokens");
  token
    .command("issue", { isDefault: true })
    .description("print a token signed with this installation's secret; `invigil token --role …` for short")
    .addOption(new Option("--role <role>", "the role of the holder").choices(roles).makeOptionMandatory())
    .requiredOption("--user <id>", "the user id of the holder")
    .option("--room <id>", "restrict the token to this room")
    .option("--exam <id>", "restrict the token to this exam")
    .option("--name <name>", "the name of the holder")
    .option("--ttl <time>", "the lifetime: a number and s, m, h or d", parseDuration, parseDuration("8h"))
    .option("--json", "print JSON with the token and its expiry")
    .action(async ({ role, user, room, exam, name, ttl, json }: TokenOptions) => {
      const config = parseConfig(readEnvironment(run.io.env));
      if (!config.authSecret && config.databaseFile === ":memory:") {
        throw new SetupError(
          "INVIGIL_AUTH_SECRET must be set: a server with a database in memory generates a new one at every start",
        );
      }
      const clock = () => new Date();
      const tokens = createTokenIssuer({
        secret: authSecretOf(config),
        clock,
        ids: createIds({ clock }),
        afterExamSeconds: config.tokenAfterExamSeconds,
      });
      const request = { userId: user, role, roomId: room, examId: exam, name, ttlSeconds: ttl };
      const hasDatabase = config.postgres || existsSync(config.databaseFile ?? "");
      const issued = hasDatabase
        ? await withLocalApp(run, async ({ services, operatorIn }) => {
            // If the person's links were revoked, a token of an earlier generation would be refused.
            const generation = room === undefined ? 0 : await services.links.generation(room, user);
            const made = await tokens.issue({ ...request, generation });
            const target = { roomId: room, examId: exam, people: [user], subject: made.tokenId };
            services.accessLog.note(operatorIn("auth.issueToken"), target);
            return made;
          })
        : await tokens.issue(request);
      print(run, json, issued, () => issued.token);
    });
  addRevoke(token, run);
};
