package zap_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/zap"
)

// frames returns strings as frames.
func frames(s ...string) [][]byte {
	f := [][]byte{}
	for _, s := range s {
		f = append(f, []byte(s))
	}
	return f
}

var key = strings.Repeat("k", 32)

// requests are a request of each mechanism, with its frames. The first two are
// the examples of the specification.
// https://rfc.zeromq.org/spec/27/#example-exchanges
var requests = []struct {
	request zap.Request
	frames  [][]byte
}{
	{
		zap.Request{Version: "1.0", ID: "0001", Domain: "test", Address: "192.168.55.1", RoutingID: []byte("BOB"), Mechanism: "NULL", Credentials: [][]byte{}},
		frames("1.0", "0001", "test", "192.168.55.1", "BOB", "NULL"),
	}, {
		zap.Request{Version: "1.0", ID: "0001", Domain: "test", Address: "192.168.55.1", RoutingID: []byte("BOB"), Mechanism: "PLAIN", Credentials: frames("admin", "secret")},
		frames("1.0", "0001", "test", "192.168.55.1", "BOB", "PLAIN", "admin", "secret"),
	}, {
		zap.Request{Version: "1.0", ID: "1", Address: "::1", RoutingID: []byte{}, Mechanism: "PLAIN", Credentials: frames("", "")},
		frames("1.0", "1", "", "::1", "", "PLAIN", "", ""),
	}, {
		zap.Request{Version: "1.0", ID: "\x00\xff", RoutingID: []byte{}, Mechanism: "CURVE", Credentials: frames(key)},
		frames("1.0", "\x00\xff", "", "", "", "CURVE", key),
	}, {
		zap.Request{Version: "1.0", ID: "", RoutingID: []byte{}, Mechanism: "GSSAPI", Credentials: frames("joe@EXAMPLE")},
		frames("1.0", "", "", "", "", "GSSAPI", "joe@EXAMPLE"),
	}, {
		zap.Request{Version: "1.0", ID: "1", RoutingID: []byte{}, Mechanism: "X-OTHER", Credentials: frames("a", "", "c")},
		frames("1.0", "1", "", "", "", "X-OTHER", "a", "", "c"),
	},
}

func TestRequestEncodesAndDecodes(t *testing.T) {
	for _, tt := range requests {
		got, err := zap.ParseRequest(tt.frames)
		if err != nil || !reflect.DeepEqual(got, tt.request) {
			t.Errorf("%q decodes to %v, %v", tt.frames, got, err)
		}
		if f := tt.request.Frames(); !reflect.DeepEqual(f, tt.frames) {
			t.Errorf("%v encodes to %q", tt.request, f)
		}
	}
	if f := (zap.Request{Mechanism: "NULL"}).Frames(); string(f[0]) != "1.0" {
		t.Errorf("a request without a version has version %q", f[0])
	}
}

func TestRequestReturnsCredentialsOfItsMechanismOnly(t *testing.T) {
	for _, tt := range requests {
		r := tt.request
		var username, password string
		if r.Mechanism == "PLAIN" {
			username, password = string(r.Credentials[0]), string(r.Credentials[1])
		}
		if r.Username() != username || r.Password() != password {
			t.Errorf("%v: username %q, password %q", r, r.Username(), r.Password())
		}
		k, ok := r.PublicKey()
		if ok != (r.Mechanism == "CURVE") || ok && string(k[:]) != key || !ok && k != [32]byte{} {
			t.Errorf("%v: public key %q, %v", r, k, ok)
		}
	}
	// ParseRequest returns no such requests, but the fields are exported.
	for _, r := range []zap.Request{
		{}, {Mechanism: "PLAIN"}, {Mechanism: "PLAIN", Credentials: frames("admin")}, {Mechanism: "PLAIN", Credentials: frames("a", "b", "c")},
		{Mechanism: "CURVE"}, {Mechanism: "CURVE", Credentials: frames(key[1:])}, {Mechanism: "CURVE", Credentials: frames(key, key)},
	} {
		if _, ok := r.PublicKey(); ok || r.Username() != "" || r.Password() != "" {
			t.Errorf("%v has credentials", r)
		}
	}
}

