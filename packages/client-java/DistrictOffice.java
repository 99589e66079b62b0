import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

/**
 * A district's office in Java: looks at a dossier, and acknowledges what is offered to it. Calls go over the JDK's own HTTP/2 client with
 * mutual TLS 1.3; messages are made at run time from the contracts' descriptors with protobuf-java, the one library. See README.md.
 */
public final class DistrictOffice {
  private static final String STATEMENT = "application/vnd.lienthong.statement.v1+protobuf";

  private final Map<String, Descriptor> types = new HashMap<>();
  private final Properties told = new Properties();
  private final HttpClient http;

  public static void main(String[] args) throws Exception {
    DistrictOffice office = new DistrictOffice(args[0]);
    Message shard = office.call("GetShard", office.message("exchange.v1.GetShardRequest"));
    String agency = office.told.getProperty("agency");
    DynamicMessage.Builder question = office.message("exchange.v1.GetDossierRequest");
    set(question, "shard", get(shard, "shard"));
    set(question, "dossier", office.told.getProperty("dossier"));
    set(question, "agency", agency);
    Message dossier = (Message) get(office.call("GetDossier", question), "dossier");
    for (Object item : (Iterable<?>) get(dossier, "branches")) {
      Message branch = (Message) item;
      if (!has(branch, "pending")) continue;
      Message pending = (Message) get(branch, "pending");
      if (get((Message) get(pending, "receiver"), "agency").equals(agency)) office.acknowledge(shard, dossier, branch, pending);
    }
  }

