/** Commands about shards. */
export const shardEn = {
  help: {
    group: "the areas and periods that dossiers are opened in",
    list: "the shards that the registry declares",
    open: "at the registrar: declare the next shard; the running bus serves it at once",
    close: "at the registrar: no more dossiers are opened in a shard; those in it go on there to their end",
    name: "name of the shard, for example hanoi-2027q1",
    origin: "origin of its log, a URL without scheme; default lienthong.example/<NAME>",
    area: "code of an administrative unit whose dossiers open here; may be repeated; default 01, Hà Nội",
    promiseHours: "hours within which an accepted event must be in the sealed log",
    closes: "the shard that it follows; closed in the same command",
    registrarKey: "the registrar's key (PKCS#8, PEM)",
  },
  headings: { name: "Shard", origin: "Origin of its log", clock: "Clock", open: "New dossiers", areas: "Areas" },
  clocks: { real: "real", simulated: "simulated" },
  takes: "taken",
  closed: "closed",
  opened: (name: string, entry: string) =>
    `${name} is declared (registry entry ${entry}); the bus serves it from now on.`,
  known: (name: string, entry: string) => `${name} is declared so already (registry entry ${entry}).`,
  ended: (name: string, entry: string) => `${name} takes no more new dossiers (registry entry ${entry}).`,
  promiseHoursWrong: (found: string) => `--promise-hours is "${found}"; allowed: a whole number from 1 to 720.`,
  nameWrong: (found: string) =>
    `"${found}" is no name for a shard; allowed: 1 to 32 characters of a-z, 0-9 and "-", no "-" at either end, and not "registry".`,
  unknown: (name: string, names: string) => `The registry declares no shard "${name}"; it declares ${names}.`,
};
