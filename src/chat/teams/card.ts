// Adaptive Cards 1.5 (https://adaptivecards.io/explorer) as far as they are used.

/** A run of text; it is shown as it is, never as mark-up. */
export interface TextRun {
  type: "TextRun";
  text: string;
  weight?: "Bolder";
  isSubtle?: true;
  fontType?: "Monospace";
  selectAction?: { type: "Action.OpenUrl"; url: string };
}

export type Action =
  | { type: "Action.Execute"; title: string; verb: string; data: object; style?: "positive" | "destructive" }
  | { type: "Action.Submit"; title: string; data: object; style?: "positive" | "destructive" }
  | { type: "Action.ShowCard"; title: string; card: Card; style?: "positive" | "destructive" };

export interface Choice {
  title: string;
  value: string;
}

export type Element = { spacing?: "Small" | "None"; separator?: true } & (
  | { type: "RichTextBlock"; inlines: TextRun[] }
  | {
      type: "TextBlock";
      text: string;
      wrap: true;
      size?: "Large" | "Small";
      weight?: "Bolder";
      style?: "heading";
      color?: "Attention";
      isSubtle?: true;
    }
  | { type: "ActionSet"; actions: Action[] }
  | {
      type: "Input.Text";
      id: string;
      label: string;
      isRequired?: true;
      errorMessage?: string;
      isMultiline?: true;
      maxLength?: number;
      value?: string;
    }
  | { type: "Input.Date" | "Input.Time"; id: string; label: string; isRequired?: true; value?: string }
  | {
      type: "Input.ChoiceSet";
      id: string;
      label: string;
      isRequired?: true;
      style: "compact" | "expanded" | "filtered";
      isMultiSelect?: true;
      wrap?: true;
      choices: Choice[];
      "choices.data"?: { type: "Data.Query"; dataset: "graph.microsoft.com/users" };
      value?: string;
    }
);

export interface CardMention {
  type: "mention";
  text: string;
  mentioned: { id: string; name: string };
}

export interface Card {
  type: "AdaptiveCard";
  version: "1.5";
  body: Element[];
  actions?: Action[];
  msteams?: { width: "Full"; entities?: CardMention[] };
  refresh?: { action: Extract<Action, { type: "Action.Execute" }> };
}

export const CARD_TYPE = "application/vnd.microsoft.card.adaptive";

/** A card as an activity or a dialog carries it. */
export function attachmentOf(card: Card): { contentType: typeof CARD_TYPE; content: Card } {
  return { contentType: CARD_TYPE, content: card };
}
