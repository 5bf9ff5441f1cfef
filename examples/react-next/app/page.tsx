import { Start } from "./start";

// Rendered by the server. What is below is the browser's.
export default function Page() {
  return (
    <main>
      <h1>Invigil</h1>
      <Start />
    </main>
  );
}
