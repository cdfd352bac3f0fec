import com.google.gson.Gson;
import com.microsoft.azure.sdk.iot.service.auth.IotHubSSLContext;
import com.microsoft.azure.sdk.iot.service.exceptions.IotHubException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;

/** The hub of this run, and what every case needs. One JSON line on stdout per case is what the harness counts. */
final class Hub {
    static final String CONNECTION = System.getenv("IOTHUB_CONNECTION_STRING");
    private static final SSLContext TRUST = trust(System.getenv("CONFORMANCE_CA_FILE"));
    private static final HttpClient HTTP = HttpClient.newBuilder().sslContext(TRUST).build();

    interface Body {
        void run() throws Exception;
    }

    /** The client has no setting for a CA: it opens its connections with the factory of the process. */
    private static SSLContext trust(String file) {
        try {
            SSLContext context = IotHubSSLContext.getSSLContextFromFile(file);
            HttpsURLConnection.setDefaultSSLSocketFactory(context.getSocketFactory());
            return context;
        } catch (Exception cause) {
            throw new IllegalStateException(cause);
        }
    }

    /** Each program starts on an empty hub. */
    static void reset() throws Exception {
        admin("POST", "/reset", null);
    }

    /** The hub's own control path. */
    static void admin(String method, String path, Object body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(System.getenv("CONFORMANCE_ADMIN_ENDPOINT") + path));
        if (body == null) {
            request.method(method, HttpRequest.BodyPublishers.noBody());
        } else {
            request.header("Content-Type", "application/json");
            request.method(method, HttpRequest.BodyPublishers.ofString(new Gson().toJson(body)));
        }
        HttpResponse<String> response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
        check(response.statusCode() < 300, method + " " + path + ": " + response.statusCode() + " " + response.body());
    }

    /** Runs one case. A case that fails does not stop the next. */
    static void test(String name, Body body) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("case", name);
        try {
            body.run();
            line.put("ok", true);
        } catch (Throwable cause) {
            line.put("ok", false);
            line.put("detail", cause + " " + place(cause));
        }
        System.out.println(new Gson().toJson(line));
    }

    private static String place(Throwable cause) {
        for (StackTraceElement element : cause.getStackTrace()) {
            if (element.getClassName().matches("Devices|Jobs")) {
                return "[" + element.getFileName() + ":" + element.getLineNumber() + "]";
            }
        }
        return "";
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    static void equal(Object got, Object want) {
        check(Objects.equals(got, want), "got " + got + ", want " + want);
    }

    /** The call must throw exactly this exception, and its message must have this text. */
    static void rejected(Class<? extends IotHubException> kind, String text, Body call) throws Exception {
        try {
            call.run();
        } catch (IotHubException cause) {
            equal(cause.getClass(), kind);
            check(cause.getMessage().contains(text), "no " + text + " in " + cause.getMessage());
            return;
        }
        throw new AssertionError("no " + kind.getSimpleName());
    }

    private Hub() {}
}
