import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Recomputes the project's test vectors with nothing but the JDK (17 or newer): {@code java packages/client-java/VerifyVectors.java}
 * in the project's folder. Ends with 1 and a sentence for the first thing that differs. What the bytes mean: docs/signed-bytes.md.
 */
public final class VerifyVectors {
  static final String STATEMENT = "application/vnd.lienthong.statement.v1+protobuf";
  static final String REGISTRY_ENTRY = "application/vnd.lienthong.registry-entry.v1+protobuf";
  static final String REGISTRY_RECORD = "application/vnd.lienthong.registry-record.v1+protobuf";
  static final String PROMISE = "application/vnd.lienthong.promise.v1+protobuf";

  private static Path root;
  private static int checks;

  public static void main(String[] args) throws IOException, GeneralSecurityException {
    root = Path.of(args.length > 0 ? args[0] : ".");
    try {
      keysAndStatements();
      preAuthenticationEncodings();
      signatures();
      events();
      busStatementIds();
      promises();
      commitments();
      registryLog();
    } catch (Differs differs) {
      System.err.println(differs.getMessage());
      System.exit(1);
    }
    System.out.println(checks + " checks, all equal.");
  }

  // ---- What a client needs -------------------------------------------------------------------------------------------

  /** The bytes that a signature covers (DSSE v1). */
  static byte[] preAuthenticationEncoding(String type, byte[] payload) {
    byte[] kind = utf8(type);
    return concat(utf8("DSSEv1 " + kind.length + " "), kind, utf8(" " + payload.length + " "), payload);
  }

  /** Signature over the encoding: Ed25519 as it is, ECDSA in DER, RSA with PKCS#1 v1.5. The JDK's forms are the right ones. */
  static boolean verifies(String algorithm, byte[] spki, String type, byte[] payload, byte[] signature)
      throws GeneralSecurityException {
    String[] names = namesOf(algorithm);
    PublicKey key = KeyFactory.getInstance(names[0]).generatePublic(new X509EncodedKeySpec(spki));
    Signature verifier = Signature.getInstance(names[1]);
    verifier.initVerify(key);
    verifier.update(preAuthenticationEncoding(type, payload));
    try {
      return verifier.verify(signature);
    } catch (java.security.SignatureException malformed) {
      return false;
    }
  }

  private static String[] namesOf(String algorithm) {
    return switch (algorithm) {
      case "1", "SIGNATURE_ALGORITHM_ED25519" -> new String[] {"Ed25519", "Ed25519"};
      case "2", "SIGNATURE_ALGORITHM_ECDSA_P256_SHA256" -> new String[] {"EC", "SHA256withECDSA"};
      case "3", "SIGNATURE_ALGORITHM_RSA_PKCS1_SHA256" -> new String[] {"RSA", "SHA256withRSA"};
      default -> throw new Differs("No such algorithm: " + algorithm);
    };
  }

  /** Signs with an Ed25519 key of which the seed is known (RFC 8410: PKCS#8 with the seed as it is). */
  static byte[] signBySeed(byte[] seed, String type, byte[] payload) throws GeneralSecurityException {
    byte[] pkcs8 = concat(raw("302e020100300506032b657004220420"), seed);
    PrivateKey key = KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    Signature signer = Signature.getInstance("Ed25519");
    signer.initSign(key);
    signer.update(preAuthenticationEncoding(type, payload));
    return signer.sign();
  }

  static byte[] leafHash(byte[] entry) {
    return sha256(new byte[] {0}, entry);
  }

  static byte[] nodeHash(byte[] left, byte[] right) {
    return sha256(new byte[] {1}, left, right);
  }

  /** RFC 6962 root; a node without a sibling moves up as it is. */
  static byte[] rootOf(List<byte[]> leafHashes) {
    if (leafHashes.isEmpty()) return sha256();
    List<byte[]> level = leafHashes;
    while (level.size() > 1) {
      List<byte[]> above = new ArrayList<>();
      for (int i = 0; i + 1 < level.size(); i += 2) above.add(nodeHash(level.get(i), level.get(i + 1)));
      if (level.size() % 2 == 1) above.add(level.get(level.size() - 1));
      level = above;
    }
    return level.get(0);
  }

  /** Root that an inclusion path leads to (RFC 9162 section 2.1.3.2); null where the path has the wrong length. */
  static byte[] rootFromPath(byte[] leaf, long index, long size, List<byte[]> path) {
    if (index < 0 || index >= size) return null;
    long node = index;
    long last = size - 1;
    byte[] hash = leaf;
    for (byte[] sibling : path) {
      if (last == 0) return null;
      if (node % 2 == 1 || node == last) {
        hash = nodeHash(sibling, hash);
        while (node % 2 == 0 && node != 0) {
          node >>= 1;
          last >>= 1;
        }
      } else {
        hash = nodeHash(hash, sibling);
      }
      node >>= 1;
      last >>= 1;
    }
    return last == 0 ? hash : null;
  }

