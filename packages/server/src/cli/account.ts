import { type Account, type AccountRole, type AccountSession, accountRoleSchema } from "@invigil/schema";
import { type Command, Option } from "commander";
import { SetupError } from "../platform/setup-error.js";
import { jsonOption, quietListOption } from "./arguments.js";
import { confirmByName, yesOption } from "./confirm.js";
import { withLocalApp } from "./local-app.js";
import { fetchAllPages } from "./lookup.js";
import type { LocalApp } from "./open-local-app.js";
import { print, printList, table } from "./output.js";
import { newPassword, terminalOf } from "./password.js";
import type { CommandRun } from "./run.js";
import { timeFormatter } from "./time.js";

interface PasswordOptions {
  generate?: true;
  json?: true;
}

const generateOption = (): Option => new Option("--generate", "generate a password and print it");
const role = (description: string): Option =>
  new Option("--role <role>", description).choices(accountRoleSchema.options);

/** Prints an account, and its password if the command generated it. */
const printWithPassword = (
  run: CommandRun,
  { generate, json }: PasswordOptions,
  account: Account,
  password: string,
  done: string,
): void =>
  print(run, json, { ...account, ...(generate && { password }) }, () =>
    generate ? `${account.userId} ${password}` : done,
  );

const allAccounts = ({ call }: LocalApp, of: AccountRole | undefined): Promise<Account[]> =>
  fetchAllPages(async (cursor: string | undefined) => {
    const { accounts: items, nextCursor } = await call.account.list({ role: of, pageSize: 100, cursor });
    return { items, nextCursor };
  });

const tableOf = (accounts: readonly Account[]): string =>
  table(
    ["USER", "ROLE", "NAME", "STATE"],
    accounts.map((account) => [
      account.userId,
      account.role,
      account.name,
      account.disabled ? "disabled" : "active",
    ]),
  );

const addSessions = (account: Command, run: CommandRun): void => {
  account
    .command("sessions")
    .description("list who is signed in, newest first")
    .argument("[user]", "only the sessions of this account")
    .addOption(quietListOption())
    .addOption(jsonOption())
    .action((userId: string | undefined, options: { json?: true; quiet?: true }) =>
      withLocalApp(run, async ({ call, config }) => {
        const sessions = await fetchAllPages(async (cursor: string | undefined) => {
          const { sessions: items, nextCursor } = await call.account.listSessions({
            userId,
            pageSize: 100,
            cursor,
          });
          return { items, nextCursor };
        });
        const local = timeFormatter(config.timeZone);
        const row = ({ id, userId: of, role: as, createdAt, expiresAt }: AccountSession) =>
          [id, of, as, local(createdAt), local(expiresAt)] as const;
        printList(run, options, sessions, {
          id: ({ id }) => id,
          forPeople: () =>
            sessions.length === 0
              ? "No account is signed in."
              : table(["SESSION", "USER", "ROLE", "SINCE", "UNTIL"], sessions.map(row)),
        });
      }),
    );

  account
    .command("end-session")
    .description("end a session: its person has to sign in again")
    .argument("<session>", "the id of the session: see 'invigil account sessions'")
    .addOption(jsonOption())
    .action(async (sessionId: string, { json }: { json?: true }) => {
      const result = await withLocalApp(run, ({ call }) => call.account.endSession({ sessionId }));
      if (!result.ended) throw new SetupError(`There is no session ${sessionId}`);
      print(run, json, result, () => `The session ${sessionId} has ended.`);
    });
};

export const addAccount = (program: Command, run: CommandRun): void => {
  const account = program.command("account").description("manage accounts that log in with a password");

  account
    .command("add <user>")
    .description("create an account; the password is read from the terminal or standard input")
    .addOption(role("the role of the account").makeOptionMandatory())
    .requiredOption("--name <name>", "the name of the person")
    .addOption(generateOption())
    .addOption(jsonOption())
    .action(async (userId: string, options: PasswordOptions & { role: AccountRole; name: string }) => {
      const password = await newPassword(options, terminalOf(run));
      const { role: of, name } = options;
      const made = await withLocalApp(run, ({ call }) =>
        call.account.create({ userId, role: of, name, password }),
      );
      printWithPassword(run, options, made, password, `${made.userId} can log in (${made.role}).`);
    });

  account
    .command("list")
    .description("list accounts, ordered by user id")
    .addOption(role("only accounts with this role"))
    .addOption(quietListOption())
    .addOption(jsonOption())
    .action(async (options: { role?: AccountRole; json?: true; quiet?: true }) => {
      const accounts = await withLocalApp(run, (app) => allAccounts(app, options.role));
      printList(run, options, accounts, { id: ({ userId }) => userId, forPeople: () => tableOf(accounts) });
    });

  account
    .command("disable <user>")
    .description("disable an account and end its sessions; asks for the account's name")
    .addOption(yesOption())
    .addOption(jsonOption())
    .action(async (userId: string, { json, yes }: { json?: true; yes?: true }) => {
      const disabled = await withLocalApp(run, async (app) => {
        const found = (await allAccounts(app, undefined)).find((one) => one.userId === userId);
        const does = `This ends all sessions of ${userId}, who cannot log in until the account is enabled again.`;
        if (found) await confirmByName(run, { yes }, { does, of: "account", name: found.name });
        return app.call.account.disable({ userId });
      });
      print(run, json, disabled, () => `${userId} can no longer log in; their sessions have ended.`);
    });

  account
    .command("enable <user>")
    .description("enable a disabled account")
    .addOption(jsonOption())
    .action(async (userId: string, { json }: { json?: true }) => {
      const enabled = await withLocalApp(run, ({ call }) => call.account.enable({ userId }));
      print(run, json, enabled, () => `${userId} can log in again.`);
    });

  account
    .command("passwd <user>")
    .description("set an account's password and end its sessions")
    .addOption(generateOption())
    .addOption(jsonOption())
    .action(async (userId: string, options: PasswordOptions) => {
      const password = await newPassword(options, terminalOf(run));
      const changed = await withLocalApp(run, ({ call }) => call.account.setPassword({ userId, password }));
      printWithPassword(
        run,
        options,
        changed,
        password,
        `The password of ${userId} was changed; their sessions have ended.`,
      );
    });
  addSessions(account, run);
};
