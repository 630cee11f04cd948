import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.zeromq.ZMQ;

/**
 * The JeroMQ peer of the interop tests. Each line of input is a command, a
 * socket name and arguments, separated by spaces. A frame is a dot followed by
 * its base64 encoding. The answer is a line that begins with "ok" or "error".
 */
public class JeroPeer {
    static final ZMQ.Context context = ZMQ.context(1);
    static final Map<String, ZMQ.Socket> sockets = new HashMap<>();

    public static void main(String[] args) throws Exception {
        LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
        Thread reader = new Thread(() -> read(lines));
        reader.setDaemon(true);
        reader.start();
        for (;;) {
            String line = lines.poll(5, TimeUnit.MILLISECONDS);
            if (line == null) {
                // JeroMQ processes new peers only within an API call.
                for (ZMQ.Socket s : sockets.values()) {
                    s.getEvents();
                }
                continue;
            }
            if (line.isEmpty()) {
                Runtime.getRuntime().halt(0);
            }
            String answer;
            try {
                answer = "ok" + run(line.split(" "));
            } catch (Exception e) {
                answer = "error " + e;
            }
            System.out.println(answer);
            System.out.flush();
        }
    }

    static void read(LinkedBlockingQueue<String> lines) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
            for (String line; (line = in.readLine()) != null;) {
                lines.add(line);
            }
        } catch (Exception e) {
            // handled like the end of input
        }
        lines.add("");
    }

    static String run(String[] words) throws Exception {
        String name = words[1];
        ZMQ.Socket s = sockets.get(name);
        switch (words[0]) {
            case "socket":
                s = context.socket(ZMQ.class.getField(words[2]).getInt(null));
                s.setLinger(0);
                s.setReceiveTimeOut(Integer.parseInt(words[3]));
                s.setSendTimeOut(Integer.parseInt(words[3]));
                if (words.length > 4) {
                    s.setIdentity(bytes(words[4]));
                }
                sockets.put(name, s);
                return "";
            case "bind":
                s.bind(words[2]);
                return "";
            case "connect":
                s.connect(words[2]);
                return "";
            case "subscribe":
                s.subscribe(bytes(words[2]));
                return "";
            case "send":
                for (int i = 2; i < words.length; i++) {
                    if (!s.send(bytes(words[i]), i < words.length - 1 ? ZMQ.SNDMORE : 0)) {
                        throw new Exception("cannot send");
                    }
                }
                return "";
            case "recv":
                StringBuilder b = new StringBuilder();
                do {
                    byte[] frame = s.recv(0);
                    if (frame == null) {
                        throw new Exception("nothing to receive");
                    }
                    b.append(" .").append(Base64.getEncoder().encodeToString(frame));
                } while (s.hasReceiveMore());
                return b.toString();
            case "close":
                s.close();
                sockets.remove(name);
                return "";
        }
        throw new Exception("unknown command " + words[0]);
    }

    static byte[] bytes(String word) {
        return Base64.getDecoder().decode(word.substring(1));
    }
}
