import type { CommandContext } from "../command-context.ts";

/** How far a document has come, on stderr. */
export interface TransferDisplay {
  /** Bytes that are safe at the other end, of how many. */
  readonly update: (safeBytes: number, totalBytes: number) => void;
  /** Ends the line. */
  end(): void;
}

/** Elsewhere than on a terminal a line per tenth of the way. */
const plainSteps = 10;

/** Shows progress: one line rewritten in place on a terminal, plain lines elsewhere, nothing with --json. */
export function transferDisplay({ progress, language, json }: CommandContext): TransferDisplay {
  const size = sizeIn(language);
  let shown = -1;
  let open = false;
  return {
    update(safeBytes, totalBytes) {
      if (json) return;
      const share = totalBytes === 0 ? 1 : safeBytes / totalBytes;
      const line = `${Math.floor(share * 100)} %  ${size(safeBytes)} / ${size(totalBytes)}`;
      if (progress.live) {
        open = true;
        progress.write(`\r\u001b[2K${line}`);
        return;
      }
      const step = Math.floor(share * plainSteps);
      if (step <= shown) return;
      shown = step;
      progress.write(`${line}\n`);
    },
    end() {
      if (open) progress.write("\n");
      open = false;
    },
  };
}

/** A size as people say it: "1,5 MB" or "1.5 MB". */
export function sizeIn(language: "vi" | "en"): (bytes: number) => string {
  const format = new Intl.NumberFormat(language === "vi" ? "vi-VN" : "en-GB", { maximumFractionDigits: 1 });
  const units = ["B", "kB", "MB", "GB"];
  return (bytes) => {
    let value = bytes;
    let unit = 0;
    while (value >= 1_000 && unit < units.length - 1) {
      value /= 1_000;
      unit += 1;
    }
    return `${format.format(value)} ${units[unit]}`;
  };
}
