package mechanism_test

import (
	"bytes"
	"testing"

	"golang.org/x/crypto/nacl/box"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
)

// The targets in this file are of a peer that has all keys of its connection: what
// it sends decrypts, and the fuzzer makes the content.

// wellFormed reports whether metadata can be parsed.
func wellFormed(metadata []byte) bool {
	return wire.WalkProperties(metadata, func(_, _ []byte) error { return nil }) == nil
}

// FuzzCurveInitiateContent: a server accepts an INITIATE only with the vouch of its
// connection and well-formed metadata.
func FuzzCurveInitiateContent(f *testing.F) {
	r := newReference()
	vouch := box.Seal(nil, concat(r.vouchClient[:], r.vouchServer[:]), nonce24("VOUCH---", r.vouchNonce[:]), &r.serverTransientPublic, &r.vouchSecret)
	proved := concat(r.initiateClient[:], r.vouchNonce[:], vouch)
	f.Add(uint64(2), concat(proved, r.clientMetadata))
	f.Add(uint64(2), concat(proved, r.clientMetadata[:4]))
	f.Add(uint64(1), concat(proved, r.clientMetadata))
	f.Add(uint64(2), proved)
	f.Add(uint64(2), proved[:127])
	for _, point := range lowOrderPoints() {
		f.Add(uint64(3), concat(point[:], proved[32:]))
	}
	f.Fuzz(func(t *testing.T, count uint64, content []byte) {
		n := be64(count)
		sealed := box.Seal(nil, content, nonce24("CurveZMQINITIATE", n), &r.serverTransientPublic, &r.clientTransient)
		m := serverAfter(1)
		err := m.Receive(concat([]byte("\x08INITIATE"), r.makeCookie(), n, sealed))
		metadata, valid := bytes.CutPrefix(content, proved)
		if valid = valid && count > r.helloCount && wellFormed(metadata); (err == nil) != valid || err != nil && !isReceiveError(err) {
			t.Fatalf("count %d and content %x: %v", count, content, err)
		}
		if waiting := m.Status() == mechanism.Waiting; waiting != valid {
			t.Fatalf("waiting for a verdict: %v", waiting)
		}
		if valid && (m.Credentials().PublicKey != r.clientPublic || !bytes.Equal(m.Credentials().Metadata, metadata)) {
			t.Fatalf("credentials %v, metadata %x", m.Credentials(), metadata)
		}
	})
}

// FuzzCurveServerContent: a client accepts the content of a WELCOME of the right
// size whose key is usable, and of a READY with well-formed metadata.
func FuzzCurveServerContent(f *testing.F) {
	r := newReference()
	f.Add(concat(r.welcomePublic[:], r.makeCookie()), r.serverMetadata)
	f.Add(concat(r.welcomePublic[:], r.makeCookie())[:127], []byte{})
	f.Add(concat(r.welcomePublic[:], r.makeCookie()), r.serverMetadata[:3])
	for _, point := range lowOrderPoints() {
		f.Add(concat(point[:], r.makeCookie()), []byte{})
	}
	f.Fuzz(func(t *testing.T, content, metadata []byte) {
		sealed := box.Seal(nil, content, nonce24("WELCOME-", r.welcomeNonce[:]), &r.clientTransientPublic, &r.server)
		m := clientAfter(0)
		err := m.Receive(concat([]byte("\x07WELCOME"), r.welcomeNonce[:], sealed))
		initiate, sends := m.Next(nil)
		valid := len(content) == 128
		if valid {
			_, keyErr := mechanism.NewCurveServerKey([32]byte(content)) // refuses points of low order
			valid = keyErr == nil
		}
		if (err == nil) != valid || sends != valid || err != nil && !isReceiveError(err) {
			t.Fatalf("WELCOME with content %x: %v, sends %v", content, err, sends)
		}
		if valid && !bytes.HasPrefix(initiate, concat([]byte("\x08INITIATE"), content[32:])) {
			t.Fatalf("INITIATE %x without the cookie %x", initiate, content[32:])
		}

		m = clientAfter(1)
		n := be64(r.readyCount)
		sealed = box.Seal(nil, metadata, nonce24("CurveZMQREADY---", n), &r.clientTransientPublic, &r.serverTransient)
		err = m.Receive(concat([]byte("\x05READY"), n, sealed))
		if valid := wellFormed(metadata); (err == nil) != valid || (m.Status() == mechanism.Complete) != valid {
			t.Fatalf("READY with metadata %x: %v", metadata, err)
		}
	})
}
