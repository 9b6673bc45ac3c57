import { useEffect, useRef, useState } from "react";
import { valuesOf } from "./answers.ts";
import { BlockList } from "./blocks.tsx";
import { useChat } from "./chat.ts";
import { Close, Warning } from "./icons.tsx";
import type { Values, View } from "./types.ts";

/** A dialog of the app. What is wrong is shown at its field, and nothing typed is lost. */
export function Dialog({ view }: { readonly view: View }) {
  const { act } = useChat();
  const box = useRef<HTMLDialogElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const [given, setGiven] = useState<Values>({});
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const [trouble, setTrouble] = useState<string>();
  const [isSending, setSending] = useState(false);

  useEffect(() => {
    if (box.current?.open === false) box.current.showModal();
    firstField(form.current)?.focus();
  }, []);

  const close = () => void act("close", { viewId: view.id });
  const submit = async () => {
    setSending(true);
    setTrouble(undefined);
    try {
      const answer = await act("submit", { viewId: view.id, values: valuesOf(view.blocks, given) });
      const found = (answer["errors"] as Record<string, string> | undefined) ?? {};
      setErrors(found);
      const said = answer["trouble"] ?? answer["error"];
      if (typeof said === "string") setTrouble(said);
      const first = Object.keys(found)[0];
      if (first !== undefined) {
        form.current
          ?.querySelector<HTMLElement>(`[data-testid="input-${CSS.escape(first)}"] :is(input, select, textarea)`)
          ?.focus();
      }
    } finally {
      setSending(false);
    }
  };

  return (
    <dialog
      ref={box}
      className="dialog"
      data-testid="dialog"
      aria-labelledby="dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <header className="dialog-head">
          <h2 id="dialog-title">{view.title.text}</h2>
          <button type="button" className="icon-button" aria-label="Close the dialog" onClick={close}>
            <Close />
          </button>
        </header>
        <div className="dialog-body" tabIndex={view.blocks.some((block) => block.type === "input") ? undefined : 0}>
          <BlockList
            blocks={view.blocks}
            source={{ kind: "view", viewId: view.id }}
            given={given}
            onGiven={(values) => {
              setGiven(values);
              setErrors({});
            }}
            errors={errors}
          />
        </div>
        <footer className="dialog-foot">
          {trouble !== undefined && (
            <p className="fault" role="alert">
              <Warning />
              {trouble}
            </p>
          )}
          <button type="button" className="button" onClick={close}>
            {view.close?.text ?? "Cancel"}
          </button>
          {view.submit !== undefined && view.submit !== null && (
            <button type="submit" className="button button-primary" aria-busy={isSending} disabled={isSending}>
              {isSending && <span className="spinner" />}
              {view.submit.text}
            </button>
          )}
        </footer>
      </form>
    </dialog>
  );
}

// Among radio buttons the chosen one, since that is where the keyboard stands.
function firstField(form: HTMLFormElement | null): HTMLElement | undefined {
  const first = form?.querySelector<HTMLInputElement>(".dialog-body :is(input, select, textarea)");
  if (first?.type !== "radio") return first ?? undefined;
  return form?.querySelector<HTMLInputElement>(`input[name="${CSS.escape(first.name)}"]:checked`) ?? first;
}
