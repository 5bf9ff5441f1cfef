import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { type Entry, secondCameraUrl } from "../../app/entry.js";
import styles from "./before.module.css";

/** The dark modules of a code, as a path of strokes. */
const pathOf = (rows: readonly (readonly boolean[])[]): string =>
  rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? `M${x} ${y}.5h1` : []))).join("");

/** The way to the page of the second camera: a code for a phone. */
export function SecondCamera({ entry }: { entry: Entry }) {
  const t = useTranslations("second");
  const url = secondCameraUrl(entry);
  const [code, setCode] = useState<{ readonly size: number; readonly path: string }>();
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    let isGone = false;
    void import("uqr").then(({ encode }) => {
      const { size, data } = encode(url, { ecc: "L", border: 4 });
      if (!isGone) setCode({ size, path: pathOf(data) });
    });
    return () => {
      isGone = true;
    };
  }, [url]);
  const copy = async () => {
    await navigator.clipboard.writeText(url);
    setIsCopied(true);
  };
  return (
    <div className={styles.devices}>
      {code && (
        <svg
          className={styles.code}
          viewBox={`0 0 ${code.size} ${code.size}`}
          role="img"
          aria-label={t("qr")}
          shapeRendering="crispEdges"
        >
          <path d={code.path} stroke="#000" />
        </svg>
      )}
      <div className={styles.column}>
        <p>{t("text")}</p>
        <p>{t("secret")}</p>
        <div className={styles.actions}>
          <button type="button" onClick={() => void copy()}>
            {t("copy")}
          </button>
          <span role="status">{isCopied && t("copied")}</span>
        </div>
      </div>
    </div>
  );
}
