package zmqdebug_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/zerobroker/zmq"
	"github.com/zerobroker/zmq/zmqdebug"
	"github.com/zerobroker/zmq/zmqstat"
)

var screenshots = flag.String("screenshots", "", "directory for pictures of the page in Chromium")

// TestPageRefreshesItselfInChromium loads the page in a browser, in two widths and
// both color schemes: its script runs under its policy, the rates of the traffic
// appear, and nothing is wider than the screen. When the program does not answer,
// the page says so.
func TestPageRefreshesItselfInChromium(t *testing.T) {
	chromium := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			chromium = path
			break
		}
	}
	if chromium == "" {
		t.Skip("no Chromium (Debian's package chromium)")
	}
	var r zmqstat.Registry
	stop := demo(t, &r)
	server := httptest.NewServer(zmqdebug.Handler(&r))
	defer server.Close()
	defer stop()
	b := startBrowser(t, chromium)
	const overflow = `document.documentElement.scrollWidth > document.documentElement.clientWidth`
	for _, width := range []int{1180, 400} {
		for _, scheme := range []string{"light", "dark"} {
			b.open(server.URL+"/debug/zmq", width, scheme)
			b.await(`[...document.querySelectorAll("[data-rate]")].every(e => e.textContent != "–")`)
			for _, socket := range []string{"jobs", "quotes"} {
				if rate := b.evaluate(`document.querySelector('[data-rate="` + socket + ` sent"]').textContent`); rate == "0" {
					t.Errorf("the rate of %s is %v after some seconds of traffic", socket, rate)
				}
			}
			if width > 1000 && scheme == "light" {
				b.await(`document.querySelector('[data-spark="jobs sent"] path').getAttribute("d").split("L").length >= 3`)
			}
			if b.evaluate(overflow) != false {
				t.Errorf("the page is wider than %d pixels", width)
			}
			if n := b.evaluate(`document.querySelectorAll("script").length`); n != 1.0 {
				t.Errorf("%v scripts in the page, want 1", n)
			}
			if *screenshots != "" {
				b.screenshot(filepath.Join(*screenshots, fmt.Sprintf("%d-%s.png", width, scheme)))
			}
		}
	}
	server.CloseClientConnections()
	server.Close()
	b.await(`document.querySelector(".time").textContent.startsWith("no answer since")`)
}

// browser is a Chromium that is controlled over a pipe, with messages in JSON that
// end with a zero byte (--remote-debugging-pipe).
type browser struct {
	t       *testing.T
	w       *os.File
	r       *bufio.Reader
	id      int
	session string
}

func startBrowser(t *testing.T, path string) *browser {
	theirIn, w, err := os.Pipe()
	check(err)
	r, theirOut, err := os.Pipe()
	check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	check(cmd.Start())
	theirIn.Close()
	theirOut.Close()
	b := &browser{t: t, w: w, r: bufio.NewReader(r)}
	t.Cleanup(func() {
		b.call("Browser.close", nil)
		cmd.Wait()
		cancel()
		w.Close()
		r.Close()
	})
	target := b.call("Target.createTarget", object{"url": "about:blank"})
	b.session = b.call("Target.attachToTarget", object{"targetId": target["targetId"], "flatten": true})["sessionId"].(string)
	return b
}

type object = map[string]any

// call calls a method of the DevTools protocol and returns its result.
func (b *browser) call(method string, params object) object {
	b.t.Helper()
	b.id++
	m := object{"id": b.id, "method": method}
	if params != nil {
		m["params"] = params
	}
	if b.session != "" && method != "Browser.close" {
		m["sessionId"] = b.session
	}
	if _, err := b.w.Write(append(must(json.Marshal(m)), 0)); err != nil {
		b.t.Fatal(err)
	}
	for {
		text, err := b.r.ReadBytes(0)
		if err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
		var answer struct {
			ID     int
			Result object
			Error  object
		}
		check(json.Unmarshal(text[:len(text)-1], &answer))
		switch {
		case answer.ID != b.id: // an event
		case answer.Error != nil:
			b.t.Fatalf("%s: %v", method, answer.Error)
		default:
			return answer.Result
		}
	}
}