  private DistrictOffice(String settings) throws IOException, GeneralSecurityException {
    try (FileInputStream file = new FileInputStream(settings)) {
      told.load(file);
    }
    Map<String, FileDescriptor> files = new HashMap<>();
    FileDescriptorSet set = FileDescriptorSet.parseFrom(Files.readAllBytes(Path.of(told.getProperty("descriptors"))));
    // Files come after those that they import.
    for (FileDescriptorProto proto : set.getFileList()) {
      FileDescriptor[] imports = proto.getDependencyList().stream().map(files::get).toArray(FileDescriptor[]::new);
      FileDescriptor file;
      try {
        file = FileDescriptor.buildFrom(proto, imports);
      } catch (com.google.protobuf.Descriptors.DescriptorValidationException broken) {
        throw new IOException("The descriptors cannot be read.", broken);
      }
      files.put(proto.getName(), file);
      for (Descriptor type : file.getMessageTypes()) types.put(type.getFullName(), type);
    }
    SSLParameters only13 = new SSLParameters();
    only13.setProtocols(new String[] {"TLSv1.3"});
    http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).sslContext(mutualTls()).sslParameters(only13).build();
  }

  /** The network's authority, and the system's own key and certificates, out of PEM files. */
  private SSLContext mutualTls() throws IOException, GeneralSecurityException {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    for (Certificate authority : certificates("ca")) trusted.setCertificateEntry("authority" + trusted.size(), authority);
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    KeyStore own = KeyStore.getInstance(KeyStore.getDefaultType());
    own.load(null, null);
    // The keys of TLS certificates here are P-256.
    own.setKeyEntry("system", privateKey("key", "EC"), new char[0], certificates("certificate"));
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(own, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private Certificate[] certificates(String name) throws IOException, GeneralSecurityException {
    try (FileInputStream pem = new FileInputStream(told.getProperty(name))) {
      return CertificateFactory.getInstance("X.509").generateCertificates(pem).toArray(Certificate[]::new);
    }
  }

  /** An unencrypted PKCS#8 key in PEM. */
  private PrivateKey privateKey(String name, String algorithm) throws IOException, GeneralSecurityException {
    String pem = Files.readString(Path.of(told.getProperty(name))).replaceAll("-----[^-]+-----", "");
    byte[] pkcs8 = Base64.getMimeDecoder().decode(pem);
    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
  }

  private void acknowledge(Message shard, Message dossier, Message branch, Message pending) throws Exception {
    DynamicMessage.Builder prior = message("exchange.v1.Prior");
    set(set(prior, "branch", get(branch, "branch")), "head", get(branch, "head"));
    DynamicMessage.Builder statement = message("exchange.v1.Statement");
    set(statement, "version", 1);
    set(statement, "network", get(shard, "network"));
    set(statement, "shard", get(shard, "shard"));
    set(statement, "author", set(message("exchange.v1.Author"), "agency", told.getProperty("agency")).build());
    set(statement, "statement_id", uuid7());
    set(statement, "dossier", get(dossier, "dossier"));
    set(statement, "stated_time", get(shard, "now"));
    statement.addRepeatedField(field(statement, "prior"), prior.build());
    set(statement, "acknowledge", set(message("exchange.v1.Acknowledge"), "handoff", get(pending, "handoff")).build());
    // Serialised once; from here on only these bytes count.
    submit(statement.build().toByteArray());
  }

  private void submit(byte[] payload) throws Exception {
    String algorithm = told.getProperty("algorithm");
    Signature signer = Signature.getInstance(Map.of("ed25519", "Ed25519", "p256", "SHA256withECDSA", "rsa", "SHA256withRSA").get(algorithm));
    signer.initSign(privateKey("seal", Map.of("ed25519", "Ed25519", "p256", "EC", "rsa", "RSA").get(algorithm)));
    byte[] kind = STATEMENT.getBytes(StandardCharsets.UTF_8);
    signer.update(("DSSEv1 " + kind.length + " " + STATEMENT + " " + payload.length + " ").getBytes(StandardCharsets.UTF_8));
    signer.update(payload);
    // The seal's public half as the registry has it, in DER.
    byte[] publicKey = HexFormat.of().parseHex(told.getProperty("public_key"));
    DynamicMessage.Builder signature = message("registry.v1.Signature");
    set(signature, "key_id", ByteString.copyFrom(MessageDigest.getInstance("SHA-256").digest(publicKey)));
    set(signature, "signature", ByteString.copyFrom(signer.sign()));
    DynamicMessage.Builder envelope = message("exchange.v1.StatementEnvelope");
    set(envelope, "payload", ByteString.copyFrom(payload));
    envelope.addRepeatedField(field(envelope, "signatures"), signature.build());
    ByteString sent = envelope.build().toByteString();

    Message first = submitted(sent);
    // The same bytes again, as after a lost answer: the same event.
    Message again = submitted(sent);
    if (!get(again, "event").equals(get(first, "event"))) throw new IllegalStateException("A retry was recorded as another event.");
    System.out.println("{\"accepted\":\"" + hex(first.toByteArray()) + "\",\"envelope\":\"" + hex(sent.toByteArray()) + "\"}");
  }

  private Message submitted(ByteString envelope) throws Exception {
    return (Message) get(call("SubmitStatement", set(message("exchange.v1.SubmitStatementRequest"), "envelope", envelope)), "accepted");
  }

  /**
   * A plain call: gRPC is a POST whose body is one byte 0, the length as 4 bytes big-endian, and the message. The JDK's client shows no
   * trailers, and needs none here: an answer has a message, and a refusal, which has none, carries its status among the headers.
   */
  private Message call(String name, DynamicMessage.Builder request) throws IOException, InterruptedException {
    byte[] message = request.build().toByteArray();
    byte[] framed = ByteBuffer.allocate(5 + message.length).put((byte) 0).putInt(message.length).put(message).array();
    URI target = URI.create("https://" + told.getProperty("exchange").replaceFirst("^127\\.0\\.0\\.1:", "localhost:")
        + "/lienthong.exchange.v1.ExchangeService/" + name);
    HttpRequest post = HttpRequest.newBuilder(target)
        .timeout(Duration.ofSeconds(10))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .POST(HttpRequest.BodyPublishers.ofByteArray(framed))
        .build();
    HttpResponse<byte[]> response = http.send(post, HttpResponse.BodyHandlers.ofByteArray());
    byte[] body = response.body();
    if (body.length < 5) {
      String status = response.headers().firstValue("grpc-status").orElse("unknown");
      throw new IOException(name + " failed with status " + status + ": " + response.headers().firstValue("grpc-message").orElse(""));
    }
    return DynamicMessage.parseFrom(types.get("lienthong.exchange.v1." + name + "Response"), Arrays.copyOfRange(body, 5, body.length));
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  /** A UUIDv7 (RFC 9562): 48 bits of milliseconds, then random bits. */
  private static String uuid7() {
    SecureRandom random = new SecureRandom();
    long high = System.currentTimeMillis() << 16 | 0x7000 | random.nextInt(0x1000);
    return new UUID(high, random.nextLong() & 0x3fffffffffffffffL | 0x8000000000000000L).toString();
  }

  private DynamicMessage.Builder message(String name) {
    return DynamicMessage.newBuilder(types.get("lienthong." + name));
  }

  private static FieldDescriptor field(Message.Builder message, String name) {
    return message.getDescriptorForType().findFieldByName(name);
  }

  private static DynamicMessage.Builder set(DynamicMessage.Builder message, String name, Object value) {
    return message.setField(field(message, name), value);
  }

  private static boolean has(Message message, String name) {
    return message.hasField(message.getDescriptorForType().findFieldByName(name));
  }

  private static Object get(Message message, String name) {
    return message.getField(message.getDescriptorForType().findFieldByName(name));
  }
}
