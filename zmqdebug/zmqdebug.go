// Package zmqdebug serves a page that shows the sockets of a program: their
// endpoints, peers, queues and high-water marks, rates, drops and failures.
//
//	var sockets zmqstat.Registry
//	sockets.Add("orders", pull.Socket)
//	http.Handle("/debug/zmq", zmqdebug.Handler(&sockets))
//
// Nothing is served unless the program mounts the handler. The page shows the
// addresses, routing IDs and user IDs of peers, and the text of errors, but no
// message and no key. Serve it only to operators: on a loopback address, or behind
// authentication. The package does not know how counters are collected.
package zmqdebug

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/zerobroker/zmq/zmqstat"
)

const (
	// maxPeers is how many peers of each socket are shown.
	maxPeers = 100
	// maxAge is how long counters that one request has collected are shown to
	// others, so that many clients cost the sockets no more than one.
	maxAge = 250 * time.Millisecond
)

// Handler returns a handler that shows the open sockets of a registry: as a page
// that refreshes itself every two seconds or, with the query format=json or if the
// Accept header prefers application/json, as the JSON of a [Report]. It allows only
// GET and HEAD, changes nothing, and is the same at every path. A client that reads
// slowly delays no other and no socket: the response is complete before it is
// written. Handler panics if r is nil.
func Handler(r *zmqstat.Registry) http.Handler {
	if r == nil {
		panic("zmqdebug: Handler with a nil Registry")
	}
	return &handler{registry: r}
}

// Report is what the handler shows.
type Report struct {
	Time    time.Time        `json:"time"`
	Sockets []zmqstat.Socket `json:"sockets"` // each with at most 100 peers
}

type handler struct {
	registry *zmqstat.Registry

	mu   sync.Mutex // held while counters are collected, never while they are written
	last Report
}

// report returns counters that are at most maxAge old.
func (h *handler) report() Report {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := time.Now(); now.Sub(h.last.Time) >= maxAge {
		h.last = Report{now, h.registry.Sockets(maxPeers)}
	}
	return h.last
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		head.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD are allowed", http.StatusMethodNotAllowed)
		return
	}
	head.Set("Vary", "Accept")
	var body bytes.Buffer
	var err error
	switch wantsJSON, known := format(r); {
	case !known:
		http.Error(w, "unknown format: use format=json or format=html", http.StatusBadRequest)
		return
	case wantsJSON:
		head.Set("Content-Type", "application/json")
		err = json.NewEncoder(&body).Encode(h.report())
	default:
		nonce := rand.Text()
		head.Set("Content-Type", "text/html; charset=utf-8")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "+
			"connect-src 'self'; script-src 'nonce-"+nonce+"'; style-src 'nonce-"+nonce+"'")
		err = page.Execute(&body, newView(h.report(), nonce))
	}
	if err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	head.Set("Content-Length", fmt.Sprint(body.Len()))
	if r.Method == http.MethodGet {
		w.Write(body.Bytes()) // an error is the client's
	}
}

// format reports whether a request asks for JSON, and whether its format is known.
func format(r *http.Request) (wantsJSON, known bool) {
	switch f := r.URL.Query().Get("format"); f {
	case "json", "html":
		return f == "json", true
	case "":
	default:
		return false, false
	}
	// A browser prefers HTML; a program that wants JSON names it first.
	for _, accept := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(accept, ",") {
			switch kind, _, _ := mime.ParseMediaType(part); kind {
			case "application/json":
				return true, true
			case "text/html":
				return false, true
			}
		}
	}
	return false, true
}

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"number": number,
	"bytes":  byteCount,
}).Parse(pageText))
