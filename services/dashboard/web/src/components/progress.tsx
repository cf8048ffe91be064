import { percent } from "../format";

/** How much of a run is done, with its failures as the end of the bar. */
export function Progress(props: { label: string; done: number; failed: number; images: number; tone?: string }) {
  const { done, failed, images } = props;
  const share = images === 0 ? 0 : Math.min(1, done / images);
  const failedShare = images === 0 ? 0 : Math.min(share, failed / images);
  return (
    <div
      class={`progress ${props.tone ?? ""}`}
      role="progressbar"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.floor(100 * share)}
      aria-valuetext={percent(share)}
    >
      <div class="bar" style={{ width: `${100 * (share - failedShare)}%` }} />
      <div class="bar bad" style={{ width: `${100 * failedShare}%` }} />
    </div>
  );
}
