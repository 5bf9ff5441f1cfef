import { useSession } from "@invigil/react";
import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTranslations } from "use-intl";
import { Empty } from "../components/empty.js";
import { Page } from "../components/page.js";

const Shell = lazy(() => import("./shell.js"));
const SignIn = lazy(() => import("./sign-in.js"));
const Notices = lazy(() => import("./notices.js"));

/** The page of the person who is signed in. Without a session, the sign-in stands at the same address. */
export function Root() {
  const t = useTranslations("common.examinee");
  const { user, ended } = useSession();
  return (
    <>
      <Suspense>
        {user ? (
          <Shell user={user}>
            {user.role === "examinee" ? (
              <Page title={t("title")}>
                <Empty title={t("title")}>{t("text", { name: user.name ?? user.userId })}</Empty>
              </Page>
            ) : (
              <Outlet />
            )}
          </Shell>
        ) : (
          <SignIn />
        )}
      </Suspense>
      {/* Notices stay when the session ends. Before the first session, there are none. */}
      {(user || ended) && (
        <Suspense>
          <Notices />
        </Suspense>
      )}
    </>
  );
}
