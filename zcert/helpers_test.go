package zcert_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/zerobroker/zmq/curve"
	"github.com/zerobroker/zmq/zcert"
)

// The test keys of libzmq's zmq_curve(7): the client and the server.
const (
	clientPublic = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
	clientSecret = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
	serverPublic = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
	serverSecret = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"
)

func key(t testing.TB, secret string) curve.Key {
	t.Helper()
	k, err := curve.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func public(t testing.TB, s string) curve.PublicKey {
	t.Helper()
	k, err := curve.ParsePublicKey(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// metadata has the values that are difficult to write.
var metadata = []zcert.Property{
	{Name: "name", Value: "front server"},
	{Name: "empty", Value: ""},
	{Name: "b", Value: "# = ' "},
	{Name: "a", Value: ` say "hello" `},
	{Name: "$-_@.&+1/Z", Value: `it's "both"`},
	{Name: "tab", Value: "\tcaf\u00e9\t"},
	{Name: "public-key", Value: "0"},
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// files returns the names in a directory.
func files(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func write(t testing.TB, c zcert.Certificate) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "cert")
	if err := c.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// expect compares a certificate that was read.
func expect(t testing.TB, got zcert.Certificate, err error, want zcert.Certificate) {
	t.Helper()
	if err != nil {
		t.Error(err)
		return
	}
	if !got.Key.Equal(want.Key) || got.Public != want.Public || !reflect.DeepEqual(got.Metadata, want.Metadata) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
}
