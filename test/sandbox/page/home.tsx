import { Blocks } from "./blocks.tsx";
import { useChat } from "./chat.ts";

export type Tab = "home" | "messages";

const NAMES: Readonly<Record<Tab, string>> = { home: "Home", messages: "Messages" };

interface TabsProps {
  readonly tab: Tab;
  readonly onTab: (tab: Tab) => void;
}

/** The tabs that an app has above its conversation. */
export function Tabs({ tab, onTab }: TabsProps) {
  const { act } = useChat();
  return (
    <div className="tabs" role="tablist" aria-label="What the app shows">
      {(["home", "messages"] as const).map((one) => (
        <button
          key={one}
          type="button"
          role="tab"
          aria-selected={one === tab}
          data-testid={`tab-${one}`}
          onClick={() => {
            onTab(one);
            void act("open-tab", { tab: one });
          }}
        >
          {NAMES[one]}
        </button>
      ))}
    </div>
  );
}

/** What the app shows this person alone. */
export function Home() {
  const { state } = useChat();
  return (
    <div className="home" role="tabpanel" data-testid="home">
      {state.home === null || state.home === undefined ? (
        <p className="home-empty">
          <span className="spinner" />
          Opening…
        </p>
      ) : (
        <div className="home-page">
          <Blocks blocks={state.home.blocks} source={{ kind: "view", viewId: state.home.id }} />
        </div>
      )}
    </div>
  );
}
