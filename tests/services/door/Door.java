import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * A broker's door for tokens of AWS IAM, as MSK has one: the presigned url in the token must be signed by a secret that is known here, and not be
 * over. `nightferry.door` names a folder: `keys/ID` holds the secret of an access key, whose removal shuts it out; `seen/ID` gets a line for
 * each token: the moment that it was signed at, `in` or why not.
 */
public final class Door implements AuthenticateCallbackHandler {
    private static final Path FOLDER = Path.of(System.getProperty("nightferry.door"));
    private static final DateTimeFormatter MOMENT = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    /** A token that was let in. */
    private record Letter(String value, String principalName, long lifetimeMs, Long startTimeMs) implements OAuthBearerToken {
        @Override
        public Set<String> scope() {
            return Set.of();
        }
    }

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {}

    @Override
    public void close() {}

    @Override
    public void handle(Callback[] callbacks) throws UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (!(callback instanceof OAuthBearerValidatorCallback asked)) {
                throw new UnsupportedCallbackException(callback);
            }
            try {
                judge(asked);
            } catch (Exception fault) {
                asked.error("invalid_token", null, null);
            }
        }
    }

    private static void judge(OAuthBearerValidatorCallback asked) throws Exception {
        URI url = URI.create(new String(Base64.getUrlDecoder().decode(asked.tokenValue()), StandardCharsets.UTF_8));
        Map<String, String> raw = new TreeMap<>();
        for (String part : url.getRawQuery().split("&")) {
            String[] words = part.split("=", 2);
            raw.put(words[0], words[1]);
        }
        String signature = raw.remove("X-Amz-Signature");
        raw.remove("User-Agent");
        String[] scope = decoded(raw.get("X-Amz-Credential")).split("/");
        String id = scope[0];
        String moment = raw.get("X-Amz-Date");
        long overAt = Instant.from(MOMENT.parse(moment)).getEpochSecond() + Long.parseLong(raw.get("X-Amz-Expires"));
        Path key = FOLDER.resolve("keys").resolve(id);
        String refusal = null;
        if (!Files.exists(key)) {
            refusal = "unknown";
        } else if (!decoded(raw.get("Action")).equals("kafka-cluster:Connect") || !scope[3].equals("kafka-cluster")
            || !url.getHost().equals("kafka." + scope[2] + ".amazonaws.com") || !url.getScheme().equals("https")) {
            refusal = "of-something-else";
        } else if (!signature(url, raw, scope, moment, Files.readString(key).strip()).equals(signature)) {
            refusal = "forged";
        } else if (Long.parseLong(raw.get("X-Amz-Expires")) > 900 || Instant.now().getEpochSecond() >= overAt) {
            refusal = "over";
        }
        String line = moment + " " + (refusal == null ? "in" : refusal) + "\n";
        Files.writeString(FOLDER.resolve("seen").resolve(id), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        if (refusal != null) {
            asked.error("invalid_token", null, null);
            return;
        }
        asked.token(new Letter(asked.tokenValue(), id, overAt * 1000, null));
    }

    /** Signature Version 4 of a GET without a body, by AWS's own description of it. */
    private static String signature(URI url, Map<String, String> query, String[] scope, String moment, String secret) throws Exception {
        StringBuilder sorted = new StringBuilder();
        query.forEach((name, value) -> sorted.append(sorted.isEmpty() ? "" : "&").append(name).append("=").append(value));
        String request = "GET\n/\n" + sorted + "\nhost:" + url.getHost() + "\n\nhost\n" + hash("");
        String place = scope[1] + "/" + scope[2] + "/" + scope[3] + "/aws4_request";
        String toSign = "AWS4-HMAC-SHA256\n" + moment + "\n" + place + "\n" + hash(request);
        byte[] key = ("AWS4" + secret).getBytes(StandardCharsets.UTF_8);
        for (String part : place.split("/")) {
            key = mac(key, part);
        }
        return HexFormat.of().formatHex(mac(key, toSign));
    }

    private static String hash(String text) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static byte[] mac(byte[] key, String text) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }
}
