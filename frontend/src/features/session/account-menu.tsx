import { LogOut, Settings2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/api/queries";
import { switchTenant, useLogout } from "@/features/session/use-session";
import { chooseLanguage, useLanguage } from "@/i18n/i18n";
import { LANGUAGE_NAMES, LANGUAGES, type Language } from "@/i18n/languages";
import { chooseTheme, chosenTheme, type Theme } from "@/lib/theme";
import { Button } from "@/ui/button";
import { Menu, MenuChoice, MenuChoices, MenuItem, MenuLabel, MenuLine, MenuPanel, MenuTrigger } from "@/ui/menu";

const THEMES: Theme[] = ["system", "light", "dark"];

export function AccountMenu() {
  const { t } = useTranslation();
  const me = useMe();
  const logout = useLogout();
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button size="icon" aria-label={t("account.menu")}>
          <Settings2 className="size-[18px]" aria-hidden />
        </Button>
      </MenuTrigger>
      <MenuPanel>
        <div className="px-2 pt-1.5 pb-1">
          <p className="truncate font-medium">{me.user.name}</p>
          <p className="truncate text-xs text-ink-soft">{me.user.email}</p>
        </div>
        <MenuLine />
        <Teams />
        <ThemeChoice />
        <LanguageChoice />
        <MenuLine />
        <MenuItem onSelect={() => logout.mutate()}>
          <LogOut className="size-3.5" aria-hidden />
          {t("account.logout")}
        </MenuItem>
      </MenuPanel>
    </Menu>
  );
}

function Teams() {
  const { t } = useTranslation();
  const { tenant, tenants } = useMe();
  if (tenants.length < 2) return null;
  return (
    <>
      <MenuLabel>{t("account.team")}</MenuLabel>
      <MenuChoices value={tenant.id} onValueChange={switchTenant}>
        {tenants.map(({ id, name }) => (
          <MenuChoice key={id} value={id}>
            {name}
          </MenuChoice>
        ))}
      </MenuChoices>
    </>
  );
}

function ThemeChoice() {
  const { t } = useTranslation();
  const [theme, setTheme] = useState(chosenTheme);
  function choose(value: string) {
    const chosen = THEMES.find((one) => one === value) ?? "system";
    chooseTheme(chosen);
    setTheme(chosen);
  }
  return (
    <>
      <MenuLabel>{t("account.theme")}</MenuLabel>
      <MenuChoices value={theme} onValueChange={choose}>
        {THEMES.map((value) => (
          <MenuChoice key={value} value={value}>
            {t(`account.themes.${value}`)}
          </MenuChoice>
        ))}
      </MenuChoices>
    </>
  );
}

function LanguageChoice() {
  const { t } = useTranslation();
  return (
    <>
      <MenuLabel>{t("account.language")}</MenuLabel>
      <MenuChoices value={useLanguage()} onValueChange={(value) => chooseLanguage(value as Language)}>
        {LANGUAGES.map((value) => (
          <MenuChoice key={value} value={value}>
            {LANGUAGE_NAMES[value]}
          </MenuChoice>
        ))}
      </MenuChoices>
    </>
  );
}
