import { useState } from "preact/hooks";

/** A command to be pasted into a terminal. */
export function CopyCommand({ command }: { command: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(command).then(
      () => setCopied(true),
      () => undefined,
    );
  };
  return (
    <span class="command">
      <code>{command}</code>
      <button type="button" class="small" onClick={copy} aria-label={`Copy: ${command}`}>
        {isCopied ? "Copied" : "Copy"}
      </button>
    </span>
  );
}
