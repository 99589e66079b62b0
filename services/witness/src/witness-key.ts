import { keepPrivateFile, readFileIfAny } from "@lienthong/chassis";
import {
  formatSignerKey,
  isKeyName,
  newSeed,
  parseSignerKey,
  type SignerKey,
  signatureType,
  TlogFormatError,
} from "@lienthong/tlog";
import { WitnessError } from "./witness-error.ts";

/**
 * The witness's key in a file (`PRIVATE+KEY+<name>+…`, type 0x04, readable by its owner only); made, under `name`, if there is none. An existing one
 * keeps its name: another `name` is refused. Throws WitnessError.
 */
export async function openWitnessKey(file: string, name: string | null, nameDefault: string): Promise<SignerKey> {
  let text = await readFileIfAny(file);
  if (text === null) {
    const wanted = name ?? nameDefault;
    if (!isKeyName(wanted)) {
      throw new WitnessError("NAME_UNUSABLE", { name: wanted });
    }
    // Durable before anybody hears of the key: one that a power cut takes back would leave policies that nobody can satisfy.
    text = await keepPrivateFile(file, `${await formatSignerKey(wanted, signatureType.cosignature, newSeed())}\n`);
  }
  try {
    const key = await parseSignerKey(text.trimEnd());
    if (key.type !== signatureType.cosignature) {
      throw new TlogFormatError(`The signer key of ${key.name} is a log's (type 0x01); a witness's has the type 0x04.`);
    }
    if (name !== null && key.name !== name) {
      throw new WitnessError("KEY_OF_ANOTHER_NAME", { file, name: key.name, wanted: name });
    }
    return key;
  } catch (error) {
    if (!(error instanceof TlogFormatError)) throw error;
    throw new WitnessError("KEY_UNREADABLE", { file, why: error.message }, { cause: error });
  }
}
