/*
 * Errors of a Java program, sent with io.sentry:sentry as its users do:
 *
 *     java Send report|hello|traffic DSN
 *
 * What sdk.py says in ET_SCOPE is set; the last line is "SENT" and what was
 * sent.
 */

import io.sentry.Attachment;
import io.sentry.Breadcrumb;
import io.sentry.CheckIn;
import io.sentry.CheckInStatus;
import io.sentry.ISpan;
import io.sentry.ITransaction;
import io.sentry.MonitorConfig;
import io.sentry.MonitorSchedule;
import io.sentry.ScopeType;
import io.sentry.Sentry;
import io.sentry.SentryAttribute;
import io.sentry.SentryAttributes;
import io.sentry.SentryLevel;
import io.sentry.SentryLogLevel;
import io.sentry.TransactionOptions;
import io.sentry.logger.SentryLogParameters;
import io.sentry.protocol.Feedback;
import io.sentry.protocol.SentryId;
import io.sentry.protocol.User;
import io.sentry.JsonObjectReader;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

public class Send {
    static Map<String, Object> scope;
    static final Map<String, Object> sent = new LinkedHashMap<>();

    static class PaymentDeclined extends Exception {
        PaymentDeclined(String message, Throwable cause) {
            super(message, cause);
        }
    }

    static class NotFound extends Exception {
        NotFound(String message) {
            super(message);
        }
    }

    interface Failing {
        void run() throws Exception;
    }

    static void connect(String host) throws Exception {
        throw new java.net.ConnectException("connection refused by " + host);
    }

    static void charge(long order) throws Exception {
        try {
            connect("payments.example.com");
        } catch (java.net.ConnectException e) {
            throw new PaymentDeclined("order " + order + " not charged", e);
        }
    }

    static void findOrder(long number, String customer) throws Exception {
        throw new NotFound("order " + number + " of " + customer
                           + " not found");
    }

    static void weigh(String parcel) {
        parcel.length();
    }

