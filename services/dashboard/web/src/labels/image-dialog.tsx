import { useEffect, useRef } from "preact/hooks";
import type { ImageDetail, RecordPlace } from "../../../src/api/labels.js";
import { bytes } from "../format";
import { useLoaded } from "../live";
import { thumbnailOf } from "./label-grid";
import { TopLabels } from "./top-labels";

/** One image: what each model says of it, and where it and its record lie. Arrow keys go to its neighbours. */
export function ImageDialog(props: {
  api: string;
  place: RecordPlace;
  position: string;
  onStep: (step: number) => void;
  onClose: () => void;
}) {
  const { api, place, onStep, onClose } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const address = `${api}/records/${encodeURIComponent(place.modelId)}/${place.batchId}/${place.row}`;
  const { value, error } = useLoaded<ImageDetail>(address);
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowRight") onStep(1);
    if (event.key === "ArrowLeft") onStep(-1);
  };
  const isShown = value !== null && isSame(value.place, place);
  return (
    <dialog
      ref={dialog}
      class="image-dialog"
      aria-label="Image"
      onClose={onClose}
      onKeyDown={onKeyDown}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="dialog-body">
        <header>
          <button type="button" onClick={() => onStep(-1)}>
            Previous
          </button>
          <span class="sub" role="status">
            {props.position}
          </span>
          <button type="button" onClick={() => onStep(1)}>
            Next
          </button>
          <button type="button" class="close" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </header>
        {error !== null && <p class="notice bad">{error}</p>}
        {isShown && <Shown detail={value} api={api} recordAddress={address} />}
      </div>
    </dialog>
  );
}

function Shown({ detail, api, recordAddress }: { detail: ImageDetail; api: string; recordAddress: string }) {
  const { record, others } = detail;
  return (
    <div class="dialog-columns">
      <figure>
        {record.status === "ok" ? (
          <img src={thumbnailOf(api, detail.place, "large")} alt={record.top?.[0]?.label ?? ""} />
        ) : (
          <p class="no-image">
            {record.errorCode}
            <span class="sub">{record.errorMessage}</span>
          </p>
        )}
        <figcaption class="key">{record.key}</figcaption>
      </figure>
      <div>
        {[record, ...others].map((said) => (
          <TopLabels key={said.modelId} record={said} />
        ))}
        <dl class="facts">
          <Fact name="Image" value={detail.address} />
          <Fact
            name="Size"
            value={`${record.width ?? "?"} × ${record.height ?? "?"} pixels, ${bytes(record.sizeBytes)}`}
          />
          <Fact name="Record" value={`line ${detail.line} of ${detail.shard}`} />
          <Fact name="Worker" value={record.workerId} />
        </dl>
        <p>
          <a href={recordAddress} target="_blank" rel="noreferrer">
            The record as JSON
          </a>
        </p>
      </div>
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function isSame(a: RecordPlace, b: RecordPlace): boolean {
  return a.modelId === b.modelId && a.batchId === b.batchId && a.row === b.row;
}
