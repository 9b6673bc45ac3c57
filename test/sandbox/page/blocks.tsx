import { useState } from "react";
import { valuesOf } from "./answers.ts";
import { ActionButton, type PressElement } from "./button.tsx";
import { useChat } from "./chat.ts";
import { InputElement, type SetAnswer } from "./inputs.tsx";
import { Mrkdwn, RichText } from "./mrkdwn.tsx";
import type { Block, Element, Json, Source, Text, Values } from "./types.ts";

interface BlocksProps {
  readonly blocks: readonly Block[];
  readonly source: Source;
}

/** The blocks of a message, with answers of their own. */
export function Blocks({ blocks, source }: BlocksProps) {
  const [given, setGiven] = useState<Values>({});
  return <BlockList blocks={blocks} source={source} given={given} onGiven={setGiven} errors={{}} />;
}

interface BlockListProps extends BlocksProps {
  readonly given: Values;
  readonly onGiven: (values: Values) => void;
  /** What is wrong, by block. */
  readonly errors: Readonly<Record<string, string>>;
}

/** Blocks whose answers are kept outside: a dialog sends them all at once. */
export function BlockList({ blocks, source, given, onGiven, errors }: BlockListProps) {
  const { act } = useChat();
  const values = valuesOf(blocks, given);

  const press = async (block: Block, element: Element, chosen: Json, now: Values) => {
    await act("press", {
      source,
      blockId: block.block_id,
      actionId: element.action_id,
      chosen,
      values: valuesOf(blocks, now),
    });
  };
  const set = (block: Block, element: Element, answer: Json) => {
    const next = { ...given, [block.block_id]: { ...given[block.block_id], [element.action_id]: answer } };
    onGiven(next);
    const { type: _, ...chosen } = answer;
    // Outside of input blocks a choice is told at once; text is told with the next press.
    const tells = block.type !== "input" || block.dispatch_action === true;
    if (tells && element.type !== "plain_text_input") void press(block, element, chosen, next);
  };

  return (
    <div className="blocks">
      {blocks.map((block) => (
        <OneBlock
          key={block.block_id}
          block={block}
          source={source}
          answers={values[block.block_id] ?? {}}
          error={errors[block.block_id]}
          onPress={(element, chosen) => press(block, element, chosen, given)}
          onAnswer={(element, answer) => set(block, element, answer)}
        />
      ))}
    </div>
  );
}

interface OneBlockProps {
  readonly block: Block;
  readonly source: Source;
  readonly answers: Readonly<Record<string, Json>>;
  readonly error: string | undefined;
  readonly onPress: PressElement;
  readonly onAnswer: SetAnswer;
}

function OneBlock(props: OneBlockProps) {
  const { block } = props;
  switch (block.type) {
    case "header":
      return <h3 className="block-header">{block.text !== undefined && <RichText text={block.text} />}</h3>;
    case "divider":
      return <hr />;
    case "section":
      return (
        <div className="block-section">
          <div className="block-section-main">
            {block.text !== undefined && <TextOf text={block.text} />}
            {block.fields !== undefined && (
              <div className="block-fields">
                {block.fields.map((field, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: fields have no id and keep their order
                  <TextOf key={at} text={field} />
                ))}
              </div>
            )}
          </div>
          {block.accessory !== undefined && <OneElement {...props} element={block.accessory} />}
        </div>
      );
    case "context":
      return (
        <div className="block-context">
          {(block.elements ?? []).map((element, at) => (
            <ContextElement
              // biome-ignore lint/suspicious/noArrayIndexKey: these have no id and keep their order
              key={at}
              element={element}
            />
          ))}
        </div>
      );
    case "actions":
      return (
        <div className="block-actions">
          {(block.elements ?? []).map((element) => (
            <OneElement key={element.action_id} {...props} element={element} />
          ))}
        </div>
      );
    case "input":
      return block.element === undefined ? null : (
        <InputElement
          block={block}
          element={block.element}
          answer={props.answers[block.element.action_id] ?? {}}
          source={props.source}
          error={props.error}
          onAnswer={props.onAnswer}
        />
      );
    case "markdown":
      return <div className="text">{typeof block.text === "string" ? block.text : null}</div>;
    default:
      return <p className="block-unknown">A part of this message cannot be shown here.</p>;
  }
}

function OneElement(props: OneBlockProps & { readonly element: Element }) {
  const { element } = props;
  if (element.type === "button") return <ActionButton element={element} onPress={props.onPress} />;
  if (element.type === "image")
    return <img className="accessory" src={element.image_url} alt={element.alt_text ?? ""} />;
  return (
    <InputElement
      block={{ ...props.block, label: element.placeholder ?? { type: "plain_text", text: "Choose" } }}
      element={element}
      answer={props.answers[element.action_id] ?? {}}
      source={props.source}
      error={undefined}
      onAnswer={props.onAnswer}
      isInline
    />
  );
}

function ContextElement({ element }: { readonly element: Element }) {
  if (element.type === "image")
    return <img className="context-image" src={element.image_url} alt={element.alt_text ?? ""} />;
  const text = typeof element.text === "string" ? element.text : "";
  return <span>{element.type === "mrkdwn" ? <Mrkdwn text={text} /> : text}</span>;
}

function TextOf({ text }: { readonly text: Text }) {
  return (
    <div className="text">
      <RichText text={text} />
    </div>
  );
}
