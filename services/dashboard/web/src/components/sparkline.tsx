const width = 96;
const height = 24;

/** A rate's recent course as a small line; the number beside it says what matters. */
export function Sparkline({ values }: { values: number[] }) {
  if (values.length < 2) return null;
  const most = Math.max(...values, 1);
  const points = values.map((value, i) => {
    const x = (i / (values.length - 1)) * width;
    return `${x.toFixed(1)},${(height - 1 - (value / most) * (height - 3)).toFixed(1)}`;
  });
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
      <polyline points={points.join(" ")} />
    </svg>
  );
}
