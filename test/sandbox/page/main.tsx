import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import "./styles/base.css";
import "./styles/sidebar.css";
import "./styles/messages.css";
import "./styles/blocks.css";
import "./styles/dialog.css";
import "./styles/home.css";

const root = document.getElementById("root");
if (root !== null) createRoot(root).render(<App />);
