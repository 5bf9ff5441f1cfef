import "@mantine/core/styles/Paper.css";
import "@mantine/core/styles/ScrollArea.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/CloseButton.css";
import "@mantine/core/styles/Modal.css";
import { Modal } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import styles from "./dialog.module.css";

/** Gives the focus back to where it came from, or to the content if that is gone. Mantine does so only for dialogs that stay on the page. */
const useFocusReturn = (): void => {
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      setTimeout(() => {
        // Another dialog has taken its place, or the person has gone on.
        if (document.querySelector("[role=dialog]") || document.activeElement !== document.body) return;
        const place = opener?.isConnected ? opener : document.getElementById("content");
        if (place instanceof HTMLElement) place.focus({ preventScroll: true });
      });
    },
    [opener],
  );
};

/** A dialog. Load what shows one by `lazyComponent`: it is no part of the first load. */
export function Dialog({
  title,
  onClose,
  size = "md",
  mayCloseOutside = true,
  children,
}: {
  title: string;
  onClose: () => void;
  size?: "md" | "lg" | "xl";
  /** Whether a click beside it closes it. Default: true. */
  mayCloseOutside?: boolean;
  children: ReactNode;
}) {
  const t = useTranslations("common.confirm");
  useFocusReturn();
  return (
    <Modal.Root opened onClose={onClose} size={size} closeOnClickOutside={mayCloseOutside}>
      <Modal.Overlay backgroundOpacity={0.4} />
      <Modal.Content>
        {/* A header outside of `main` would be a second banner of the page. */}
        <Modal.Header role="presentation">
          <Modal.Title className={styles.title}>{title}</Modal.Title>
          <Modal.CloseButton aria-label={t("close")} />
        </Modal.Header>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