    static String captured(Failing failing) {
        try {
            failing.run();
        } catch (Exception e) {
            return Sentry.captureException(e).toString();
        }
        return null;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> map(String name) {
        return (Map<String, Object>) scope.get(name);
    }

    static String text(String name) {
        return (String) scope.get(name);
    }

    static long number(Object n) {
        return ((Number) n).longValue();
    }

    static void start(boolean tracing) {
        Sentry.init(options -> {
            options.setDsn(System.getProperty("dsn"));
            options.setRelease(text("release"));
            options.setDist(text("dist"));
            options.setEnvironment(text("environment"));
            options.setServerName(text("server_name"));
            options.setDebug(true);
            options.setAttachServerName(false);
            options.addInAppInclude("Send");
            options.getLogs().setEnabled(true);
            if (tracing) {
                options.setTracesSampleRate(1.0);
            }
            options.setBeforeSend((event, hint) ->
                event.getTag("drop") != null ? null : event);
        });
    }

    static void report() {
        start(false);

        Sentry.withScope(s -> {
            Map<String, Object> u = map("user");
            User user = new User();
            user.setId((String) u.get("id"));
            user.setEmail((String) u.get("email"));
            user.setUsername((String) u.get("username"));
            user.setIpAddress((String) u.get("ip_address"));
            s.setUser(user);
            map("tags").forEach((k, v) -> s.setTag(k, (String) v));
            s.getContexts().put("order", scope.get("context"));
            Map<String, Object> cart = new LinkedHashMap<>();
            cart.put("items", scope.get("extra"));
            s.getContexts().put("cart", cart);
            s.setTransaction(text("transaction"));
            s.addBreadcrumb(Breadcrumb.info(text("breadcrumb")));

            s.setLevel(SentryLevel.FATAL);
            sent.put("chain",
                     captured(() -> charge(number(scope.get("order")))));
            s.setLevel(SentryLevel.WARNING);
            sent.put("message", Sentry.captureMessage(
                text("message"), SentryLevel.WARNING).toString());
        });

        List<String> again = new ArrayList<>();
        for (Object o : (List<?>) scope.get("again")) {
            List<?> order = (List<?>) o;
            Sentry.withScope(s -> {
                User user = new User();
                user.setId((String) order.get(1));
                s.setUser(user);
                again.add(captured(() -> findOrder(number(order.get(0)),
                                                   (String) order.get(1))));
            });
        }
        sent.put("again", again);

        sent.put("other", captured(() -> weigh(null)));

        large();
    }

    // of its own, as a message's stack is what it is grouped by

    static void large() {
        Sentry.withScope(s -> {
            for (Object text : (List<?>) scope.get("many")) {
                s.addBreadcrumb(Breadcrumb.info((String) text));
            }
            sent.put("large",
                     Sentry.captureMessage("a large event").toString());
        });
    }

    static void hello() {
        start(false);
        sent.put("hello", captured(() -> weigh(null)));
    }

    static void traffic() {
        start(true);
        Map<String, Object> items = new LinkedHashMap<>();
        sent.put("items", items);

        User user = new User();
        user.setId((String) map("user").get("id"));
        Sentry.setUser(user);
        Sentry.startSession();

        TransactionOptions bind = new TransactionOptions();
        bind.setBindToScope(true);
        ITransaction transaction =
            Sentry.startTransaction("nightly", "task", bind);
        ISpan span = transaction.startChild("db", "SELECT 1");
        sent.put("traced", captured(() -> weigh(null)));
        sent.put("trace_id",
                 transaction.getSpanContext().getTraceId().toString());
        span.finish();
        transaction.finish();
        items.put("transaction", new LinkedHashMap<>());

        Sentry.withScope(s -> {
            Map<String, Object> a = map("attachment");
            s.addAttachment(new Attachment(
                Base64.getDecoder().decode((String) a.get("base64")),
                (String) a.get("filename")));
            sent.put("attached", captured(() -> findOrder(1, "c")));
        });
        items.put("attachment", Map.of("event_id", sent.get("attached")));

        Sentry.withScope(s -> {
            s.setTag("drop", "yes");
            captured(() -> weigh(null));
        });
        items.put("client_report", Map.of());

        Map<String, Object> m = map("monitor");
        String slug = (String) m.get("slug");
        MonitorConfig config = new MonitorConfig(
            MonitorSchedule.crontab((String) m.get("crontab")));
        config.setCheckinMargin(number(m.get("margin")));
        config.setMaxRuntime(number(m.get("max_runtime")));
        config.setTimezone((String) m.get("timezone"));
        CheckIn begun = new CheckIn(slug, CheckInStatus.IN_PROGRESS);
        begun.setMonitorConfig(config);
        SentryId id = Sentry.captureCheckIn(begun);
        CheckIn ended = new CheckIn(id, slug, CheckInStatus.OK);
        ended.setDuration(((Number) m.get("duration")).doubleValue());
        Sentry.captureCheckIn(ended);
        items.put("check_in", Map.of("id", id.toString(),
                                     "configured", true));

        Map<String, Object> f = map("feedback");
        Feedback feedback = new Feedback((String) f.get("message"));
        feedback.setContactEmail((String) f.get("email"));
        feedback.setName((String) f.get("name"));
        feedback.setAssociatedEventId(
            new SentryId((String) sent.get("traced")));
        Sentry.feedback().capture(feedback);
        items.put("feedback", Map.of("event_id", sent.get("traced")));

        Map<String, Object> l = map("log");
        List<?> attribute = (List<?>) l.get("attribute");
        Sentry.logger().warn((String) l.get("warn"));
        Sentry.logger().log(SentryLogLevel.ERROR, SentryLogParameters.create(
            SentryAttributes.of(SentryAttribute.stringAttribute(
                (String) attribute.get(0), (String) attribute.get(1)))),
            (String) l.get("error"));
        items.put("log", Map.of());

        Sentry.endSession();
        items.put("session", Map.of("anonymous", true));
    }

    static String json(Object value) {
        if (value instanceof Map) {
            List<String> members = new ArrayList<>();
            ((Map<?, ?>) value).forEach((k, v) ->
                members.add(json(k) + ":" + json(v)));
            return "{" + String.join(",", members) + "}";
        }
        if (value instanceof List) {
            List<String> members = new ArrayList<>();
            ((List<?>) value).forEach(v -> members.add(json(v)));
            return "[" + String.join(",", members) + "]";
        }
        return value instanceof String ? "\"" + value + "\""
                                       : String.valueOf(value);
    }

    @SuppressWarnings("unchecked")
    public static void main(String[] args) throws Exception {
        scope = (Map<String, Object>) new JsonObjectReader(
            new StringReader(System.getenv("ET_SCOPE"))).nextObjectOrNull();
        System.setProperty("dsn", args[1]);
        sent.put("version", io.sentry.BuildConfig.VERSION_NAME);

        switch (args[0]) {
        case "report":
            report();
            break;
        case "hello":
            hello();
            break;
        default:
            traffic();
        }

        Sentry.flush(20000);
        Sentry.close();
        System.out.println("SENT " + json(sent));
    }
}
