package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// versioned returns the first 11 bytes of the greeting of a peer with a
// version.
func versioned(revision byte) []byte { return append(AppendSignature(nil, 0), revision) }

// greetingV3 returns a complete 3.x greeting, built without the functions under
// test.
func greetingV3(revision, minor byte, mechanism string, asServer byte) []byte {
	b := append(versioned(revision), minor)
	b = append(b, mechanism...)
	b = append(b, make([]byte, 20-len(mechanism))...)
	b = append(b, asServer)
	return append(b, make([]byte, 31)...)
}

// TestOurGreetingHasExpectedBytes checks the format in
// https://rfc.zeromq.org/spec/37/#formal-grammar
func TestOurGreetingHasExpectedBytes(t *testing.T) {
	got := AppendGreetingV3Tail(AppendRevision(AppendSignature(nil, 0)), "NULL", false)
	want := "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f" + "\x03\x01" +
		"NULL" + strings.Repeat("\x00", 16) + "\x00" + strings.Repeat("\x00", 31)
	if string(got) != want || len(got) != GreetingLen {
		t.Errorf("NULL greeting\n got %x\nwant %x", got, want)
	}
	got = AppendGreetingV3Tail(AppendRevision(AppendSignature(nil, 5)), "CURVE", true)
	want = "\xff\x00\x00\x00\x00\x00\x00\x00\x06\x7f" + "\x03\x01" +
		"CURVE" + strings.Repeat("\x00", 15) + "\x01" + strings.Repeat("\x00", 31)
	if string(got) != want || len(got) != GreetingLen {
		t.Errorf("CURVE server greeting\n got %x\nwant %x", got, want)
	}
	const dealer = 5
	got = AppendGreetingV2Tail(AppendRevision(AppendSignature(nil, 0)), dealer)
	want = "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x05"
	if string(got) != want || len(got) != GreetingLenV2 {
		t.Errorf("2.0 greeting\n got %x\nwant %x", got, want)
	}
}

// TestSignatureIsHeaderOfIdentityFrame: a ZMTP 1.0 peer reads our signature as
// the header of a long frame, whose body is our routing ID.
// https://rfc.zeromq.org/spec/15/#backwards-interoperability
func TestSignatureIsHeaderOfIdentityFrame(t *testing.T) {
	for _, size := range []int{0, 1, 5, 255} {
		_, got, n := ConsumeFrameHeaderV1(AppendSignature(nil, size))
		if got != uint64(size) || n != SignatureLen {
			t.Errorf("routing ID of %d bytes: a 1.0 peer decodes a header of %d bytes and a body of %d", size, n, got)
		}
	}
}

func TestClassifyReturnsStep(t *testing.T) {
	tests := []struct {
		in   string
		want GreetingStep
	}{
		{"", NeedMore},
		{"\x01", Unversioned},
		{"\x00", Unversioned}, // a malformed frame, which Classify does not check
		{"\xfe\x00", Unversioned},
		{"\xff", NeedMore},
		{"\xff\x00\x00\x00\x00\x00\x00\x00\x01", NeedMore},
		{"\xff\x00\x00\x00\x00\x00\x00\x01\x01\x00", Unversioned}, // identity of 256 bytes
		{"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7e", Unversioned}, // only bit 0 decides
		{"\xff\x00\x00\x00\x00\x00\x00\x00\x00\x7f", SignatureSeen},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", SignatureSeen}, // padding is ignored
		{"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x00", RevisionV1},
		{"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01", RevisionV2},
		{"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x02", RevisionV3}, // as in libzmq
		{"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03", RevisionV3},
		{"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\xff", RevisionV3},
	}
	for _, tt := range tests {
		if got := Classify([]byte(tt.in)); got != tt.want {
			t.Errorf("Classify(%x) = %d, want %d", tt.in, got, tt.want)
		}
	}
}

// TestFirstByteDeterminesUnversionedPeer covers every first byte except FF.
// https://rfc.zeromq.org/spec/15/#backwards-interoperability
func TestFirstByteDeterminesUnversionedPeer(t *testing.T) {
	for first := range 255 {
		g, n, ok := ConsumeGreeting([]byte{byte(first)})
		if !ok || n != 0 || g.Version != V1 || !g.Unversioned {
			t.Errorf("first byte %02x: %+v, %d, %v", first, g, n, ok)
		}
	}
}

