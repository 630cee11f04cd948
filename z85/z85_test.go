package z85_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/zerobroker/zmq/z85"
)

// vectors are encodings that other projects have published.
var vectors = []struct{ source, hex, text string }{
	{"RFC 32, reference implementation", "", ""},
	{"RFC 32, test case", "864fd26fb559f75b", "HelloWorld"},
	{"RFC 32, reference implementation", "8e0bdd697628b91d8f245587ee95c5b04d48963f79259877b49cd9063aead3b7", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"},
	{"libzmq, zmq_curve(7), client public", "bb88471d65e2659b30c55a5321cebb5aab2b70a398645c26dca2b2fcb43fc518", "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"},
	{"libzmq, zmq_curve(7), client secret", "7bb864b489afa3671fbe69101f94b38972f24816dfb01b51656b3fec8dfd0888", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"},
	{"libzmq, zmq_curve(7), server public", "54fcba24e93249969316fb617c872bb0c1d1ff14800427c594cbfacf1bc2d652", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"},
	{"libzmq, tests/test_base85.cpp", "00000000", "00000"},
	{"libzmq, tests/test_base85.cpp", "ffffffff", "%nSc0"},
}

func TestPublishedVectorsEncodeAndDecode(t *testing.T) {
	for _, v := range vectors {
		data, err := hex.DecodeString(v.hex)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := z85.EncodeToString(data); got != v.text || err != nil {
			t.Errorf("%s: EncodeToString(%s) = %q, %v; want %q", v.source, v.hex, got, err, v.text)
		}
		if got, err := z85.DecodeString(v.text); !bytes.Equal(got, data) || err != nil {
			t.Errorf("%s: DecodeString(%q) = %x, %v; want %s", v.source, v.text, got, err, v.hex)
		}
	}
}

// libzmq's test decodes this text and encodes the result.
func TestLibzmqRoundTripVectorDecodes(t *testing.T) {
	const text = "r^/rM9M=rMToK)63O8dCvd9D<PY<7iGlC+{BiSnG"
	data, err := z85.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := z85.EncodeToString(data); got != text || err != nil {
		t.Errorf("EncodeToString = %q, %v; want %q", got, err, text)
	}
}

func TestEveryValueOfEveryPositionRoundTrips(t *testing.T) {
	for pos := range 8 {
		for b := range 256 {
			data := make([]byte, 8)
			data[pos] = byte(b)
			text, err := z85.EncodeToString(data)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := z85.DecodeString(text); !bytes.Equal(got, data) || err != nil {
				t.Fatalf("DecodeString(%q) = %x, %v; want %x", text, got, err, data)
			}
		}
	}
}

func TestEncodeRefusesLengthsThatAreNotMultiplesOf4(t *testing.T) {
	for n := range 65 {
		dst := bytes.Repeat([]byte{'x'}, z85.EncodedLen(n))
		written, err := z85.Encode(dst, make([]byte, n))
		if n%4 == 0 {
			if written != n/4*5 || err != nil {
				t.Errorf("%d bytes: %d, %v", n, written, err)
			}
			continue
		}
		if want := (z85.LengthError{Len: n, Multiple: 4}); written != 0 || err != want {
			t.Errorf("%d bytes: %d, %v; want 0, %v", n, written, err, want)
		}
		if bytes.Trim(dst, "x") != nil {
			t.Errorf("%d bytes: Encode has written %q", n, dst)
		}
	}
}

func TestDecodeRefusesLengthsThatAreNotMultiplesOf5(t *testing.T) {
	for n := range 65 {
		written, err := z85.Decode(make([]byte, z85.DecodedLen(n)), bytes.Repeat([]byte{'0'}, n))
		if n%5 == 0 {
			if written != n/5*4 || err != nil {
				t.Errorf("%d characters: %d, %v", n, written, err)
			}
			continue
		}
		if want := (z85.LengthError{Len: n, Multiple: 5}); written != 0 || err != want {
			t.Errorf("%d characters: %d, %v; want 0, %v", n, written, err, want)
		}
	}
}

// alphabet is copied from RFC 32, without its spaces.
var alphabet = strings.Join(strings.Fields(`
	0 1 2 3 4 5 6 7 8 9
	a b c d e f g h i j
	k l m n o p q r s t
	u v w x y z A B C D
	E F G H I J K L M N
	O P Q R S T U V W X
	Y Z . - : + = ^ ! /
	* ? & < > ( ) [ ] {
	} @ % $ #`), "")

func TestDecodeAcceptsExactlyTheAlphabet(t *testing.T) {
	if len(alphabet) != 85 {
		t.Fatalf("the alphabet of the test has %d characters", len(alphabet))
	}
	for c := range 256 {
		for pos := range 10 {
			// A character of the alphabet may make the group exceed 2^32-1,
			// which is another error.
			text := []byte("HelloWorld")
			text[pos] = byte(c)
			_, err := z85.Decode(make([]byte, 8), text)
			want := z85.CharError{Offset: pos, Char: byte(c)}
			if valid := strings.IndexByte(alphabet, byte(c)) >= 0; valid == (err == want) {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
}

// The value of a character is its position in the alphabet: as the last
// character of a group it is the last byte.
func TestCharacterHasItsPositionInTheAlphabetAsValue(t *testing.T) {
	for i := range len(alphabet) {
		text := "0000" + alphabet[i:i+1]
		if got, err := z85.DecodeString(text); !bytes.Equal(got, []byte{0, 0, 0, byte(i)}) || err != nil {
			t.Errorf("DecodeString(%q) = %x, %v", text, got, err)
		}
	}
}

func TestDecodeErrorsNameOffsetAndCause(t *testing.T) {
	for _, test := range []struct {
		text    string
		err     error
		message string
	}{
		{"0", z85.LengthError{Len: 1, Multiple: 5}, "z85: text of length 1, not a multiple of 5"},
		{"01234567", z85.LengthError{Len: 8, Multiple: 5}, "z85: text of length 8, not a multiple of 5"},
		{"Hello World\"\n\t\x00", z85.CharError{Offset: 5, Char: ' '}, `z85: invalid character " " at offset 5`},
		{"Hello\"orld", z85.CharError{Offset: 5, Char: '"'}, `z85: invalid character "\"" at offset 5`},
		{"####\u00e4#####", z85.LengthError{Len: 11, Multiple: 5}, "z85: text of length 11, not a multiple of 5"},
		{"0000\u00e4####", z85.CharError{Offset: 4, Char: 0xc3}, `z85: invalid character "\xc3" at offset 4`},
		{"####\x7f", z85.CharError{Offset: 4, Char: 0x7f}, `z85: invalid character "\x7f" at offset 4`},
		{"#####", z85.RangeError{Offset: 0}, "z85: the 5 characters at offset 0 encode a number above 2^32-1"},
		{"%nSc1", z85.RangeError{Offset: 0}, "z85: the 5 characters at offset 0 encode a number above 2^32-1"},
		{"Hello%nSc1W rld", z85.RangeError{Offset: 5}, "z85: the 5 characters at offset 5 encode a number above 2^32-1"},
	} {
		data, err := z85.DecodeString(test.text)
		if err != test.err || data != nil {
			t.Errorf("DecodeString(%q) = %x, %#v; want %#v", test.text, data, err, test.err)
			continue
		}
		if err.Error() != test.message {
			t.Errorf("DecodeString(%q): %s; want %s", test.text, err, test.message)
		}
	}
	if _, err := z85.EncodeToString(make([]byte, 31)); err == nil ||
		err.Error() != "z85: data of length 31, not a multiple of 4" {
		t.Errorf("31 bytes: %v", err)
	}
}

func TestDecodeReturnsNumberOfBytesBeforeAnError(t *testing.T) {
	for text, want := range map[string]int{"Hello|orld": 4, "Hello#####": 4, "|elloWorld": 0, "HelloWorld!!!!|": 8} {
		dst := make([]byte, z85.DecodedLen(len(text)))
		n, err := z85.Decode(dst, []byte(text))
		if n != want || err == nil {
			t.Errorf("%q: %d, %v; want %d and an error", text, n, err, want)
		}
		for _, b := range dst[n:] {
			if b != 0 {
				t.Errorf("%q: Decode has written %x", text, dst)
			}
		}
	}
}

func TestShortDestinationPanicsBeforeItIsWritten(t *testing.T) {
	calls := map[string]func(dst []byte) (int, error){
		"Encode": func(dst []byte) (int, error) { return z85.Encode(dst, []byte("12345678")) },
		"Decode": func(dst []byte) (int, error) { return z85.Decode(dst, []byte("HelloWorld")) },
	}
	for name, call := range calls {
		dst := make([]byte, 7, 20)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			call(dst)
		}()
		if !bytes.Equal(dst, make([]byte, 7)) {
			t.Errorf("%s has written %q", name, dst)
		}
	}
}

func TestAppendKeepsThePrefix(t *testing.T) {
	got, err := z85.AppendEncode([]byte("key="), []byte{0x86, 0x4f, 0xd2, 0x6f})
	if string(got) != "key=Hello" || err != nil {
		t.Errorf("AppendEncode = %q, %v", got, err)
	}
	got, err = z85.AppendDecode([]byte("key="), []byte("Hello"))
	if string(got) != "key=\x86\x4f\xd2\x6f" || err != nil {
		t.Errorf("AppendDecode = %q, %v", got, err)
	}
}

func TestAppendReturnsItsArgumentAfterAnError(t *testing.T) {
	got, err := z85.AppendEncode([]byte("key="), make([]byte, 5))
	if string(got) != "key=" || !errors.As(err, new(z85.LengthError)) {
		t.Errorf("AppendEncode = %q, %v", got, err)
	}
	for _, text := range []string{"Hell", "Hello|orld", "Hello#####"} {
		got, err := z85.AppendDecode([]byte("key="), []byte(text))
		if string(got) != "key=" || err == nil {
			t.Errorf("AppendDecode(%q) = %q, %v", text, got, err)
		}
	}
}

func TestNoAllocationIntoExistingMemory(t *testing.T) {
	key := bytes.Repeat([]byte{0xa5}, 32)
	text := []byte("JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6")
	buf := make([]byte, 0, 40)
	for name, f := range map[string]func() error{
		"AppendEncode": func() error { _, err := z85.AppendEncode(buf, key); return err },
		"AppendDecode": func() error { _, err := z85.AppendDecode(buf, text); return err },
		"Encode":       func() error { _, err := z85.Encode(buf[:40], key); return err },
		"Decode":       func() error { _, err := z85.Decode(buf[:32], text); return err },
	} {
		n := testing.AllocsPerRun(100, func() {
			if err := f(); err != nil {
				t.Error(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
