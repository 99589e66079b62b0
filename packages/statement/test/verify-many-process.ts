// A process that verifies as many signatures at once as its argument says, writes a dot for each good one, and has nothing else to do. A file
// of its own: a thread does not start from a script that Node was given by `-e`.
import { generateSigningKey, importVerifyingKey, payloadTypes, signPayload, verifyPayload } from "../src/index.ts";

const key = generateSigningKey("ed25519");
const verifying = importVerifyingKey(key.algorithm, key.publicKey);
const payload = new Uint8Array(1_000);
const signature = signPayload(key, payloadTypes.statement, payload);
for (let asked = 0; asked < Number(process.argv[2]); asked++) {
  void verifyPayload(verifying, payloadTypes.statement, payload, signature).then(
    (valid) => valid && process.stdout.write("."),
  );
}
