import picocolors from "picocolors";

/** How parts of the output are set off. Without colour every function gives the text back as it is. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

export function createStyle(color: boolean): Style {
  const { bold, dim, green, red } = picocolors.createColors(color);
  return { bold, dim, good: green, bad: red };
}
