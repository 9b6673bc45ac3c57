import { useId } from "react";
import { optionAnswer, optionsAnswer, textAnswer } from "./answers.ts";
import { useChat } from "./chat.ts";
import { ExternalSelect } from "./external-select.tsx";
import { RichText } from "./mrkdwn.tsx";
import type { Block, Element, Json, Option, Source } from "./types.ts";

export type SetAnswer = (element: Element, answer: Json) => void;

export interface InputProps {
  readonly block: Block;
  readonly element: Element;
  readonly answer: Json;
  readonly source: Source;
  readonly error: string | undefined;
  readonly onAnswer: SetAnswer;
  /** Among other elements instead of under a label of its own. */
  readonly isInline?: boolean;
}

/** One input with its label, hint and what is wrong with it. */
export function InputElement(props: InputProps) {
  const { block, element, error, isInline } = props;
  const id = useId();
  const isGroup =
    element.type === "radio_buttons" || element.type === "checkboxes" || element.type === "multi_static_select";
  const described = [block.hint === undefined ? "" : `${id}-hint`, error === undefined ? "" : `${id}-error`]
    .join(" ")
    .trim();
  const label = (
    <>
      {block.label?.text}
      {block.optional === true && <span className="optional"> (optional)</span>}
    </>
  );
  const control = <Control {...props} id={id} described={described} />;
  const rest = (
    <>
      {error !== undefined && (
        <p className="fault" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
      {block.hint !== undefined && (
        <p className="hint" id={`${id}-hint`}>
          {block.hint.text}
        </p>
      )}
    </>
  );
  if (isGroup) {
    return (
      <fieldset
        className={isInline ? "input input-inline" : "input"}
        data-testid={`input-${block.block_id}`}
        aria-describedby={described || undefined}
        data-invalid={error !== undefined}
      >
        <legend className={isInline ? "unseen" : ""}>{label}</legend>
        {control}
        {rest}
      </fieldset>
    );
  }
  return (
    <div
      className={isInline ? "input input-inline" : "input"}
      data-testid={`input-${block.block_id}`}
      data-invalid={error !== undefined}
    >
      <label htmlFor={id} className={isInline ? "unseen" : ""}>
        {label}
      </label>
      {control}
      {rest}
    </div>
  );
}

type ControlProps = InputProps & { readonly id: string; readonly described: string };

function Control(props: ControlProps) {
  const { element, answer, onAnswer, id, described, error } = props;
  const { state } = useChat();
  const type = element.type;
  const common = {
    id,
    "aria-describedby": described || undefined,
    "aria-invalid": error !== undefined,
    "aria-required": props.block.type === "input" && props.block.optional !== true,
  };
  switch (type) {
    case "plain_text_input":
    case "email_text_input":
    case "url_text_input":
    case "number_input":
      return <TextInput {...props} common={common} />;
    case "static_select":
      return <Menu {...props} common={common} />;
    case "external_select":
      return <ExternalSelect {...props} />;
    case "users_select":
      return (
        <select
          {...common}
          value={textAnswer(answer, "selected_user")}
          onChange={(event) => onAnswer(element, { type, selected_user: event.target.value || null })}
        >
          <option value="">{element.placeholder?.text ?? "Choose a person"}</option>
          {state.members.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name} (@{one.handle})
            </option>
          ))}
        </select>
      );
    case "datepicker":
      return (
        <input
          {...common}
          type="date"
          value={textAnswer(answer, "selected_date")}
          onChange={(event) => onAnswer(element, { type, selected_date: event.target.value || null })}
        />
      );
    case "timepicker":
      return (
        <input
          {...common}
          type="time"
          value={textAnswer(answer, "selected_time")}
          onChange={(event) => onAnswer(element, { type, selected_time: event.target.value || null })}
        />
      );
    case "radio_buttons":
      return (
        <Choices
          options={element.options ?? []}
          kind="radio"
          isChosen={(option) => optionAnswer(answer)?.value === option.value}
          onToggle={(option) => onAnswer(element, { type, selected_option: option })}
        />
      );
    case "checkboxes":
    case "multi_static_select": {
      const chosen = optionsAnswer(answer);
      const isChosen = (option: Option) => chosen.some((one) => one.value === option.value);
      return (
        <Choices
          options={element.options ?? []}
          kind="checkbox"
          isChosen={isChosen}
          onToggle={(option) =>
            onAnswer(element, {
              type,
              selected_options: isChosen(option)
                ? chosen.filter((one) => one.value !== option.value)
                : [...chosen, option],
            })
          }
        />
      );
    }
    default:
      return <p className="block-unknown">This input cannot be shown here.</p>;
  }
}

type WithCommon = ControlProps & { readonly common: object };

function TextInput({ element, answer, onAnswer, common }: WithCommon) {
  const type = element.type;
  const value = textAnswer(answer, "value");
  const fields = {
    ...common,
    value,
    maxLength: element.max_length ?? 3000,
    placeholder: element.placeholder?.text,
    onChange: (event: { target: { value: string } }) => onAnswer(element, { type, value: event.target.value || null }),
  };
  const left = (element.max_length ?? 3000) - [...value].length;
  return (
    <>
      {element.multiline === true ? <textarea {...fields} rows={4} /> : <input {...fields} type="text" />}
      {left < 50 && <span className="left">{left} left</span>}
    </>
  );
}

function Menu({ element, answer, onAnswer, common }: WithCommon) {
  const groups = element.option_groups;
  const all = groups === undefined ? (element.options ?? []) : groups.flatMap((group) => group.options);
  const entry = (option: Option) => (
    <option key={option.value} value={option.value}>
      {option.text.text}
      {option.description === undefined ? "" : ` — ${option.description.text}`}
    </option>
  );
  return (
    <select
      {...common}
      value={optionAnswer(answer)?.value ?? ""}
      onChange={(event) =>
        onAnswer(element, {
          type: element.type,
          selected_option: all.find((option) => option.value === event.target.value) ?? null,
        })
      }
    >
      <option value="">{element.placeholder?.text ?? "Choose"}</option>
      {groups === undefined
        ? all.map(entry)
        : groups.map((group) => (
            <optgroup key={group.label.text} label={group.label.text}>
              {group.options.map(entry)}
            </optgroup>
          ))}
    </select>
  );
}

interface ChoicesProps {
  readonly options: readonly Option[];
  readonly kind: "radio" | "checkbox";
  readonly isChosen: (option: Option) => boolean;
  readonly onToggle: (option: Option) => void;
}

function Choices({ options, kind, isChosen, onToggle }: ChoicesProps) {
  const name = useId();
  return (
    <div className={options.length > 8 ? "choices choices-many" : "choices"}>
      {options.map((option) => (
        <label key={option.value} className="choice">
          <input
            type={kind}
            name={name}
            value={option.value}
            checked={isChosen(option)}
            onChange={() => onToggle(option)}
          />
          <span>
            <RichText text={option.text} />
            {option.description !== undefined && (
              <small>
                <RichText text={option.description} />
              </small>
            )}
          </span>
        </label>
      ))}
    </div>
  );
}