// TestRevisionAndMinorDetermineVersion covers every revision with every minor.
func TestRevisionAndMinorDetermineVersion(t *testing.T) {
	for revision := range 256 {
		for minor := range 256 {
			b := greetingV3(byte(revision), byte(minor), "NULL", 0)
			want, wantN := Greeting{Version: V3_1, Minor: byte(minor), Mechanism: padMechanism("NULL")}, GreetingLen
			switch {
			case revision == 0:
				want, wantN = Greeting{Version: V1, SocketType: byte(minor)}, GreetingLenV2
			case revision == 1:
				want, wantN = Greeting{Version: V2, SocketType: byte(minor)}, GreetingLenV2
			case revision == 3 && minor == 0:
				want.Version = V3_0
			}
			if g, n, ok := ConsumeGreeting(b); !ok || n != wantN || g != want {
				t.Fatalf("revision %d.%d: %+v, %d, %v", revision, minor, g, n, ok)
			}
			if minor > 1 {
				continue // truncation does not depend on the minor
			}
			for cut := range wantN {
				if _, n, ok := ConsumeGreeting(b[:cut]); ok || n != 0 {
					t.Fatalf("revision %d.%d truncated to %d bytes: %d, %v", revision, minor, cut, n, ok)
				}
			}
		}
	}
}

func TestGreetingHasMechanismAndAsServer(t *testing.T) {
	g, _, _ := ConsumeGreeting(greetingV3(3, 1, "CURVE", 1))
	if !g.AsServer || !g.IsMechanism("CURVE") || g.IsMechanism("CURV") || g.IsMechanism("NULL") {
		t.Errorf("CURVE server: %+v", g)
	}
	filler := greetingV3(3, 1, "PLAIN", 0)
	copy(filler[33:], bytes.Repeat([]byte{0xAA}, 31)) // the filler is ignored
	if g, n, ok := ConsumeGreeting(filler); !ok || n != GreetingLen || !g.IsMechanism("PLAIN") || g.AsServer {
		t.Errorf("filler of AA: %+v, %d, %v", g, n, ok)
	}
}

// TestMechanismNameAllowsOnlyZerosAfterName covers the cases of CVE-2014-7202.
func TestMechanismNameAllowsOnlyZerosAfterName(t *testing.T) {
	tests := []struct {
		field string
		name  string
		ok    bool
	}{
		{"NULL", "NULL", true},
		{"CURVE", "CURVE", true},
		{"A-Z_0.9+", "A-Z_0.9+", true},
		{"ABCDEFGHIJKLMNOPQRST", "ABCDEFGHIJKLMNOPQRST", true}, // 20 bytes, no padding
		{"", "", false},
		{"NULL\x00X", "", false},
		{"NULL\x00NULL", "", false},
		{"\x00NULL", "", false},
		{"null", "", false},
		{"NULL ", "", false},
		{"NU\xffL", "", false},
		{"ABCDEFGHIJKLMNOPQRS\n", "", false},
	}
	for _, tt := range tests {
		g, _, _ := ConsumeGreeting(greetingV3(3, 1, tt.field, 0))
		if name, ok := g.MechanismName(); name != tt.name || ok != tt.ok {
			t.Errorf("%q: name %q, %v, want %q, %v", tt.field, name, ok, tt.name, tt.ok)
		}
		if tt.field != "NULL" && g.IsMechanism("NULL") {
			t.Errorf("%q is accepted as NULL", tt.field)
		}
	}
}

func TestVersionsAreOrderedAndPrinted(t *testing.T) {
	if V1 >= V2 || V2 >= V3_0 || V3_0 >= V3_1 {
		t.Error("an older version is not less than a newer one")
	}
	got := fmt.Sprint(V1, V2, V3_0, V3_1, Version(0), Version(9))
	if want := "1.0 2.0 3.0 3.1 unknown unknown"; got != want {
		t.Errorf("versions print as %s, want %s", got, want)
	}
}

func TestEncodingTooLongMechanismPanics(t *testing.T) {
	defer func() {
		if r, _ := recover().(string); !strings.HasPrefix(r, "zmq: internal:") {
			t.Errorf("panic value %q", r)
		}
	}()
	AppendGreetingV3Tail(nil, "ABCDEFGHIJKLMNOPQRSTU", false)
}
