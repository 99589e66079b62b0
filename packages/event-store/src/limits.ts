/** Most bytes of one event or settlement. */
export const payloadBytesMax = 64 * 1024;

/** Room for the headers of an append, which JetStream counts against the message's size. */
export const headerBytesMax = 1024;
