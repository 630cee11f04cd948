package sockettest

import (
	"crypto/sha256"
	"sync"

	"github.com/zerobroker/zmq/internal/mechanism"
)

// Security is a mechanism whose two sides have credentials for each other.
type Security struct {
	Name           string
	Client, Server func(metadata []byte) mechanism.Mechanism
}

// The credentials of Securities. Username and Password are those of PLAIN, the
// others the secret keys of CURVE.
const (
	Username = "alice"
	Password = "correct horse battery staple"
)

// ClientSecret and ServerSecret are the secret keys of CURVE.
var (
	ClientSecret = sha256.Sum256([]byte("client"))
	ServerSecret = sha256.Sum256([]byte("server"))
)

// curveKeys are prepared once, because that takes longer than most tests.
var curveKeys = sync.OnceValue(func() (k struct {
	client, server *mechanism.CurveKeys
	public         *mechanism.CurveServerKey
}) {
	k.client, k.server = newKeys(ClientSecret), newKeys(ServerSecret)
	public, err := mechanism.NewCurveServerKey(k.server.Public())
	if err != nil {
		panic(err)
	}
	k.public = public
	return k
})

func newKeys(secret [32]byte) *mechanism.CurveKeys {
	k, err := mechanism.NewCurveKeys(secret, [32]byte{})
	if err != nil {
		panic(err)
	}
	return k
}

// Securities returns NULL, PLAIN and CURVE. NULL has no roles; its server waits for
// the verdict of an authenticator, as the servers of the others do.
func Securities() []Security {
	return []Security{{
		Name:   "NULL",
		Client: func(md []byte) mechanism.Mechanism { return mechanism.NewNull(md) },
		Server: func(md []byte) mechanism.Mechanism { return mechanism.NewCheckedNull(md) },
	}, {
		Name:   "PLAIN",
		Client: func(md []byte) mechanism.Mechanism { return mechanism.NewPlainClient(Username, Password, md) },
		Server: func(md []byte) mechanism.Mechanism { return mechanism.NewPlainServer(md) },
	}, Curve(nil, nil)}
}

// Curve returns CURVE with sources of random bytes for the two sides; nil is
// crypto/rand.
func Curve(client, server func([]byte)) Security {
	return Security{
		Name: "CURVE",
		Client: func(md []byte) mechanism.Mechanism {
			return mechanism.NewCurveClient(curveKeys().client, curveKeys().public, md, client)
		},
		Server: func(md []byte) mechanism.Mechanism {
			return mechanism.NewCurveServer(curveKeys().server, md, server)
		},
	}
}
