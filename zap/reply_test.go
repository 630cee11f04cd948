package zap_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/zap"
)

// replies are replies with their frames. The first is the example of the
// specification. https://rfc.zeromq.org/spec/27/#example-exchanges
var replies = []struct {
	id     string
	reply  zap.Reply
	frames [][]byte
}{
	{"0001", zap.Reply{Status: zap.StatusAccepted, Text: "OK", UserID: "joe"}, frames("1.0", "0001", "200", "OK", "joe", "")},
	{"1", zap.Reply{Status: zap.StatusTemporary, Text: "busy"}, frames("1.0", "1", "300", "busy", "", "")},
	{"", zap.Reply{Status: zap.StatusDenied}, frames("1.0", "", "400", "", "", "")},
	{"\x00\xff", zap.Reply{Status: zap.StatusInternalError, Text: "disk full"}, frames("1.0", "\x00\xff", "500", "disk full", "", "")},
	{
		"1",
		zap.Reply{Status: zap.StatusAccepted, Metadata: map[string]string{"b": "", "A": "1", "a-_.+9": "\x00\xff"}},
		frames("1.0", "1", "200", "", "", "\x01A\x00\x00\x00\x011"+"\x06a-_.+9\x00\x00\x00\x02\x00\xff"+"\x01b\x00\x00\x00\x00"),
	},
}

func TestReplyEncodesAndDecodes(t *testing.T) {
	for _, tt := range replies {
		f := zap.Request{ID: tt.id, Version: "ignored"}.Reply(tt.reply)
		if !slices.EqualFunc(f, tt.frames, slices.Equal) {
			t.Errorf("%+v encodes to %q, want %q", tt.reply, f, tt.frames)
		}
		got, err := zap.ParseReply(tt.frames, tt.id)
		if err != nil || !reflect.DeepEqual(got, tt.reply) {
			t.Errorf("%q decodes to %+v, %v", tt.frames, got, err)
		}
	}
}

// TestReplyAnswersMalformedRequest: a REP that does not reply receives no other
// request.
func TestReplyAnswersMalformedRequest(t *testing.T) {
	for _, tt := range []struct {
		request [][]byte
		id      string
	}{
		{nil, ""}, {frames("2.0"), ""}, {frames("2.0", "7"), "7"}, {frames("1.0", "7", "", "", "", ""), "7"},
	} {
		r, err := zap.ParseRequest(tt.request)
		if err == nil {
			t.Fatalf("%q is accepted", tt.request)
		}
		f := r.Reply(zap.Reply{Status: zap.StatusInternalError, Text: err.Error()})
		if got, err := zap.ParseReply(f, tt.id); err != nil || got.Status != zap.StatusInternalError || got.Text == "" {
			t.Errorf("%q is answered with %q, %v", tt.request, f, err)
		}
	}
}

// TestParseReplyReportsErrorsOfLibzmq has an error for each of libzmq's
// ZMQ_PROTOCOL_ERROR_ZAP values.
func TestParseReplyReportsErrorsOfLibzmq(t *testing.T) {
	good := replies[0].frames
	with := func(i int, s string) [][]byte {
		f := slices.Clone(good)
		f[i] = []byte(s)
		return f
	}
	type test struct {
		frames [][]byte
		want   error
		text   string
	}
	tests := []test{
		{append(frames(""), good...), zap.ErrMalformedReply, "7 frames, want 6"},
		{append(slices.Clone(good), []byte("x")), zap.ErrMalformedReply, "7 frames"},
		{with(1, "0002"), zap.ErrRequestID, `"0002", want "0001"`},
		{with(1, ""), zap.ErrRequestID, `""`},
		{with(1, "00010"), zap.ErrRequestID, `"00010"`},
	}
	for n := range 6 {
		tests = append(tests, test{good[:n], zap.ErrMalformedReply, fmt.Sprintf("%d frames", n)})
	}
	for _, version := range []string{"", "1", "1.", "1.1", "2.0", "1.0 ", "1.0\x00"} {
		tests = append(tests, test{with(0, version), zap.ErrVersion, fmt.Sprintf("%q", version)})
	}
	for _, status := range []string{"", "2", "20", "2000", "201", "000", "100", "600", "250", " 200", "OK", "\x00\x00\x00"} {
		tests = append(tests, test{with(2, status), zap.ErrStatus, fmt.Sprintf("%q", status)})
	}
	for _, tt := range []struct{ metadata, text string }{
		{"\x00", "name of 0 bytes"},
		{"\x00\x00\x00\x00\x00", "name of 0 bytes"},
		{"\x01", "name of 1 bytes"},
		{"\x02a", "name of 2 bytes"},
		{"\x01a", `"a" has no value size`},
		{"\x01a\x00\x00\x00", `"a" has no value size`},
		{"\x01a\x00\x00\x00\x01", "has 1 bytes, which run past"},
		{"\x01a\x7f\xff\xff\xff", "has 2147483647 bytes"},
		{"\x01a\xff\xff\xff\xff", "has 4294967295 bytes"},
		{"\x01a\x00\x00\x00\x00\x05", "name of 5 bytes"},
		{metadataOf(zap.MaxMetadata + 1), "65537 bytes, want at most 65536"},
	} {
		tests = append(tests, test{with(5, tt.metadata), zap.ErrMetadata, tt.text})
	}
	for _, tt := range tests {
		got, err := zap.ParseReply(tt.frames, "0001")
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) || !reflect.DeepEqual(got, zap.Reply{}) {
			t.Errorf("%.40q: %+v, error %v, want one about %s", tt.frames, got, err, tt.text)
		}
		for _, other := range []error{zap.ErrMalformedReply, zap.ErrVersion, zap.ErrRequestID, zap.ErrStatus, zap.ErrMetadata} {
			if other != tt.want && errors.Is(err, other) {
				t.Errorf("error %v also matches %v", err, other)
			}
		}
	}
}