func TestParseRequestRefusesMalformedRequests(t *testing.T) {
	long := strings.Repeat("q", 256)
	plain := requests[1].frames
	with := func(i int, s string) [][]byte {
		f := slices.Clone(plain)
		f[i] = []byte(s)
		return f
	}
	tests := []struct {
		name   string
		frames [][]byte
		want   error
		text   string
	}{
		{"nil", nil, zap.ErrMalformedRequest, "0 frames"},
		{"delimiter", append(frames(""), plain...), zap.ErrVersion, `""`},
		{"envelope", append(frames("\x00abcd", ""), plain...), zap.ErrVersion, `"\x00abcd"`},
		{"version empty", with(0, ""), zap.ErrVersion, `""`},
		{"version 1", with(0, "1"), zap.ErrVersion, `"1"`},
		{"version 1.1", with(0, "1.1"), zap.ErrVersion, `"1.1"`},
		{"version 1.00", with(0, "1.00"), zap.ErrVersion, `"1.00"`},
		{"domain", with(2, long), zap.ErrMalformedRequest, "domain of 256"},
		{"address", with(3, long), zap.ErrMalformedRequest, "address of 256"},
		{"routing ID", with(4, long), zap.ErrMalformedRequest, "routing ID of 256"},
		{"mechanism", with(5, long), zap.ErrMalformedRequest, "mechanism of 256"},
		{"no mechanism", with(5, ""), zap.ErrMalformedRequest, "no mechanism"},
		{"NULL with credentials", with(5, "NULL"), zap.ErrMalformedRequest, "2 credentials of mechanism NULL, want 0"},
		{"PLAIN without credentials", plain[:6], zap.ErrMalformedRequest, "0 credentials of mechanism PLAIN, want 2"},
		{"PLAIN without password", plain[:7], zap.ErrMalformedRequest, "1 credentials"},
		{"PLAIN with more", append(slices.Clone(plain), []byte("x")), zap.ErrMalformedRequest, "3 credentials"},
		{"PLAIN username", with(6, long), zap.ErrMalformedRequest, "credential 1 of 256"},
		{"PLAIN password", with(7, long), zap.ErrMalformedRequest, "credential 2 of 256"},
		{"CURVE with two keys", with(5, "CURVE"), zap.ErrMalformedRequest, "2 credentials of mechanism CURVE, want 1"},
		{"CURVE without a key", append(slices.Clone(plain[:5]), []byte("CURVE")), zap.ErrMalformedRequest, "0 credentials"},
		{"CURVE, short key", append(slices.Clone(plain[:5]), frames("CURVE", key[1:])...), zap.ErrMalformedRequest, "public key of 31"},
		{"CURVE, long key", append(slices.Clone(plain[:5]), frames("CURVE", key+"k")...), zap.ErrMalformedRequest, "public key of 33"},
	}
	for n := range 6 {
		tests = append(tests, struct {
			name   string
			frames [][]byte
			want   error
			text   string
		}{fmt.Sprintf("%d frames", n), plain[:n], zap.ErrMalformedRequest, fmt.Sprintf("%d frames", n)})
	}
	for _, tt := range tests {
		r, err := zap.ParseRequest(tt.frames)
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: error %v, want one about %q", tt.name, err, tt.text)
			continue
		}
		for _, secret := range []string{"secret", "qqqq", "kkkk"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: error %v contains a credential", tt.name, err)
			}
		}
		if r.Domain != "" || r.Address != "" || r.RoutingID != nil || r.Mechanism != "" || r.Credentials != nil {
			t.Errorf("%s: request %v is not empty", tt.name, r)
		}
		if len(tt.frames) > 1 && r.ID != string(tt.frames[1]) {
			t.Errorf("%s: request ID %q, want %q", tt.name, r.ID, tt.frames[1])
		}
	}
}

// TestParseRequestAcceptsLongestFields: 255 bytes are the limit.
// https://rfc.zeromq.org/spec/27/#message-format
func TestParseRequestAcceptsLongestFields(t *testing.T) {
	max := strings.Repeat("q", 255)
	for _, f := range [][][]byte{
		frames("1.0", max+max, max, max, max, "PLAIN", max, max),
		frames("1.0", "1", "", "", "", max, max+max),
	} {
		if _, err := zap.ParseRequest(f); err != nil {
			t.Error(err)
		}
	}
}

// TestAppendingToCredentialsKeepsFrames: the frames belong to the caller.
func TestAppendingToCredentialsKeepsFrames(t *testing.T) {
	f := append(slices.Clone(requests[1].frames), []byte("next"))
	r, err := zap.ParseRequest(f[:8])
	if err != nil {
		t.Fatal(err)
	}
	if _ = append(r.Credentials, []byte("X")); string(f[8]) != "next" {
		t.Errorf("the frame after the request is now %q", f[8])
	}
}

func TestRequestIsFormattedWithoutCredentials(t *testing.T) {
	r := requests[1].request
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("request", "request", r)
	slog.New(slog.NewTextHandler(&log, nil)).Info("request", "request", r, "pointer", &r)
	texts := []string{log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, v := range []any{r, &r, []zap.Request{r}, struct{ R zap.Request }{r}} {
			texts = append(texts, fmt.Sprintf(verb, v))
		}
	}
	for _, text := range texts {
		for _, secret := range []string{"secret", "c2VjcmV0", "736563", "115 101 99", "0x73"} {
			if strings.Contains(text, secret) {
				t.Errorf("contains the password: %s", text)
			}
		}
		if !strings.Contains(text, "192.168.55.1") || !strings.Contains(text, "PLAIN") {
			t.Errorf("without address or mechanism: %s", text)
		}
	}
}
