import { useInvigilClient } from "@invigil/react";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { Note } from "../../components/ui.js";
import { type ConnectionResult, testConnection, verdictOf } from "../../media/connection-test.js";
import type { ScreenProps } from "../shared.js";
import styles from "./before.module.css";

/** Sends the picture to the media server by UDP and by TCP, and measures the rate of each. */
export function ConnectionStep({ entry, page, devices, picture, report }: ScreenProps) {
  const t = useTranslations("connection");
  const client = useInvigilClient();
  const [isTesting, setIsTesting] = useState(false);
  const [result, setResult] = useState<ConnectionResult>();
  const { state } = devices;
  const test = async (stream: MediaStream) => {
    setIsTesting(true);
    const found = await testConnection(client, stream, { roomId: entry.roomId, camera: page, picture });
    const verdict = verdictOf(found);
    setResult(found);
    setIsTesting(false);
    report("connection", verdict === "passed" ? { result: "passed" } : { result: "failed", detail: verdict });
  };
  const verdict = result && verdictOf(result);
  return (
    <>
      <p>{t("why")}</p>
      {result && !isTesting && (
        <ul data-numbers>
          {[result.udp, result.tcp].map(({ transport, kbps }) => {
            const way = t(`ways.${transport}`);
            return (
              <li key={transport}>{kbps === undefined ? t("noWay", { way }) : t("rate", { way, kbps })}</li>
            );
          })}
        </ul>
      )}
      {isTesting ? (
        <Note>{t("testing")}</Note>
      ) : (
        verdict && <Note tone={verdict === "passed" ? "good" : "bad"}>{t(verdict)}</Note>
      )}
      <div className={styles.actions}>
        <button
          type="button"
          data-main={verdict === "passed" ? undefined : true}
          disabled={isTesting || state.is !== "on"}
          onClick={() => state.is === "on" && void test(state.stream)}
        >
          {t(result ? "again" : "test")}
        </button>
        {state.is !== "on" && <p className={styles.quiet}>{t("needsCamera")}</p>}
      </div>
    </>
  );
}
