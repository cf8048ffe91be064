import { useRef, useState } from "preact/hooks";
import type { RunState } from "../../../src/api/overview.js";
import { actOnRun, session } from "../api";

interface Action {
  name: "pause" | "resume" | "cancel" | "retry";
  text: string;
}

function actionsFor(state: RunState, failed: number): Action[] {
  switch (state) {
    case "listing":
    case "feeding":
    case "finalizing":
      return [
        { name: "pause", text: "Pause" },
        { name: "cancel", text: "Cancel …" },
      ];
    case "paused":
    case "idle":
    case "stopped":
      return [
        { name: "resume", text: "Resume" },
        { name: "cancel", text: "Cancel …" },
      ];
    case "done":
      return failed > 0 ? [{ name: "retry", text: "Retry failed" }] : [];
    case "cancelled":
      return [];
  }
}

/** What can be done to a run now, and what came of it. */
export function RunActions({ runId, state, failed }: { runId: string; state: RunState; failed: number }) {
  const [said, setSaid] = useState<{ text: string; isBad: boolean } | null>(null);
  const [isBusy, setBusy] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  if (session.value === null || session.value.isReadOnly) return null;
  const act = async (action: Action["name"]) => {
    setBusy(true);
    setSaid(null);
    try {
      setSaid({ text: await actOnRun(runId, action), isBad: false });
    } catch (error) {
      setSaid({ text: (error as Error).message, isBad: true });
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="actions">
      {actionsFor(state, failed).map(({ name, text }) => (
        <button
          key={name}
          type="button"
          class={name === "cancel" ? "danger" : undefined}
          disabled={isBusy}
          onClick={() => (name === "cancel" ? dialog.current?.showModal() : act(name))}
        >
          {text}
        </button>
      ))}
      <p role="status" class={said?.isBad ? "said bad" : "said"}>
        {isBusy ? "Working …" : said?.text}
      </p>
      <dialog ref={dialog} class="confirm" aria-labelledby="cancel-title">
        <h2 id="cancel-title">Cancel this run for good?</h2>
        <p>What is labelled stays. Going on later needs `resume --force`.</p>
        <form method="dialog" class="actions">
          <button type="submit">Keep it</button>
          <button type="submit" class="danger" onClick={() => void act("cancel")}>
            Cancel the run
          </button>
        </form>
      </dialog>
    </div>
  );
}
