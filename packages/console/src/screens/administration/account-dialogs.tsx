import "@mantine/core/styles/ActionIcon.css";
import "@mantine/core/styles/Combobox.css";
import "@mantine/core/styles/PasswordInput.css";
import type { Account } from "@invigil/client";
import { useInvigilClient, useSession } from "@invigil/react";
import { NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { Confirm } from "../../components/confirm.js";
import { FormDialog } from "../../components/form-dialog.js";
import { useNotify } from "../../components/notify.js";
import { useAction } from "../../components/use-action.js";

/** The action that the person asked for. */
export type AskedOfAccount =
  | { readonly kind: "create" }
  | { readonly kind: "password" | "disable"; readonly account: Account };

const ROLES = ["teacher", "inspector", "admin"] as const;

/** The dialogs of the accounts. */
export default function AccountDialogs({
  asked,
  label: name,
  onClose,
  onChanged,
  onEnable,
}: {
  asked: AskedOfAccount;
  /** What tells the person from others of their name. */
  label: string;
  onClose: () => void;
  onChanged: () => Promise<unknown>;
  /** Takes back that an account was disabled. */
  onEnable: (account: Account) => Promise<unknown>;
}) {
  const t = useTranslations("administration.accounts");
  const client = useInvigilClient();
  const notify = useNotify();
  if (asked.kind === "create") return <Create onClose={onClose} onChanged={onChanged} />;
  const { account } = asked;
  const { userId } = account;
  if (asked.kind === "password") return <SetPassword account={account} label={name} onClose={onClose} />;
  return (
    <Confirm
      onClose={onClose}
      title={t("disableTitle", { name })}
      action={t("disableAction")}
      isDangerous
      onConfirm={async () => {
        await client.account.disable.mutate({ userId });
        void onChanged();
        notify.undoable(t("disabledNow", { name }), () => onEnable(account));
      }}
    >
      <p>{t("disableText")}</p>
    </Confirm>
  );
}

const isPassword = (text: string) => text.length >= 8 && text.length <= 256;

function NewPassword({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const t = useTranslations("administration.accounts");
  const show = useTranslations("common.signIn");
  return (
    <PasswordInput
      label={t("password")}
      description={t("passwordHint")}
      autoComplete="new-password"
      value={value}
      error={value !== "" && !isPassword(value) && t("passwordShort")}
      visibilityToggleButtonProps={{ "aria-label": show("show"), tabIndex: 0 }}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}

function Create({ onClose, onChanged }: { onClose: () => void; onChanged: () => Promise<unknown> }) {
  const t = useTranslations("administration.accounts");
  const roles = useTranslations("common.roles");
  const client = useInvigilClient();
  const notify = useNotify();
  const [account, setAccount] = useState({
    userId: "",
    name: "",
    role: "teacher" as (typeof ROLES)[number],
    password: "",
  });
  const { userId, name, role, password } = account;
  const set = (changed: Partial<typeof account>) => setAccount((before) => ({ ...before, ...changed }));
  const create = useAction(async () => {
    await client.account.create.mutate({ userId: userId.trim(), name: name.trim(), role, password });
    notify.done(t("created", { name: name.trim() }));
    await onChanged();
    onClose();
  });
  return (
    <FormDialog
      title={t("create")}
      verb={t("createAction")}
      action={create}
      onSubmit={create.run}
      onClose={onClose}
      isReady={userId.trim() !== "" && name.trim() !== "" && isPassword(password)}
      mayCloseOutside={false}
    >
      <TextInput
        label={t("name")}
        data-autofocus
        maxLength={64}
        value={name}
        onChange={({ currentTarget }) => set({ name: currentTarget.value })}
      />
      <TextInput
        label={t("userId")}
        description={t("userIdHint")}
        maxLength={128}
        value={userId}
        onChange={({ currentTarget }) => set({ userId: currentTarget.value })}
      />
      <NativeSelect
        label={t("role")}
        description={t(`roleHint.${role}`)}
        value={role}
        onChange={({ currentTarget }) =>
          set({ role: ROLES.find((choice) => choice === currentTarget.value) ?? "teacher" })
        }
        data={ROLES.map((value) => ({ value, label: roles(value) }))}
      />
      <NewPassword value={password} onChange={(next) => set({ password: next })} />
    </FormDialog>
  );
}

function SetPassword({
  account: { userId, name },
  label,
  onClose,
}: {
  account: Account;
  label: string;
  onClose: () => void;
}) {
  const t = useTranslations("administration.accounts");
  const confirm = useTranslations("common.confirm");
  const client = useInvigilClient();
  const notify = useNotify();
  const { user } = useSession();
  const [password, setPassword] = useState("");
  const [typed, setTyped] = useState("");
  const isOwn = user?.userId === userId;
  const setNew = useAction(async () => {
    await client.account.setPassword.mutate({ userId, password });
    notify.done(t("passwordSet", { name: label }));
    onClose();
  });
  return (
    <FormDialog
      title={t("passwordTitle", { name: label })}
      verb={t("passwordAction")}
      action={setNew}
      onSubmit={setNew.run}
      onClose={onClose}
      isDangerous
      isReady={isPassword(password) && typed.trim() === name.trim()}
      mayCloseOutside={false}
    >
      <p>{t(isOwn ? "passwordOwnText" : "passwordText", { name: label })}</p>
      <NewPassword value={password} onChange={setPassword} />
      <TextInput
        label={confirm("typeName", { name })}
        autoComplete="off"
        value={typed}
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
      />
    </FormDialog>
  );
}
