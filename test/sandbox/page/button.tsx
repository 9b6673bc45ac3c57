import { useEffect, useRef, useState } from "react";
import { RichText } from "./mrkdwn.tsx";
import type { Confirm, Element, Json } from "./types.ts";

export type PressElement = (element: Element, chosen: Json) => Promise<void>;

/** A button of a message; asks first where the app wants it. */
export function ActionButton({ element, onPress }: { readonly element: Element; readonly onPress: PressElement }) {
  const [isAsking, setAsking] = useState(false);
  const [pending, setPending] = useState(0);
  const label = typeof element.text === "object" ? element.text.text : "";
  const chosen: Json = element.value === undefined ? {} : { value: element.value };

  const press = async () => {
    setAsking(false);
    setPending((count) => count + 1);
    try {
      await onPress(element, chosen);
    } finally {
      setPending((count) => count - 1);
    }
  };

  return (
    <>
      <button
        type="button"
        className={`button ${element.style === undefined ? "" : `button-${element.style}`}`}
        aria-label={element.accessibility_label}
        aria-busy={pending > 0}
        onClick={() => {
          if (element.url !== undefined) window.open(element.url, "_blank", "noreferrer");
          if (element.confirm !== undefined) setAsking(true);
          else void press();
        }}
      >
        {pending > 0 && <span className="spinner" />}
        {label}
      </button>
      {isAsking && element.confirm !== undefined && (
        <ConfirmDialog confirm={element.confirm} onYes={() => void press()} onNo={() => setAsking(false)} />
      )}
    </>
  );
}

interface ConfirmProps {
  readonly confirm: Confirm;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

function ConfirmDialog({ confirm, onYes, onNo }: ConfirmProps) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => box.current?.showModal(), []);
  return (
    <dialog
      ref={box}
      className="dialog dialog-small"
      data-testid="confirm"
      aria-label={confirm.title.text}
      onCancel={(event) => {
        event.preventDefault();
        onNo();
      }}
    >
      <header className="dialog-head">
        <h2>{confirm.title.text}</h2>
      </header>
      <div className="dialog-body">
        <div className="text">
          <RichText text={confirm.text} />
        </div>
      </div>
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={onNo}>
          {confirm.deny.text}
        </button>
        <button
          type="button"
          className={`button ${confirm.style === "danger" ? "button-danger" : "button-primary"}`}
          onClick={onYes}
        >
          {confirm.confirm.text}
        </button>
      </footer>
    </dialog>
  );
}
