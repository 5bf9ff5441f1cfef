import type { RunningServer } from "@invigil/client";
import { useInvigil } from "@invigil/react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useFormatter, useTranslations } from "use-intl";
import { Skeleton } from "../../components/empty.js";
import { ErrorNote } from "../../components/error-note.js";
import { Facts } from "../../components/side-panel.js";
import { Time } from "../../components/time.js";
import styles from "./administration.module.css";
import type { Frame } from "./frame.js";
import { ON_DEMAND, ReadAt } from "./listed.js";
import { type Warning, warningsOf } from "./warnings.js";

/** The servers that run, how much of the installation is in use, and its limits. */
export function InstallationPart({ frame }: { frame: Frame }) {
  const t = useTranslations("administration.installation");
  const invigil = useInvigil();
  const servers = useQuery(invigil.installation.servers.queryOptions(undefined, ON_DEMAND));
  const usage = useQuery(invigil.installation.usage.queryOptions(undefined, ON_DEMAND));
  const sizes = useSizes();
  const { number } = useFormatter();
  const running = servers.data?.servers;
  const warnings = useMemo(
    () => warningsOf(usage.data, running ?? [], servers.dataUpdatedAt),
    [usage.data, running, servers.dataUpdatedAt],
  );
  const read = () => Promise.all([servers.refetch(), usage.refetch()]);
  const inUse = usage.data;
  return frame({
    actions: (
      <ReadAt
        query={{
          dataUpdatedAt: Math.min(servers.dataUpdatedAt, usage.dataUpdatedAt),
          isFetching: servers.isFetching || usage.isFetching,
        }}
        onRead={read}
      />
    ),
    children: (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard.
      <section aria-label={t("label")} className={styles.sheet} tabIndex={0}>
        {inUse && running && <Warnings of={warnings} isDiskKnown={inUse.disk.freeBytes !== undefined} />}
        <section aria-labelledby="servers">
          <h2 id="servers">{t("servers")}</h2>
          {servers.error && <ErrorNote error={servers.error} onRetry={() => void read()} />}
          {running ? <Servers of={running} /> : !servers.error && <Skeleton rows={2} />}
        </section>
        <section aria-labelledby="usage">
          <h2 id="usage">{t("usage")}</h2>
          {usage.error && <ErrorNote error={usage.error} onRetry={() => void read()} />}
          {!inUse ? (
            !usage.error && <Skeleton rows={6} />
          ) : (
            <Facts
              of={[
                [t("database"), `${t(`kinds.${inUse.database.kind}`)}, ${sizes(inUse.database.bytes)}`],
                [
                  t("disk"),
                  inUse.disk.freeBytes === undefined
                    ? t("diskUnknown")
                    : t("diskFree", {
                        free: sizes(inUse.disk.freeBytes),
                        reserve: sizes(inUse.disk.reserveBytes),
                      }),
                ],
                [t("audio"), sizes(inUse.audioBytes)],
                [t("exams"), number(inUse.exams)],
                [
                  t("underWay"),
                  t("underWayText", {
                    rooms: inUse.underWay.rooms,
                    present: inUse.underWay.present,
                    publishing: inUse.underWay.publishing,
                  }),
                ],
                [
                  t("connections"),
                  t("connectionsText", {
                    connections: inUse.connections,
                    subscriptions: inUse.subscriptions,
                  }),
                ],
              ]}
            />
          )}
        </section>
        {inUse && (
          <>
            <section aria-labelledby="quotas">
              <h2 id="quotas">{t("quotas")}</h2>
              <p className={styles.dim}>{t("quotasText")}</p>
              <table className={styles.plain}>
                <thead>
                  <tr>
                    <th scope="col">{t("setting")}</th>
                    <th scope="col" data-align="end">
                      {t("most")}
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {inUse.quotas.map(({ name, most }) => (
                    <tr key={name}>
                      <td>
                        <code>{name}</code>
                      </td>
                      <td data-align="end">{number(most)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
            <section aria-labelledby="limits">
              <h2 id="limits">{t("limits")}</h2>
              <p className={styles.dim}>{t("limitsText")}</p>
              <table className={styles.plain}>
                <thead>
                  <tr>
                    <th scope="col">{t("setting")}</th>
                    <th scope="col">{t("whose")}</th>
                    <th scope="col" data-align="end">
                      {t("perMinute")}
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {inUse.limits.map(({ name, of, perMinute }) => (
                    <tr key={`${name} ${of}`}>
                      <td>
                        <code>{name}</code>
                      </td>
                      <td>{OWNERS.has(of) ? t(`owners.${of as Owner}`) : of}</td>
                      <td data-align="end">{number(perMinute)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
          </>
        )}
      </section>
    ),
  });
}

type Owner = "person" | "admin" | "network" | "room" | "exam";
const OWNERS: ReadonlySet<string> = new Set(["person", "admin", "network", "room", "exam"] satisfies Owner[]);

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Writes amounts of bytes. */
const useSizes = (): ((bytes: number) => string) => {
  const { number } = useFormatter();
  return (bytes) => {
    const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
    return `${number(bytes / 1024 ** power, { maximumFractionDigits: power > 2 ? 1 : 0 })} ${UNITS[power]}`;
  };
};

function Warnings({ of, isDiskKnown }: { of: readonly Warning[]; isDiskKnown: boolean }) {
  const t = useTranslations("administration.installation");
  const { number, list } = useFormatter();
  const sizes = useSizes();
  if (of.length === 0) return <p className={styles.well}>{t(isDiskKnown ? "well" : "wellButDisk")}</p>;
  return (
    <ul className={styles.warnings} aria-label={t("warnings")}>
      {of.map(({ kind, tone, used, most, names }) => {
        const isSize = kind === "diskFull" || kind === "diskLow" || kind === "audioNearlyFull";
        const amount = isSize ? sizes : number;
        const values = { used: amount(used), most: amount(most), names: list(names) };
        return (
          <li key={kind} data-tone={tone}>
            <strong>{t(`warning.${kind}.title`, values)}</strong>
            <p>{t(`warning.${kind}.text`, values)}</p>
          </li>
        );
      })}
    </ul>
  );
}

function Servers({ of }: { of: readonly RunningServer[] }) {
  const t = useTranslations("administration.installation");
  return (
    <table className={styles.plain}>
      <thead>
        <tr>
          <th scope="col">{t("server")}</th>
          <th scope="col">{t("version")}</th>
          <th scope="col">{t("startedAt")}</th>
          <th scope="col">{t("renewedAt")}</th>
        </tr>
      </thead>
      <tbody>
        {of.map(({ id, version, startedAt, renewedAt, isThis }) => (
          <tr key={id}>
            <td>
              {id === "" ? t("onlyServer") : <code>{id}</code>}
              {isThis && <span className={styles.own}>{t("isThis")}</span>}
            </td>
            <td>{version ?? t("earlier")}</td>
            <td>{startedAt ? <Time value={startedAt} /> : t("earlier")}</td>
            <td>
              <Time value={renewedAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
