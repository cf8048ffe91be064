import { useEffect } from "preact/hooks";
import { loadSession, session } from "./api";
import { TopBar } from "./components/top-bar";
import { LabelsPage } from "./labels/labels-page";
import { OverviewPage } from "./overview/overview-page";
import { route } from "./router";
import { RunPage } from "./run/run-page";

export function App() {
  useEffect(() => void loadSession().catch(() => undefined), []);
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <TopBar />
      <main id="main" tabIndex={-1}>
        {session.value?.isReadOnly && <p class="notice quiet">Read-only: this dashboard shows, and changes nothing.</p>}
        <Page />
      </main>
    </>
  );
}

function Page() {
  const now = route.value;
  switch (now.page) {
    case "overview":
      return <OverviewPage />;
    case "run":
      return <RunPage key={now.runId} runId={now.runId} />;
    case "labels":
      return <LabelsPage key={now.runId} runId={now.runId} />;
    case "unknown":
      return <p class="notice">There is no such page.</p>;
  }
}
