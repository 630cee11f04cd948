package zhttp

import (
	"cmp"
	"net/http"
	"time"
)

// Target says how a peer such as zurl carries out requests.
type Target struct {
	// ConnectHost and ConnectPort are the host and the port that the peer connects to in
	// place of those of the URL. Default those of the URL.
	ConnectHost string
	ConnectPort int

	// IgnorePolicies asks the peer to ignore its rules about which requests are allowed.
	// IgnoreTLSErrors asks it not to verify the certificates of servers.
	IgnorePolicies, IgnoreTLSErrors bool
}

func (t Target) valid() bool { return 0 <= t.ConnectPort && t.ConnectPort <= 65535 }

// encode adds the fields that are set.
func (t Target) encode(d dict) {
	if t.ConnectHost != "" {
		d["connect-host"] = t.ConnectHost
	}
	if t.ConnectPort != 0 {
		d["connect-port"] = t.ConnectPort
	}
	if t.IgnorePolicies {
		d["ignore-policies"] = true
	}
	if t.IgnoreTLSErrors {
		d["ignore-tls-errors"] = true
	}
}

// encodeRequest returns the fields of a request that both arrangements have.
func encodeRequest(r *http.Request, id string, body []byte) dict {
	u := *r.URL
	u.Fragment, u.RawFragment, u.User = "", "", nil
	headers := r.Header.Clone()
	if r.Host != "" && r.Host != u.Host {
		if headers == nil {
			headers = http.Header{}
		}
		headers.Set("Host", r.Host)
	}
	d := dict{"id": id, "method": cmp.Or(r.Method, http.MethodGet), "uri": u.String(), "headers": headerList(headers)}
	if len(body) > 0 {
		d["body"] = body
	}
	if deadline, ok := r.Context().Deadline(); ok {
		d["timeout"] = max(1, time.Until(deadline).Milliseconds())
	}
	return d
}

// removePerConnection removes the header fields of a response that concern the
// connection between the peer and the HTTP server.
func removePerConnection(h http.Header) {
	for _, name := range perConnection {
		if name != "Content-Length" {
			h.Del(name)
		}
	}
}
