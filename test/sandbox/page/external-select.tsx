import { useState } from "react";
import { optionAnswer } from "./answers.ts";
import { useChat } from "./chat.ts";
import type { InputProps } from "./inputs.tsx";
import type { Option } from "./types.ts";

/** A choice among options that the app looks up while one types. */
export function ExternalSelect(props: InputProps & { readonly id: string; readonly described: string }) {
  const { element, block, source, answer, onAnswer, id, described, error } = props;
  const { act } = useChat();
  const [typed, setTyped] = useState<string>();
  const [options, setOptions] = useState<readonly Option[]>([]);

  const look = async (value: string) => {
    setTyped(value);
    if (value.length < (element.min_query_length ?? 3)) return setOptions([]);
    const found = await act("suggest", { source, blockId: block.block_id, actionId: element.action_id, value });
    setOptions((found["options"] as readonly Option[] | undefined) ?? []);
  };
  return (
    <div className="external">
      <input
        id={id}
        type="search"
        autoComplete="off"
        aria-describedby={described || undefined}
        aria-invalid={error !== undefined}
        placeholder={element.placeholder?.text ?? "Search"}
        value={typed ?? optionAnswer(answer)?.text.text ?? ""}
        onChange={(event) => void look(event.target.value)}
      />
      {options.length > 0 && (
        <ul className="popover">
          {options.map((option) => (
            <li key={option.value}>
              <button
                type="button"
                onClick={() => {
                  onAnswer(element, { type: element.type, selected_option: option });
                  setTyped(undefined);
                  setOptions([]);
                }}
              >
                {option.text.text}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
