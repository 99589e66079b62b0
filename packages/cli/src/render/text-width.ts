/** Vietnamese as the registry has it is in normalisation form C: one character, one column, diacritics included. */
export function displayWidth(text: string): number {
  return [...text.normalize("NFC").replace(/\p{M}/gu, "")].length;
}

/** Breaks a text into lines of at most `columns`, at spaces where it can, else behind a hyphen, inside a word where it must. */
export function wrapText(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.normalize("NFC").split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      let rest = word;
      const joined = line === "" ? rest : `${line} ${rest}`;
      if (displayWidth(joined) <= columns) {
        line = joined;
        continue;
      }
      if (line !== "") lines.push(line);
      while (displayWidth(rest) > columns) {
        const fits = [...rest].slice(0, columns);
        const hyphen = fits.lastIndexOf("-");
        const kept = hyphen > 0 ? hyphen + 1 : columns;
        lines.push(fits.slice(0, kept).join(""));
        rest = [...rest].slice(kept).join("");
      }
      line = rest;
    }
    lines.push(line);
  }
  return lines;
}
