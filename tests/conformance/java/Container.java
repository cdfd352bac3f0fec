import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** A fresh container in the storage emulator, and URIs into it that carry only the rights asked for. */
final class Container {
    /** The storage emulator's published development account. */
    private static final String ACCOUNT = "devstoreaccount1";
    private static final String KEY =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    private static final String VERSION = "2020-10-02";
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final String name;

    Container(String name) throws Exception {
        this.name = name;
        String account = sas("account", "rwdlac", null);
        send("PUT", root() + "/" + name + "?restype=container&" + account, "");
    }

    private static String root() {
        return System.getenv("CONFORMANCE_BLOB_ENDPOINT") + "/" + ACCOUNT;
    }

    String uri(String rights) throws Exception {
        return root() + "/" + name + "?" + sas("container", rights, name);
    }

    void put(String blob, Object... rows) throws Exception {
        Gson gson = new Gson();
        String text = List.of(rows).stream().map(gson::toJson).collect(Collectors.joining("\n"));
        send("PUT", blobUri(blob), text);
    }

    String text(String blob) throws Exception {
        return send("GET", blobUri(blob), "");
    }

    /** The JSON rows of a blob; lines of plain text are left out. */
    List<JsonObject> rows(String blob) throws Exception {
        Gson gson = new Gson();
        return text(blob).lines().filter(line -> line.startsWith("{"))
            .map(line -> gson.fromJson(line, JsonObject.class)).collect(Collectors.toList());
    }

    private String blobUri(String blob) throws Exception {
        return root() + "/" + name + "/" + blob + "?" + sas("container", "racwdl", name);
    }

    /** A signature for the account, which may create the container, or for one container. */
    private static String sas(String scope, String rights, String container) throws Exception {
        String end = Instant.now().plusSeconds(3600).truncatedTo(ChronoUnit.SECONDS).toString();
        boolean account = scope.equals("account");
        String text = account
            ? String.join("\n", ACCOUNT, rights, "b", "co", "", end, "", "", VERSION, "")
            : String.join("\n", rights, "", end, "/blob/" + ACCOUNT + "/" + container, "", "", "", VERSION, "c", "", "", "", "", "", "");
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(KEY), "HmacSHA256"));
        String signature = Base64.getEncoder().encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        String target = account ? "ss=b&srt=co" : "sr=c";
        return "sv=" + VERSION + "&" + target + "&sp=" + rights + "&se=" + encode(end) + "&sig=" + encode(signature);
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static String send(String method, String uri, String body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(uri)).header("x-ms-blob-type", "BlockBlob")
            .method(method, HttpRequest.BodyPublishers.ofString(body)).build();
        HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        Hub.check(response.statusCode() < 300, method + " of a blob: " + response.statusCode() + " " + response.body());
        return response.body();
    }
}
