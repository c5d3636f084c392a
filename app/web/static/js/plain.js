// Pages with nothing but the frame.
import { startShell } from "./shell/shell.js";

startShell();
