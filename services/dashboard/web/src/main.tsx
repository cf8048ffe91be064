import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./styles/labels.css";
import { App } from "./app";
import { startTheme } from "./theme";

startTheme();
render(<App />, document.getElementById("app")!);