  /** Parts, each after its length as 4 bytes big-endian. */
  static byte[] framed(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(ByteBuffer.allocate(4).putInt(part.length).array());
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  static byte[] busStatementId(byte[] cause, String branch, String receiver, String kind, String ordinal) {
    byte[] label = utf8("lienthong bus statement v1");
    return sha256(framed(label, cause, utf8(branch), utf8(receiver), utf8(kind), utf8(ordinal)));
  }

  static byte[] commitment(byte[] salt, String kind, byte[] data) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(salt, "HmacSHA256"));
    mac.update(utf8(kind));
    mac.update((byte) 0);
    return mac.doFinal(data);
  }

  static byte[] applicantBytes(String kind, String identity, String name, String born) {
    String composed = Normalizer.normalize(name, Normalizer.Form.NFC);
    String spaced = composed.replaceAll("[\\t-\\r \\u00a0]+", " ").replaceAll("^ | $", "");
    String printed = Normalizer.normalize(spaced.toUpperCase(Locale.ROOT), Normalizer.Form.NFC);
    return framed(utf8("lienthong applicant v1"), utf8(kind), utf8(identity), utf8(printed), utf8(born));
  }

  // ---- The vectors ---------------------------------------------------------------------------------------------------

  private static final Map<String, Map<String, Object>> keys = new LinkedHashMap<>();

  private static void keysAndStatements() throws IOException, GeneralSecurityException {
    for (Map<String, Object> key : vectors("statement", "keys")) {
      keys.put(text(key, "key_id"), key);
      equal("key id of " + text(key, "name"), text(key, "key_id"), sha256(bytes(key, "public_key")));
    }
    for (Map<String, Object> vector : vectors("statement", "statements")) {
      String name = "statement " + text(vector, "name");
      byte[] payload = bytes(vector, "payload");
      equal(name + ": payload", text(vector, "payload_sha256"), sha256(payload));
      equal(name + ": encoding", text(vector, "pae_sha256"), sha256(preAuthenticationEncoding(STATEMENT, payload)));
      // The envelope: field 1 is the payload, field 2 each signature, in which 1 is the key id and 2 the signature.
      ByteArrayOutputStream envelope = new ByteArrayOutputStream();
      envelope.writeBytes(lengthDelimited(1, payload));
      for (Map<String, Object> said : list(vector, "signatures")) {
        Map<String, Object> key = keys.get(text(said, "key_id"));
        byte[] signature = signBySeed(bytes(key, "seed"), STATEMENT, payload);
        equal(name + ": signature", text(said, "signature"), signature);
        check(name + ": verifies", verifies(text(key, "algorithm"), bytes(key, "public_key"), STATEMENT, payload, signature));
        byte[] keyId = bytes(said, "key_id");
        envelope.writeBytes(lengthDelimited(2, concat(lengthDelimited(1, keyId), lengthDelimited(2, signature))));
      }
      equal(name + ": envelope", text(vector, "envelope"), envelope.toByteArray());
    }
  }

  private static void preAuthenticationEncodings() throws IOException {
    for (Map<String, Object> vector : vectors("statement", "pre-authentication-encodings")) {
      byte[] encoding = preAuthenticationEncoding(text(vector, "type"), bytes(vector, "payload"));
      equal("encoding of " + text(vector, "type"), text(vector, "pae"), encoding);
    }
  }

  private static void signatures() throws IOException, GeneralSecurityException {
    for (Map<String, Object> vector : vectors("statement", "verify-only-signatures")) {
      String algorithm = text(vector, "algorithm");
      byte[] key = bytes(vector, "public_key");
      byte[] payload = bytes(vector, "payload");
      byte[] signature = bytes(vector, "signature");
      equal(algorithm + ": key id", text(vector, "key_id"), sha256(key));
      check(algorithm + " verifies", verifies(algorithm, key, STATEMENT, payload, signature));
      check(algorithm + " fails under another type", !verifies(algorithm, key, PROMISE, payload, signature));
    }
    for (Map<String, Object> vector : vectors("conformance", "refused-signatures")) {
      byte[] payload = bytes(vector, "payload");
      byte[] signature = bytes(vector, "signature");
      boolean valid = verifies(text(vector, "algorithm"), bytes(vector, "public_key"), text(vector, "type"), payload, signature);
      check("refused: " + text(vector, "name"), !valid);
    }
  }

  private static void events() throws IOException {
    for (Map<String, Object> vector : vectors("statement", "events")) {
      equal("event " + text(vector, "name"), text(vector, "leaf_hash"), leafHash(bytes(vector, "event")));
    }
  }

  private static void busStatementIds() throws IOException {
    for (Map<String, Object> vector : vectors("statement", "bus-statement-ids")) {
      String kind = text(vector, "kind");
      byte[] id = busStatementId(bytes(vector, "cause"), text(vector, "branch"), text(vector, "receiver"), kind, text(vector, "ordinal"));
      equal("bus statement of kind " + kind, text(vector, "id"), id);
    }
  }

  private static void promises() throws IOException, GeneralSecurityException {
    for (Map<String, Object> vector : vectors("statement", "promises")) {
      List<byte[]> leaves = hashes(vector.get("leaf_hashes"));
      String name = "promise of " + leaves.size();
      equal(name + ": root", text(vector, "batch_root"), rootOf(leaves));
      byte[] payload = bytes(vector, "payload");
      Map<String, Object> key = keys.get(text(vector, "key_id"));
      equal(name + ": signature", text(vector, "signature"), signBySeed(bytes(key, "seed"), PROMISE, payload));
      equal(name + ": the root that is signed", text(vector, "batch_root"), field(payload, 4));
      List<?> paths = (List<?>) vector.get("paths");
      for (int index = 0; index < leaves.size(); index++) {
        List<byte[]> path = hashes(paths.get(index));
        byte[] found = rootFromPath(leaves.get(index), index, leaves.size(), path);
        equal(name + ": path of " + index, text(vector, "batch_root"), found);
        path.add(leaves.get(index));
        check(name + ": a longer path leads nowhere", rootFromPath(leaves.get(index), index, leaves.size(), path) == null);
      }
    }
  }

  private static void commitments() throws IOException, GeneralSecurityException {
    for (Map<String, Object> vector : vectors("conformance", "document-commitments")) {
      byte[] data;
      if (vector.containsKey("bytes")) {
        data = bytes(vector, "bytes");
      } else {
        data = new byte[Integer.parseInt(text(vector, "bytes_length"))];
        for (int i = 0; i < data.length; i++) data[i] = (byte) (i % Integer.parseInt(text(vector, "bytes_modulus")));
      }
      equal(text(vector, "name"), text(vector, "commitment"), commitment(bytes(vector, "salt"), text(vector, "kind"), data));
    }
    for (Map<String, Object> vector : vectors("conformance", "applicant-commitments")) {
      Map<String, Object> said = object(vector.get("applicant"));
      byte[] canonical = applicantBytes(text(said, "kind"), text(said, "identity"), text(said, "name"), text(said, "born"));
      equal("canonical bytes of " + text(vector, "name"), text(vector, "canonical_bytes"), canonical);
      equal("commitment to " + text(vector, "name"), text(vector, "commitment"), commitment(bytes(vector, "salt"), "applicant", canonical));
    }
  }

  private static void registryLog() throws IOException, GeneralSecurityException {
    Map<String, Object> log = object(read("registry-state", "small-log"));
    Map<String, Object> registrar = object(log.get("registrarKey"));
    List<byte[]> hashes = new ArrayList<>();
    for (Map<String, Object> vector : list(log, "entries")) {
      String name = "registry entry " + text(vector, "number");
      byte[] entry = bytes(vector, "signedEntry");
      byte[] payload = field(entry, 1);
      byte[] signature = field(field(entry, 2), 2);
      hashes.add(leafHash(entry));
      equal(name + ": hash", text(vector, "entryHash"), leafHash(entry));
      equal(name + ": head", text(object(vector.get("head")), "root"), rootOf(hashes));
      check(name + ": encoding", Arrays.equals(bytes(vector, "entryPreAuthenticationEncoding"), preAuthenticationEncoding(REGISTRY_ENTRY, payload)));
      check(name + ": verifies", verifies(text(registrar, "algorithm"), bytes(registrar, "publicKey"), REGISTRY_ENTRY, payload, signature));
      byte[] record = field(payload, 11);
      for (Map<String, Object> endorsement : list(vector, "endorsements")) {
        byte[] encoding = bytes(endorsement, "recordPreAuthenticationEncoding");
        check(name + ": endorsement", Arrays.equals(encoding, preAuthenticationEncoding(REGISTRY_RECORD, record)));
      }
      if (hashes.size() == 1) equal("the network", text(log, "network"), leafHash(entry));
    }
  }

  // ---- Bytes and files -----------------------------------------------------------------------------------------------

  private static byte[] lengthDelimited(int number, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(number << 3 | 2);
    for (int length = content.length; ; length >>>= 7) {
      out.write(length < 0x80 ? length : length & 0x7f | 0x80);
      if (length < 0x80) break;
    }
    out.writeBytes(content);
    return out.toByteArray();
  }

  /** First length-delimited field with this number; enough to look into the vectors' own messages. */
  private static byte[] field(byte[] message, int number) {
    int[] at = {0};
    while (at[0] < message.length) {
      long tag = varint(message, at);
      long value = varint(message, at);
      if ((tag & 7) == 0) continue;
      byte[] content = Arrays.copyOfRange(message, at[0], at[0] + (int) value);
      at[0] += (int) value;
      if (tag >> 3 == number) return content;
    }
    throw new Differs("A message lacks field " + number + ".");
  }

  private static long varint(byte[] message, int[] at) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = message[at[0]++];
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) return value;
    }
  }

  private static byte[] sha256(byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (byte[] part : parts) digest.update(part);
      return digest.digest();
    } catch (GeneralSecurityException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) out.writeBytes(part);
    return out.toByteArray();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] raw(String text) {
    return HexFormat.of().parseHex(text);
  }

  private static final class Differs extends RuntimeException {
    private static final long serialVersionUID = 1;

    Differs(String sentence) {
      super(sentence);
    }
  }

  private static void check(String what, boolean holds) {
    if (!holds) throw new Differs("This does not hold: " + what + ".");
    checks++;
  }

  private static void equal(String what, String expected, byte[] found) {
    if (!Arrays.equals(raw(expected), found)) throw new Differs(what + " differs; expected was " + expected + ".");
    checks++;
  }

  private static Object read(String folder, String name) throws IOException {
    Path vectors = root.resolve(folder.equals("conformance") ? "test/conformance/vectors" : "packages/" + folder + "/test/vectors");
    return new Json(Files.readString(vectors.resolve(name + ".json"))).value();
  }

  private static List<Map<String, Object>> vectors(String folder, String name) throws IOException {
    return objects(read(folder, name));
  }

  private static List<Map<String, Object>> list(Map<String, Object> vector, String name) {
    return objects(vector.get(name));
  }

  private static List<Map<String, Object>> objects(Object value) {
    List<Map<String, Object>> found = new ArrayList<>();
    for (Object item : (List<?>) value) found.add(object(item));
    return found;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> object(Object value) {
    return (Map<String, Object>) value;
  }

  private static List<byte[]> hashes(Object value) {
    List<byte[]> found = new ArrayList<>();
    for (Object item : (List<?>) value) found.add(raw((String) item));
    return found;
  }

  private static String text(Map<String, Object> vector, String name) {
    if (vector.get(name) instanceof String text) return text;
    throw new Differs("A vector lacks " + name + ".");
  }

  private static byte[] bytes(Map<String, Object> vector, String name) {
    return raw(text(vector, name));
  }

  /** Just enough JSON for the vectors; numbers and truth values stay the text they are. */
  private static final class Json {
    private final String source;
    private int at;

    Json(String source) {
      this.source = source;
    }

    Object value() {
      return switch (next()) {
        case '{' -> object();
        case '[' -> array();
        case '"' -> string();
        default -> bare();
      };
    }

    private char next() {
      while (Character.isWhitespace(source.charAt(at))) at++;
      return source.charAt(at);
    }

    private Map<String, Object> object() {
      Map<String, Object> found = new LinkedHashMap<>();
      for (at++; next() != '}'; skip(',')) {
        String name = string();
        next();
        at++;
        found.put(name, value());
      }
      at++;
      return found;
    }

    private List<Object> array() {
      List<Object> found = new ArrayList<>();
      for (at++; next() != ']'; skip(',')) found.add(value());
      at++;
      return found;
    }

    private void skip(char separator) {
      if (next() == separator) at++;
    }

    private String string() {
      StringBuilder found = new StringBuilder();
      for (at = source.indexOf('"', at) + 1; source.charAt(at) != '"'; at++) {
        char character = source.charAt(at);
        if (character != '\\') {
          found.append(character);
          continue;
        }
        char escaped = source.charAt(++at);
        if (escaped == 'u') {
          found.append((char) Integer.parseInt(source.substring(at + 1, at + 5), 16));
          at += 4;
        } else {
          int known = "nrtbf".indexOf(escaped);
          found.append(known < 0 ? escaped : "\n\r\t\b\f".charAt(known));
        }
      }
      at++;
      return found.toString();
    }

    private String bare() {
      int start = at;
      while ("}],".indexOf(source.charAt(at)) < 0 && !Character.isWhitespace(source.charAt(at))) at++;
      return source.substring(start, at);
    }
  }
}
