import { Eye, EyeOff } from "lucide-react";
import { useState, type ComponentProps, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";
import { LanguageSwitch } from "@/features/session/language-switch";
import { Mark } from "@/features/session/mark";
import { useLogin } from "@/features/session/use-session";
import { useErrorText } from "@/i18n/use-error-text";
import { Button } from "@/ui/button";

export function LoginPage() {
  const { t } = useTranslation();
  return (
    <div className="flex h-full flex-col overflow-y-auto">
      <main className="mx-auto flex w-full max-w-[22rem] flex-1 flex-col justify-center px-6 py-10">
        <Mark />
        <h1 className="mt-7 text-xl font-semibold tracking-tight">{t("login.title")}</h1>
        <p className="mt-1 text-ink-soft">{t("login.lead")}</p>
        <LoginForm />
      </main>
      <footer className="flex justify-center p-4">
        <LanguageSwitch />
      </footer>
    </div>
  );
}

function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}

function LoginForm() {
  const { t } = useTranslation();
  const login = useLogin();
  const errorText = useErrorText();

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    login.mutate({ email: textOf(form, "email").trim(), password: textOf(form, "password") });
  }

  return (
    <form className="mt-6 flex flex-col gap-4" onSubmit={submit}>
      <Field label={t("login.email")} name="email" type="email" autoComplete="username" />
      <PasswordField />
      {login.error && (
        <p role="alert" className="rounded-md bg-danger-wash px-3 py-2 text-[13px] text-danger">
          {errorText(login.error.code)}
        </p>
      )}
      <Button type="submit" tone="primary" size="lg" disabled={login.isPending}>
        {login.isPending ? t("login.submitting") : t("login.submit")}
      </Button>
    </form>
  );
}

const INPUT =
  "h-10 w-full rounded-md border border-line-strong bg-raised px-3 text-[15px] outline-none focus:border-accent focus:ring-3 focus:ring-accent/20";

function Field({ label, name, ...rest }: ComponentProps<"input"> & { label: string; name: string }) {
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={name} className="text-[13px] font-medium">
        {label}
      </label>
      <input id={name} name={name} required className={INPUT} {...rest} />
    </div>
  );
}

function PasswordField() {
  const { t } = useTranslation();
  const [sight, setSight] = useState<"hidden" | "shown">("hidden");
  const Icon = sight === "hidden" ? Eye : EyeOff;
  return (
    <div className="relative">
      <Field
        label={t("login.password")}
        name="password"
        type={sight === "hidden" ? "password" : "text"}
        autoComplete="current-password"
        style={{ paddingRight: "2.75rem" }}
      />
      <Button
        size="icon"
        className="absolute right-1 bottom-1"
        aria-label={sight === "hidden" ? t("login.show") : t("login.hide")}
        onClick={() => setSight(sight === "hidden" ? "shown" : "hidden")}
      >
        <Icon className="size-4" aria-hidden />
      </Button>
    </div>
  );
}
