// Colour for a terminal that has it and a reader who wants it: NO_COLOR and what the terminal says of itself are respected.

type Paint = (text: string) => string;

export function colours(stream: NodeJS.WriteStream): Record<"bold" | "dim" | "red" | "cyan", Paint> {
  const on = stream.isTTY && stream.hasColors();
  const paint =
    (begin: number, end: number): Paint =>
    (text) =>
      on && text !== "" ? `\u001b[${begin}m${text}\u001b[${end}m` : text;
  return { bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), cyan: paint(36, 39) };
}
