/** A line that is rewritten in place on a terminal, and printed now and then elsewhere. */
export interface ProgressDisplay {
  /** Shows where things stand; `share` from 0 to 1. */
  update(share: number, text: string): void;
  /** Ends the line. */
  end(): void;
}

const barCharacters = 24;
/** Elsewhere a plain line per tenth of the way. */
const plainSteps = 10;

/** Progress on a stream: live on a terminal, plain lines elsewhere. */
export function progressDisplay(stream: NodeJS.WriteStream): ProgressDisplay {
  if (!stream.isTTY) {
    let shown = -1;
    return {
      update(share, text) {
        const step = Math.floor(share * plainSteps);
        if (step <= shown) return;
        shown = step;
        stream.write(`${text}\n`);
      },
      end() {},
    };
  }
  let last = "";
  return {
    update(share, text) {
      const full = Math.round(share * barCharacters);
      const columns = stream.columns ?? 80;
      const line = `${"█".repeat(full)}${"░".repeat(barCharacters - full)} ${text}`.slice(0, columns - 1);
      if (line === last) return;
      last = line;
      stream.write(`\r\u001b[2K${line}`);
    },
    end() {
      if (last !== "") stream.write("\n");
      last = "";
    },
  };
}
