import { useEffect, useState } from "react";
import { Moon, Sun } from "./icons.tsx";

type Theme = "light" | "dark";

function initial(): Theme {
  const kept = localStorage.getItem("theme");
  if (kept === "light" || kept === "dark") return kept;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Light or dark: the system's choice until this is pressed. */
export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(initial);
  const other = theme === "dark" ? "light" : "dark";

  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);

  useEffect(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => setTheme(initial());
    system.addEventListener("change", follow);
    return () => system.removeEventListener("change", follow);
  }, []);

  return (
    <button
      type="button"
      className="icon-button"
      data-testid="theme"
      aria-label={`Switch to ${other} colours`}
      title={`Switch to ${other} colours`}
      onClick={() => {
        localStorage.setItem("theme", other);
        setTheme(other);
      }}
    >
      {theme === "dark" ? <Sun /> : <Moon />}
    </button>
  );
}
