import "@mantine/core/styles/ActionIcon.css";
import "@mantine/core/styles/PasswordInput.css";
import { isInvigilError } from "@invigil/client";
import { useInvigilClient, useSession } from "@invigil/react";
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { ErrorNote } from "../components/error-note.js";
import { useAction } from "../components/use-action.js";
import { LOCALES, type Locale } from "../texts/texts.js";
import { useInstallation } from "./installation.js";
import { CODE_LENGTH, type Entry, readEntry, readRoomLink } from "./join-link.js";
import { usePreferences } from "./preferences.js";
import styles from "./sign-in.module.css";

/** Signs a person in, at the address that they opened. */
export default function SignIn() {
  const t = useTranslations("common");
  const { ended } = useSession();
  const { entry } = useInstallation();
  const { locale, setLocale } = usePreferences();
  const [way, setWay] = useState<"account" | "link">("account");
  const title = t("signIn.title");
  useEffect(() => {
    document.title = `${title} · Invigil`;
  }, [title]);
  return (
    <main className={styles.page}>
      <div className={styles.box}>
        <p className={styles.product}>Invigil</p>
        <h1>{title}</h1>
        {ended && (
          <p className={styles.ended} role="status">
            {t(ended.reason === "logged_out" ? "signIn.signedOut" : "signIn.again")}
          </p>
        )}
        {entry && <DemoEntry by={entry} />}
        {way === "account" ? <AccountForm isSecond={entry !== undefined} /> : <LinkForm />}
        <button
          type="button"
          className={styles.other}
          onClick={() => setWay(way === "account" ? "link" : "account")}
        >
          {t(way === "account" ? "signIn.byLink" : "signIn.byAccount")}
        </button>
        <div className={styles.languages}>
          {/* Safe: an object has the keys of its type. */}
          {(Object.keys(LOCALES) as Locale[]).map((choice) => (
            <button
              key={choice}
              type="button"
              lang={choice}
              aria-pressed={choice === locale}
              onClick={() => setLocale(choice)}
            >
              {LOCALES[choice]}
            </button>
          ))}
        </div>
      </div>
    </main>
  );
}

function Failure({ of, refused }: { of: unknown; refused: string }) {
  const t = useTranslations("common.signIn");
  if (of === undefined) return null;
  if (isInvigilError(of, "UNAUTHENTICATED") || isInvigilError(of, "INVALID_INPUT"))
    return <Problem>{refused}</Problem>;
  if (isInvigilError(of, "TOO_MANY_REQUESTS"))
    return <Problem>{t("tooMany", { seconds: of.data.retryAfterSeconds ?? 60 })}</Problem>;
  return <ErrorNote error={of} />;
}

function Problem({ children }: { children: ReactNode }) {
  return (
    <p className={styles.problem} role="alert">
      {children}
    </p>
  );
}

/** @param isSecond - whether another button comes first */
function AccountForm({ isSecond }: { isSecond: boolean }) {
  const t = useTranslations("common.signIn");
  const { login } = useSession();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const { run, isRunning, error } = useAction(() => login({ username, password }));
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (username && password) run();
      }}
    >
      <TextInput
        size="sm"
        label={t("user")}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        withAsterisk={false}
        value={username}
        onChange={({ currentTarget }) => setUsername(currentTarget.value)}
      />
      <PasswordInput
        size="sm"
        label={t("password")}
        name="password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        visibilityToggleButtonProps={{ "aria-label": t("show"), tabIndex: 0 }}
        value={password}
        onChange={({ currentTarget }) => setPassword(currentTarget.value)}
      />
      <Failure of={error} refused={t("refused")} />
      <Button type="submit" size="sm" loading={isRunning} variant={isSecond ? "default" : "filled"}>
        {t("submit")}
      </Button>
    </form>
  );
}

/** A text of at most this length is shown while it is typed: a code. A link is hidden, because anyone who sees it can use it. */
const SHOWN_UP_TO = 40;

function LinkForm() {
  const t = useTranslations("common.signIn");
  const { join } = useSession();
  const client = useInvigilClient();
  const navigate = useNavigate();
  const pathname = useLocation({ select: (location) => location.pathname });
  const [typed, setTyped] = useState("");
  const [isShown, setIsShown] = useState<boolean>();
  const [wrong, setWrong] = useState<string>();
  const { run, isRunning, error, forget } = useAction(
    async (entry: Extract<Entry, { kind: "link" | "code" }>) => {
      const link =
        entry.kind === "link"
          ? entry.link
          : readRoomLink((await client.room.linkOfCode.mutate({ code: entry.code })).url);
      if (!link) throw new Error("The link of the code has no token.");
      await join(link.token);
      // An address that the person opened comes first.
      if (pathname === "/" && link.roomId !== undefined)
        await navigate({ to: "/rooms/$roomId", params: { roomId: link.roomId }, replace: true });
    },
  );
  const [tried, setTried] = useState<"link" | "code">("link");
  const open = () => {
    const entry = readEntry(typed);
    const isRead = entry.kind === "link" || entry.kind === "code";
    setWrong(
      isRead
        ? undefined
        : t(`entry.${entry.kind}`, { length: 0, character: "", ...entry, right: CODE_LENGTH }),
    );
    if (isRead) {
      setTried(entry.kind);
      run(entry);
    } else forget();
  };
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        open();
      }}
    >
      {/* Browsers do not remember what stands in a field for passwords that they do not know. */}
      <PasswordInput
        size="sm"
        label={t("link")}
        description={t("linkHint")}
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
        visible={isShown ?? typed.length <= SHOWN_UP_TO}
        onVisibilityChange={setIsShown}
        visibilityToggleButtonProps={{ "aria-label": t("show"), tabIndex: 0 }}
        value={typed}
        error={wrong}
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      />
      <Failure
        of={error}
        refused={t(
          tried === "link"
            ? "linkRefused"
            : isInvigilError(error, "INVALID_INPUT")
              ? "codeMistyped"
              : "codeRefused",
        )}
      />
      <Button type="submit" size="sm" loading={isRunning}>
        {t("linkSubmit")}
      </Button>
    </form>
  );
}

function DemoEntry({ by }: { by: "demo" | "open" }) {
  const t = useTranslations("common.signIn");
  const { accept, join } = useSession();
  const client = useInvigilClient();
  const navigate = useNavigate();
  const pathname = useLocation({ select: (location) => location.pathname });
  const { run, isRunning, error } = useAction(async () => {
    const session = by === "demo" ? await client.auth.loginToDemo.mutate() : undefined;
    // Navigate before the session begins, so that the list of exams does not appear for a moment. An address that the person opened comes first.
    if (pathname === "/") await navigate({ to: "/running", replace: true });
    // A server that asks for no token takes any.
    if (session) accept(session);
    else await join("none");
  });
  return (
    <div className={styles.demo}>
      <Button size="sm" loading={isRunning} onClick={() => run()}>
        {t("demo")}
      </Button>
      <p>{t("demoHint")}</p>
      {error !== undefined && <ErrorNote error={error} />}
    </div>
  );
}
