import { Link, useParams } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslations } from "use-intl";
import { Empty } from "../../components/empty.js";
import { Page } from "../../components/page.js";
import { usePermissions } from "../../components/use-permissions.js";
import { Accounts } from "./accounts.js";
import styles from "./administration.module.css";
import { AudioLibrary } from "./audio.js";
import { Audit } from "./audit.js";
import type { Frame } from "./frame.js";
import { InstallationPart } from "./installation.js";
import { Outbox } from "./outbox.js";
import { Sessions } from "./sessions.js";

const PARTS = ["accounts", "sessions", "audio", "audit", "outbox", "installation"] as const;
type Part = (typeof PARTS)[number];

/** The content of each part. It gets the frame of the page, into which it puts its actions. */
const SHOWN: { readonly [Name in Part]: (props: { readonly frame: Frame }) => ReactNode } = {
  accounts: Accounts,
  sessions: Sessions,
  audio: AudioLibrary,
  audit: Audit,
  outbox: Outbox,
  installation: InstallationPart,
};

/** Accounts, who is signed in, the audio library, the audit, message services and the servers: for administrators. Everybody sees their own sessions. */
export function Screen() {
  const t = useTranslations("administration");
  const { administer } = usePermissions();
  const { part: wanted = "accounts" } = useParams({ from: "/admin/{-$part}" });
  const part = PARTS.find((name) => name === wanted);
  if (part === undefined)
    return (
      <Page title={t("title")}>
        <Empty
          title={t("noPart.title")}
          action={
            <Link to="/admin/{-$part}" params={{ part: undefined }}>
              {t("noPart.back")}
            </Link>
          }
        >
          {t("noPart.text")}
        </Empty>
      </Page>
    );
  if (!administer && part !== "sessions")
    return (
      <Page title={t("title")}>
        <Empty
          title={t("closed.title")}
          action={
            <span className={styles.links}>
              <Link to="/">{t("closed.exams")}</Link>
              <Link to="/admin/{-$part}" params={{ part: "sessions" }}>
                {t("closed.sessions")}
              </Link>
            </span>
          }
        >
          {t("closed.text")}
        </Empty>
      </Page>
    );
  const Shown = SHOWN[part];
  const frame: Frame = ({ children, ...around }) => (
    <Page title={t(administer ? `parts.${part}` : "parts.own")} of={t("title")} {...around}>
      {administer && <Parts current={part} />}
      {children}
    </Page>
  );
  return <Shown frame={frame} />;
}

function Parts({ current }: { current: Part }) {
  const t = useTranslations("administration");
  const nav = useRef<HTMLElement>(null);
  // On a phone, the places are wider than the page.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another place is current.
  useEffect(() => {
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  return (
    <nav ref={nav} className={styles.parts} aria-label={t("title")}>
      {PARTS.map((part) => (
        <Link
          key={part}
          to="/admin/{-$part}"
          params={{ part: part === "accounts" ? undefined : part }}
          className={styles.part}
          // The accounts have the address with which those of the others begin.
          activeOptions={{ exact: true }}
          {...(part === current && { "aria-current": "page" as const })}
        >
          {t(`parts.${part}`)}
        </Link>
      ))}
    </nav>
  );
}
