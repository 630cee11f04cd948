package zap_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/zap"
)

// The fuzz targets split their input into frames at this separator, which makes
// seeds readable and frames without it reachable.
const separator = "|"

func split(input string) [][]byte {
	if input == "" {
		return nil
	}
	return frames(strings.Split(input, separator)...)
}

func FuzzParseRequest(f *testing.F) {
	f.Fuzz(func(t *testing.T, input string) {
		in := split(input)
		r, err := zap.ParseRequest(in)
		reply := r.Reply(zap.Reply{Status: zap.StatusDenied})
		if _, err := zap.ParseReply(reply, r.ID); err != nil {
			t.Fatalf("%q is answered with %q: %v", in, reply, err)
		}
		if err != nil {
			if !errors.Is(err, zap.ErrMalformedRequest) && !errors.Is(err, zap.ErrVersion) {
				t.Fatalf("%q: error %v", in, err)
			}
			if r.Mechanism != "" || r.Credentials != nil {
				t.Fatalf("%q: %v and request %v", in, err, r)
			}
			return
		}
		if out := r.Frames(); !slices.EqualFunc(out, in, bytes.Equal) {
			t.Fatalf("%q decodes and encodes to %q", in, out)
		}
		if _, ok := r.PublicKey(); ok != (r.Mechanism == "CURVE") || r.Mechanism == "PLAIN" && r.Username() != string(in[6]) {
			t.Fatalf("%q has public key %v, username %q", in, ok, r.Username())
		}
	})
}

func FuzzParseReply(f *testing.F) {
	f.Fuzz(func(t *testing.T, input, id string) {
		in := split(input)
		r, err := zap.ParseReply(in, id)
		if err != nil {
			matched := 0
			for _, want := range []error{zap.ErrMalformedReply, zap.ErrVersion, zap.ErrRequestID, zap.ErrStatus, zap.ErrMetadata} {
				if errors.Is(err, want) {
					matched++
				}
			}
			if matched != 1 || !reflect.DeepEqual(r, zap.Reply{}) {
				t.Fatalf("%q: reply %+v, error %v matches %d errors", in, r, err, matched)
			}
			return
		}
		if !r.Status.Valid() || string(in[2]) != string(r.Status) || string(in[1]) != id || string(in[4]) != r.UserID {
			t.Fatalf("%q decodes to %+v", in, r)
		}
		size := 0
		for name, value := range r.Metadata {
			size += 1 + len(name) + 4 + len(value)
		}
		if size > len(in[5]) {
			t.Fatalf("%q decodes to %q", in[5], r.Metadata)
		}
		// What we can send is what we have received.
		out := zap.Request{ID: id}.Reply(r)
		again, err := zap.ParseReply(out, id)
		if err != nil {
			t.Fatalf("%+v encodes to %q: %v", r, out, err)
		}
		if again.Status == zap.StatusAccepted && (again.UserID != r.UserID || !reflect.DeepEqual(again.Metadata, r.Metadata)) {
			t.Fatalf("%+v encodes to %+v", r, again)
		}
		if again.Status == zap.StatusAccepted && r.Status != zap.StatusAccepted {
			t.Fatalf("status %s is sent as %s", r.Status, again.Status)
		}
	})
}
