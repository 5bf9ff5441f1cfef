import type { ExamSummary } from "@invigil/client";
import { Menu } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslations } from "use-intl";
import { useNow } from "../../parts/clock.js";
import { IconButton } from "../../parts/icon-button.js";
import { MoreIcon } from "../../parts/icons.js";
import type { Asked } from "./dialogs.js";
import { phaseOf } from "./phase.js";

/** What can be done with an exam. */
export function ExamMenu({ exam, onAsk }: { exam: ExamSummary; onAsk: (asked: Asked) => void }) {
  const t = useTranslations("exams.menu");
  const isRunning = phaseOf(exam, useNow("minute")) === "running";
  return (
    <Menu width={160}>
      <Menu.Target>
        <IconButton label={t("label", { name: exam.name })}>
          <MoreIcon />
        </IconButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} to={`/exams/${encodeURIComponent(exam.id)}`}>
          {t("open")}
        </Menu.Item>
        <Menu.Item component={Link} to={`/exams/${encodeURIComponent(exam.id)}/setup`}>
          {t("setup")}
        </Menu.Item>
        <Menu.Item onClick={() => onAsk({ kind: "duplicate", exam })}>{t("duplicate")}</Menu.Item>
        <Menu.Divider />
        {isRunning && <Menu.Item onClick={() => onAsk({ kind: "end", exam })}>{t("end")}</Menu.Item>}
        <Menu.Item color="red" onClick={() => onAsk({ kind: "delete", exam })}>
          {t("delete")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
