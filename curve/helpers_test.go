package curve_test

import (
	"encoding/hex"
	"testing"

	"github.com/zerobroker/zmq/curve"
)

// keyPair is a published key pair as text.
type keyPair struct{ source, public, publicZ85, secret, secretZ85 string }

// pairs are the test keys of libzmq's zmq_curve(7), and those of RFC 7748, for
// which no Z85 text is published.
var pairs = []keyPair{
	{
		source:    "zmq_curve(7), client",
		public:    "bb88471d65e2659b30c55a5321cebb5aab2b70a398645c26dca2b2fcb43fc518",
		publicZ85: "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
		secret:    "7bb864b489afa3671fbe69101f94b38972f24816dfb01b51656b3fec8dfd0888",
		secretZ85: "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
	},
	{
		source:    "zmq_curve(7), server",
		public:    "54fcba24e93249969316fb617c872bb0c1d1ff14800427c594cbfacf1bc2d652",
		publicZ85: "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
		secret:    "8e0bdd697628b91d8f245587ee95c5b04d48963f79259877b49cd9063aead3b7",
		secretZ85: "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
	},
	{
		source: "RFC 7748, section 6.1, Alice",
		public: "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
		secret: "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
	},
	{
		source: "RFC 7748, section 6.1, Bob",
		public: "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
		secret: "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
	},
}

var server = pairs[1]

// fromHex returns the 32 bytes that 64 hexadecimal digits encode.
func fromHex(t testing.TB, s string) [32]byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return [32]byte(b)
}

func parseKey(t testing.TB, secret string) curve.Key {
	t.Helper()
	k, err := curve.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func parsePublic(t testing.TB, s string) curve.PublicKey {
	t.Helper()
	k, err := curve.ParsePublicKey(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
