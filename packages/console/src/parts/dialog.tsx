import "@mantine/core/styles/ScrollArea.css";
import "@mantine/core/styles/Overlay.css";
import "@mantine/core/styles/ModalBase.css";
import "@mantine/core/styles/CloseButton.css";
import "@mantine/core/styles/Modal.css";
import { Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

/** A dialog. Load what shows one late (`lazy`): it is no part of the first load. */
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
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size={size}
      closeOnClickOutside={mayCloseOutside}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      {children}
    </Modal>
  );
}