// metadataOf returns metadata of n bytes: one property.
func metadataOf(n int) string {
	n -= 1 + 1 + 4
	return "\x01m" + string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + strings.Repeat("v", n)
}

// TestParseReplyChecksInTheOrderOfLibzmq: of several errors, the first counts.
func TestParseReplyChecksInTheOrderOfLibzmq(t *testing.T) {
	bad := frames("0", "x", "0", "", "", "\x00")
	for i, want := range []error{zap.ErrVersion, zap.ErrRequestID, zap.ErrStatus, nil, nil, zap.ErrMetadata} {
		if want == nil {
			continue
		}
		if _, err := zap.ParseReply(bad, "0001"); !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
		bad[i] = replies[0].frames[i]
	}
	if _, err := zap.ParseReply(bad, "0001"); err != nil {
		t.Error(err)
	}
}

// TestParseReplyUsesFirstOfDuplicateProperties: names that differ only in the
// case of ASCII letters are equal. A Kelvin sign is not a k.
func TestParseReplyUsesFirstOfDuplicateProperties(t *testing.T) {
	f := frames("1.0", "1", "200", "", "", "\x01a\x00\x00\x00\x011\x01b\x00\x00\x00\x00\x01A\x00\x00\x00\x012\x01a\x00\x00\x00\x013"+
		"\x01k\x00\x00\x00\x014\x03\u212a\x00\x00\x00\x015")
	got, err := zap.ParseReply(f, "1")
	if want := map[string]string{"a": "1", "b": "", "k": "4", "\u212a": "5"}; err != nil || !maps.Equal(got.Metadata, want) {
		t.Errorf("metadata %q, %v", got.Metadata, err)
	}
}

