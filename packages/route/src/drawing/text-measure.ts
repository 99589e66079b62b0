/**
 * How wide a text is, without a font at hand: widths of DejaVu Sans and Verdana, the widest faces a browser falls back to, so that what fits
 * here fits everywhere. In em.
 */
const widthsEm: readonly (readonly [RegExp, number])[] = [
  [/[\s.,:;'|!ijlI·]/, 0.4],
  [/[frt()[\]/"“”-]/, 0.46],
  [/[mMW@%]/, 1],
  [/[wOQDGNHU&+=<>_]/, 0.84],
  [/[A-Z]/, 0.74],
  [/[a-z0-9]/, 0.64],
];
/** A character of no class above, Chinese or a symbol for example. */
const otherEm = 1;
const boldFactor = 1.1;

/** A size and weight of the drawing's one face. */
export interface TextFace {
  /** In pixels. */
  readonly size: number;
  readonly bold?: boolean;
}

/** Pixels that a text takes at most. */
export function textWidth(text: string, { size, bold = false }: TextFace): number {
  let em = 0;
  // Marks stand above or below their letter; "đ" and "ơ" are as wide as theirs.
  for (const character of text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d")) {
    em += widthsEm.find(([characters]) => characters.test(character))?.[1] ?? otherEm;
  }
  return em * size * (bold ? boldFactor : 1);
}

/** Breaks a text into lines of at most `widthMax` pixels: at spaces, after "_" and "-", and inside a word only where nothing else helps. */
export function wrapText(text: string, face: TextFace, widthMax: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const piece of text.split(/(?<=[\s_-])/)) {
    if (textWidth((line + piece).trimEnd(), face) <= widthMax) {
      line += piece;
      continue;
    }
    if (line.trim() !== "") lines.push(line.trim());
    line = "";
    for (const character of piece) {
      if (line !== "" && textWidth(line + character, face) > widthMax) {
        lines.push(line);
        line = "";
      }
      line += character;
    }
  }
  if (line.trim() !== "" || lines.length === 0) lines.push(line.trim());
  return lines;
}

/** Like {@link wrapText}, with lines of about the same length: a heading whose last line is one word reads badly. */
export function wrapEvenly(text: string, face: TextFace, widthMax: number): string[] {
  const { length } = wrapText(text, face, widthMax);
  let [narrow, wide] = [widthMax / Math.max(1, length), widthMax];
  while (wide - narrow > 4) {
    const width = (narrow + wide) / 2;
    if (wrapText(text, face, width).length > length) narrow = width;
    else wide = width;
  }
  return wrapText(text, face, wide);
}
