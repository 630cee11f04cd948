package zcert

import (
	"reflect"
	"testing"
)

// FuzzParse parses any text, with the secret key and without it. A certificate
// that is accepted must be written in a form that parses to the same certificate.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"#   comment\n\nmetadata\n    name = \"front server\"\ncurve\n    public-key = \"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\"\n" +
			"    secret-key = \"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6\"\n",
		"curve\n    public-key = rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\nmetadata\n    a = it's \"both\"\n    b = '\"' # comment",
		"curve\r\n    public-key = '0000000000000000000000000000000000000000'\r\n",
		"curve\n    public-key = \"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\"\n    secret-key = \"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6\"\n",
		"metadata\n    a\n        b\ncurve\n", "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, perr := parsePublic(text)
		if perr == nil && (p.Public.IsZero() || !p.Key.IsZero()) {
			t.Fatalf("%q has the public certificate %v", text, p)
		}
		c, err := parse(text)
		if err != nil {
			return
		}
		if perr != nil || p.Public != c.Public || !reflect.DeepEqual(p.Metadata, c.Metadata) {
			t.Fatalf("%q has the certificate %v and the public certificate %v, %v", text, c, p, perr)
		}
		public, secret, err := c.encode()
		if err != nil {
			if len(text) > 60<<10 { // the comments of the written file may not fit
				return
			}
			t.Fatalf("%q is not written: %v", text, err)
		}
		if (secret != nil) != !c.Key.IsZero() {
			t.Fatalf("%q: secret file %q", text, secret)
		}
		if secret != nil {
			if again, err := parse(secret); err != nil || !reflect.DeepEqual(again, c) {
				t.Fatalf("%q is written as %q, which parses as %v, %v", text, secret, again, err)
			}
		}
		again, err := parse(public)
		if err != nil || !again.Key.IsZero() || again.Public != c.Public || !reflect.DeepEqual(again.Metadata, c.Metadata) {
			t.Fatalf("%q is written as %q, which parses as %v, %v", text, public, again, err)
		}
	})
}