func (b *browser) open(url string, width int, scheme string) {
	b.call("Emulation.setDeviceMetricsOverride", object{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600})
	b.call("Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": scheme}}})
	b.call("Page.navigate", object{"url": url})
	b.await(`document.readyState == "complete" && document.querySelector("main") != null`)
}

// evaluate returns the value of a JavaScript expression.
func (b *browser) evaluate(js string) any {
	b.t.Helper()
	answer := b.call("Runtime.evaluate", object{"expression": js, "returnByValue": true})
	if answer["exceptionDetails"] != nil {
		return nil // such as while the page is loading
	}
	return answer["result"].(object)["value"]
}

// await polls an expression until it is true.
func (b *browser) await(js string) {
	b.t.Helper()
	for end := time.Now().Add(time.Minute); b.evaluate(js) != true; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("not within a minute: %s", js)
		}
	}
}

func (b *browser) screenshot(file string) {
	picture := b.call("Page.captureScreenshot", object{"captureBeyondViewport": true, "format": "png"})
	check(os.WriteFile(file, must(base64.StdEncoding.DecodeString(picture["data"].(string))), 0o644))
}

// demo registers sockets in several conditions, with traffic until stop is called.
func demo(t *testing.T, r *zmqstat.Registry) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	tick := func(every time.Duration, f func()) {
		go func() {
			for ctx.Err() == nil {
				f()
				time.Sleep(every)
			}
		}()
	}
	quick := func() *zmq.Options { return &zmq.Options{Linger: zmq.NoLinger} }

	pub := must(zmq.NewPub(quick()))
	r.Add("quotes", pub.Socket)
	ep := must(pub.Bind("tcp://127.0.0.1:*"))
	for i := range 3 {
		sub := must(zmq.NewSub(quick()))
		t.Cleanup(func() { sub.Close() })
		for _, topic := range []string{"eur", "usd", "btc"}[:i+1] {
			check(sub.Subscribe(topic))
		}
		check(sub.Connect(ep))
		go func() {
			for range sub.Messages(ctx) {
			}
		}()
	}
	tick(time.Millisecond, func() { pub.TrySend([]byte("eur 1.0842")); pub.TrySend([]byte("btc 64000")) })

	o := quick()
	o.SendHWM = 100
	push := must(zmq.NewPush(o))
	r.Add("jobs", push.Socket)
	must(push.Bind("inproc://jobs"))
	for i := range 2 {
		pull := must(zmq.NewPull(&zmq.Options{RecvHWM: 100}))
		t.Cleanup(func() { pull.Close() })
		check(pull.Connect("inproc://jobs"))
		tick(time.Duration(3+i)*time.Millisecond, func() { pull.TryRecv() })
	}
	tick(time.Millisecond, func() { push.TrySend(make([]byte, 200)) })

	router := must(zmq.NewRouter(quick()))
	r.Add("orders", router.Socket)
	ep = must(router.Bind("tcp://127.0.0.1:*"))
	for _, id := range []string{"worker-eu-1", "worker-eu-2", hostileID, "\x00\xffbinary"[1:]} {
		d := must(zmq.NewDealer(&zmq.Options{RoutingID: id, Linger: zmq.NoLinger}))
		t.Cleanup(func() { d.Close() })
		check(d.Connect(ep))
		tick(20*time.Millisecond, func() { d.TrySend([]byte("order")); d.TryRecv() })
	}
	tick(time.Millisecond, func() {
		if m, err := router.TryRecv(); err == nil {
			router.TrySendTo(m.RoutingID(), []byte("ok"))
		}
	})

	audit := must(zmq.NewPush(quick()))
	r.Add("audit", audit.Socket)
	check(audit.Connect("tcp://127.0.0.1:9"))

	return func() {
		cancel()
		for _, s := range []zmq.Socket{pub.Socket, push.Socket, router.Socket, audit.Socket} {
			s.Close()
		}
	}
}
