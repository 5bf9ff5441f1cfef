import { createInvigilClient } from "@invigil/client";
import { InvigilProvider } from "@invigil/react";
import { Component, type ReactNode, Suspense, useMemo, useState } from "react";
import { useLocale, useTranslations } from "use-intl";
import { Plain } from "../screens/plain.js";
import { Sit } from "../screens/sit.js";
import styles from "./app.module.css";
import { type Camera, codeUrl, type Entry, serverUrl, storeEntry } from "./entry.js";
import { Language, LanguageSwitch } from "./language.js";
import { useOneTab } from "./one-tab.js";

/** What is left when the page itself fails: its texts may be what could not be loaded. */
class Failed extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <main className={styles.main}>
        <p role="alert">
          页面无法显示。请刷新。 <span lang="en">The page cannot be shown. Reload it.</span>
        </p>
        <button type="button" data-main onClick={() => window.location.reload()}>
          刷新 · Reload
        </button>
      </main>
    );
  }
}

function Frame({ children }: { children: ReactNode }) {
  return (
    <div className={styles.frame}>
      <header className={styles.header}>
        <strong>Invigil</strong>
        <LanguageSwitch now={useLocale()} />
      </header>
      <main className={styles.main}>{children}</main>
    </div>
  );
}

function CodeNeeded() {
  const t = useTranslations("code");
  return (
    <Plain title={t("title")} text={t("text")}>
      <a className="button" data-main href={codeUrl()}>
        {t("action")}
      </a>
    </Plain>
  );
}

/** One person at one exam, in the one tab that sits it. */
function Seat({ entry: opened, camera }: { entry: Entry; camera: Camera }) {
  const t = useTranslations("tab");
  const [entry, setEntry] = useState(opened);
  const { tab, takeOver } = useOneTab(`${camera} ${entry.roomId} ${entry.userId}`);
  const { token } = entry;
  const client = useMemo(() => createInvigilClient({ url: serverUrl(), token }), [token]);
  const move = (to: Entry) => {
    storeEntry(to);
    setEntry(to);
  };
  if (tab === "asking") return null;
  if (tab === "elsewhere")
    return (
      <Plain title={t("title")} text={t("text")}>
        <button type="button" data-main onClick={takeOver}>
          {t("action")}
        </button>
      </Plain>
    );
  return (
    <InvigilProvider client={client}>
      <Sit entry={entry} camera={camera} onMove={move} />
    </InvigilProvider>
  );
}

export function App({ entry: { entry, camera } }: { entry: { entry: Entry | undefined; camera: Camera } }) {
  return (
    <Failed>
      <Suspense fallback={null}>
        <Language>
          <Frame>{entry ? <Seat entry={entry} camera={camera} /> : <CodeNeeded />}</Frame>
        </Language>
      </Suspense>
    </Failed>
  );
}