func TestParseReplyCopiesFrames(t *testing.T) {
	f := frames("1.0", "1", "200", "text", "user", "\x01a\x00\x00\x00\x011")
	got, err := zap.ParseReply(f, "1")
	for _, b := range f {
		clear(b)
	}
	want := zap.Reply{Status: zap.StatusAccepted, Text: "text", UserID: "user", Metadata: map[string]string{"a": "1"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestInvalidReplyIsSentAsInternalError(t *testing.T) {
	long := strings.Repeat("u", 256)
	ok := zap.StatusAccepted
	for _, tt := range []struct {
		reply zap.Reply
		text  string
	}{
		{zap.Reply{UserID: "joe"}, `status code in ZAP reply: ""`},
		{zap.Reply{Status: "201", UserID: "joe"}, `"201"`},
		{zap.Reply{Status: ok, UserID: long}, "user ID of 256 bytes"},
		{zap.Reply{Status: ok, Metadata: map[string]string{"": "v"}}, `property name ""`},
		{zap.Reply{Status: ok, Metadata: map[string]string{"a b": "v"}}, `property name "a b"`},
		{zap.Reply{Status: ok, Metadata: map[string]string{"ä": "v"}}, "property name"},
		{zap.Reply{Status: ok, Metadata: map[string]string{"a\xff": "v"}}, "property name"},
		{zap.Reply{Status: ok, Metadata: map[string]string{long: "v"}}, "property name"},
		{zap.Reply{Status: ok, Metadata: map[string]string{"Name": "1", "name": "2"}}, `property "name" twice`},
		{zap.Reply{Status: ok, Metadata: map[string]string{"m": strings.Repeat("v", zap.MaxMetadata-5)}}, "more than 65536 bytes"},
		{zap.Reply{Status: ok, Metadata: map[string]string{"a": strings.Repeat("v", zap.MaxMetadata/2), "b": strings.Repeat("v", zap.MaxMetadata/2)}}, "more than"},
	} {
		f := zap.Request{ID: "1"}.Reply(tt.reply)
		got, err := zap.ParseReply(f, "1")
		if err != nil || got.Status != zap.StatusInternalError || got.UserID != "" || got.Metadata != nil || !strings.Contains(got.Text, tt.text) {
			t.Errorf("%.80v is sent as %+v, %v, want a text about %q", tt.reply, got, err, tt.text)
		}
	}
}

// TestReplyLimitsAreInclusive: the longest fields that are allowed are sent.
func TestReplyLimitsAreInclusive(t *testing.T) {
	max := strings.Repeat("u", 255)
	for _, reply := range []zap.Reply{
		{Status: zap.StatusAccepted, Text: max, UserID: max, Metadata: map[string]string{max: "v"}},
		{Status: zap.StatusAccepted, Metadata: map[string]string{"m": strings.Repeat("v", zap.MaxMetadata-6)}},
	} {
		got, err := zap.ParseReply(zap.Request{}.Reply(reply), "")
		if err != nil || !reflect.DeepEqual(got, reply) {
			t.Errorf("%.80v is sent as %.80v, %v", reply, got, err)
		}
	}
}

// TestReplySendsUserOnlyIfAccepted: "For other statuses, it SHALL be empty".
// https://rfc.zeromq.org/spec/27/#message-format
func TestReplySendsUserOnlyIfAccepted(t *testing.T) {
	for _, status := range []zap.Status{zap.StatusTemporary, zap.StatusDenied, zap.StatusInternalError} {
		f := zap.Request{}.Reply(zap.Reply{Status: status, Text: "t", UserID: strings.Repeat("u", 300), Metadata: map[string]string{"": ""}})
		if got, err := zap.ParseReply(f, ""); err != nil || !reflect.DeepEqual(got, zap.Reply{Status: status, Text: "t"}) {
			t.Errorf("%s: %+v, %v", status, got, err)
		}
	}
}

func TestReplyTruncatesTextBetweenCharacters(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{strings.Repeat("x", 256), strings.Repeat("x", 255)},
		{strings.Repeat("x", 253) + "äö", strings.Repeat("x", 253) + "ä"},
		{strings.Repeat("x", 254) + "ä", strings.Repeat("x", 254)},
		{strings.Repeat("x", 252) + "\U0001F512", strings.Repeat("x", 252)},
		{strings.Repeat("\x80", 300), strings.Repeat("\x80", 251)},
	} {
		f := zap.Request{}.Reply(zap.Reply{Status: zap.StatusDenied, Text: tt.text})
		if string(f[3]) != tt.want {
			t.Errorf("%q is sent as %q", tt.text, f[3])
		}
	}
}

func TestEqualRepliesHaveEqualFrames(t *testing.T) {
	reply := zap.Reply{Status: zap.StatusAccepted, Metadata: map[string]string{}}
	for i := range 26 {
		reply.Metadata[string(rune('a'+i))] = "v"
	}
	first := zap.Request{}.Reply(reply)
	for range 100 {
		if f := (zap.Request{}).Reply(reply); !slices.EqualFunc(f, first, slices.Equal) {
			t.Fatalf("%q, then %q", first, f)
		}
	}
}

func TestStatusIsValidOnlyForCodesOfZAP(t *testing.T) {
	var valid []string
	for i := range 1000 {
		if s := fmt.Sprintf("%03d", i); zap.Status(s).Valid() {
			valid = append(valid, s)
		}
	}
	if want := []string{"200", "300", "400", "500"}; !slices.Equal(valid, want) {
		t.Errorf("valid: %q", valid)
	}
}
