// One file for each part of Mantine that the first page uses. What is loaded late imports its own. Mantine would otherwise write style tags,
// which the content security policy forbids.
import "@mantine/core/styles/baseline.css";
import "@mantine/core/styles/default-css-variables.css";
import "@mantine/core/styles/global.css";
import "@mantine/core/styles/UnstyledButton.css";
import "@mantine/core/styles/Loader.css";
import "@mantine/core/styles/Input.css";
import "@mantine/core/styles/Button.css";
import "./tokens.css";
