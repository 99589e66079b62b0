/** What keeps a witness from starting, and what to name in a sentence about it. */
export interface WitnessErrorFacts {
  FOLDER_IN_USE: { readonly folder: string };
  STATE_DAMAGED: { readonly file: string; readonly why: string };
  LIST_DAMAGED: { readonly file: string };
  STATE_MISSING: { readonly file: string; readonly origin: string };
  KEY_UNREADABLE: { readonly file: string; readonly why: string };
  KEY_OF_ANOTHER_NAME: { readonly file: string; readonly name: string; readonly wanted: string };
  NAME_UNUSABLE: { readonly name: string };
  LOG_KEYS_UNUSABLE: { readonly name: string };
  ADDRESS_UNUSABLE: { readonly address: string; readonly why: string };
}

export type WitnessErrorReason = keyof WitnessErrorFacts;

const sentences: { readonly [Reason in WitnessErrorReason]: (facts: WitnessErrorFacts[Reason]) => string } = {
  FOLDER_IN_USE: ({ folder }) =>
    `Another process keeps the witness in ${folder}; stop that one first, or choose another folder.`,
  STATE_DAMAGED: ({ file, why }) =>
    `What the witness remembers in ${file} does not verify: ${why} Put the log's newest checkpoint with this witness's cosignature there.`,
  LIST_DAMAGED: ({ file }) =>
    `${file} is damaged: it has one line of 64 hexadecimal digits per log. If the *.checkpoint files of all logs are there, remove it; it is made again from them.`,
  STATE_MISSING: ({ file, origin }) =>
    `The witness has cosigned ${origin}, but ${file} is gone. Put the log's newest checkpoint with this witness's cosignature there; without it the witness could not tell a fork.`,
  KEY_UNREADABLE: ({ file, why }) => `${file} holds no witness key: ${why}`,
  KEY_OF_ANOTHER_NAME: ({ file, name, wanted }) =>
    `The key in ${file} has the name ${name}, not ${wanted}; leave the name out, or choose another file.`,
  NAME_UNUSABLE: ({ name }) =>
    `${JSON.stringify(name)} cannot name a witness; take a URL without its scheme, without spaces and '+'.`,
  LOG_KEYS_UNUSABLE: ({ name }) =>
    name === ""
      ? "No log is named; name the verifier key of at least one."
      : `The key of ${name} is not one that signs checkpoints; a log's has the type 0x01.`,
  ADDRESS_UNUSABLE: ({ address, why }) => `The witness cannot listen on ${address} (${why}); choose another port.`,
};

/** A witness that cannot start, or whose state cannot be used. The message is a sentence that says what to do. */
export class WitnessError<Reason extends WitnessErrorReason = WitnessErrorReason> extends Error {
  override readonly name = "WitnessError";
  readonly reason: Reason;
  readonly facts: WitnessErrorFacts[Reason];

  constructor(reason: Reason, facts: WitnessErrorFacts[Reason], options?: ErrorOptions) {
    super(sentences[reason](facts), options);
    this.reason = reason;
    this.facts = facts;
  }
}
