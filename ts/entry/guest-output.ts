// Lines of a guest's own actors go where its own lines go: to its log. In the bundle of guests this stands for spawn/relay.ts.
import { relays } from "./guest-relays.js";

export function relay(stream: "stdout" | "stderr", text: string): void {
  relays().output(stream, text);
}
