/** A call as strace recorded it. Times are numbers of lines: only their order means something. */
export interface TracedCall {
  readonly thread: number;
  readonly name: string;
  /** What stands between the brackets. */
  readonly parameters: string;
  /** What it answered; negative if it failed. */
  readonly result: number;
  /** Path of the descriptor that it answered, if it did. */
  readonly resultPath: string | null;
  readonly beganAt: number;
  readonly endedAt: number;
}

const linePattern = /^(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$/s;

/** Calls in the order in which they ended. Calls that a kill cut off are not among them: whether they took place is unknown. */
export function readTrace(text: string): TracedCall[] {
  const calls: TracedCall[] = [];
  const unfinished = new Map<number, { name: string; parameters: string; beganAt: number }>();
  let at = 0;
  for (const line of text.split("\n")) {
    at += 1;
    const match = linePattern.exec(line);
    if (match === null) continue;
    const thread = Number(match[1]);
    const begun = match[2] === undefined ? undefined : unfinished.get(thread);
    const name = (match[2] ?? match[3]) as string;
    const rest = match[4] as string;
    if (rest.endsWith("<unfinished ...>")) {
      unfinished.set(thread, { name, parameters: rest.slice(0, -"<unfinished ...>".length), beganAt: at });
      continue;
    }
    if (match[2] !== undefined) unfinished.delete(thread);
    const whole = (begun?.parameters ?? "") + rest;
    // Strings are hexadecimal, so the first bracket before an equals sign ends the call.
    const answer = /^(.*?) ?\)\s+= (-?\d+)(?:<([^>]*)>)?/s.exec(whole);
    if (answer === null) continue;
    const [, parameters = "", result, path] = answer;
    calls.push({
      thread,
      name,
      parameters,
      result: Number(result),
      resultPath: path === undefined ? null : textOf(path),
      beganAt: begun?.beganAt ?? at,
      endedAt: at,
    });
  }
  return calls;
}

/** Bytes of a string as `-xx` prints it. */
export function bytesOf(printed: string): Buffer {
  return Buffer.from(printed.replaceAll("\\x", ""), "hex");
}

/** The same as text: a path. */
export function textOf(printed: string): string {
  return bytesOf(printed).toString("utf8");
}

/** The file descriptor that a call begins with, and its path; null if it is none. */
export function descriptorOf(parameters: string): { readonly number: number; readonly path: string } | null {
  const match = /^(\d+)<((?:\\x[0-9a-f]{2})*)>/.exec(parameters);
  return match === null ? null : { number: Number(match[1]), path: textOf(match[2] as string) };
}

/** Paths named in a call, in order: each absolute, relative ones resolved against the folder that stands before them. */
export function pathsOf(parameters: string): string[] {
  const paths: string[] = [];
  const named = /(?:(?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)>, )?"((?:\\x[0-9a-f]{2})*)"/g;
  for (const match of parameters.matchAll(named)) {
    const path = textOf(match[2] as string);
    if (path.startsWith("/")) paths.push(path);
    else if (match[1] !== undefined) paths.push(`${textOf(match[1])}/${path}`);
  }
  return paths;
}

/** Bytes that a writing call was given: one string, or the parts of a vector. */
export function writtenBytes({ parameters, result }: TracedCall): Buffer {
  const parts: Buffer[] = [];
  for (const match of parameters.matchAll(/"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g)) {
    if (match[2] !== undefined) throw new Error("A write was too long to be recorded as a whole.");
    parts.push(bytesOf(match[1] as string));
  }
  return Buffer.concat(parts).subarray(0, result);
}

/** Thread → process it belongs to. A thread may be seen before the call that made it has ended, so this is read off the whole recording. */
export function processesOf(calls: readonly TracedCall[]): (thread: number) => number {
  const parents = new Map<number, number>();
  for (const { name, parameters, result, thread } of calls) {
    if ((name === "clone" || name === "clone3") && result > 0 && parameters.includes("CLONE_THREAD"))
      parents.set(result, thread);
  }
  return (thread) => {
    let at = thread;
    for (let parent = parents.get(at); parent !== undefined; parent = parents.get(at)) at = parent;
    return at;
  };
}
