package sockettest

import (
	"bytes"
	"crypto/sha256"
	"io"
	"sync"

	"github.com/zerobroker/zmq/internal/mechanism"
	"github.com/zerobroker/zmq/internal/wire"
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

// HandshakeWith completes a handshake with the mechanism m, as a socket of the
// given type that has the credentials of m.
func (p *Peer) HandshakeWith(m func(metadata []byte) mechanism.Mechanism, socketType string, properties ...string) {
	p.w.Helper()
	if err := p.TryHandshakeWith(m, socketType, properties...); err != nil {
		p.w.Fatalf("raw peer: %v", err)
	}
}

// TryHandshakeWith is like HandshakeWith but returns an error instead of failing
// the test.
func (p *Peer) TryHandshakeWith(m func(metadata []byte) mechanism.Mechanism, socketType string, properties ...string) error {
	md := wire.AppendProperty(nil, wire.PropSocketType, socketType)
	for i := 0; i < len(properties); i += 2 {
		md = wire.AppendProperty(md, properties[i], properties[i+1])
	}
	p.mech = m(md)
	if _, err := p.Write(GreetingOf(p.mech.Name(), p.mech.Server())); err != nil {
		return err
	}
	if _, err := io.ReadFull(p, make([]byte, 64)); err != nil {
		return err
	}
	for {
		if p.mech.Status() == mechanism.Waiting {
			if err := p.mech.Resume(mechanism.Verdict{Status: mechanism.StatusAccepted}); err != nil {
				return err
			}
		}
		for {
			body, ok := p.mech.Next(nil)
			if !ok {
				break
			}
			if _, err := p.Write(RawFrame(wire.FlagCommand, body)); err != nil {
				return err
			}
		}
		if p.mech.Status() == mechanism.Complete {
			return nil
		}
		if p.mech.Status() == mechanism.Waiting {
			continue
		}
		_, body, err := p.TryFrame()
		if err != nil {
			return err
		}
		if err := p.mech.Receive(body); err != nil {
			return err
		}
	}
}

// GreetingOf returns the greeting of a ZMTP 3.1 peer.
func GreetingOf(mechanism string, server bool) []byte {
	b := Greeting()
	copy(b[12:32], make([]byte, 20))
	copy(b[12:32], mechanism)
	if server {
		b[32] = 1
	}
	return b
}

// Seal returns frames as the mechanism of HandshakeWith sends them: each encrypted
// if the mechanism encrypts. Bytes after the last complete frame are not changed.
func (p *Peer) Seal(frames ...[]byte) (out []byte) {
	if p.mech == nil || !p.mech.Seals() {
		return bytes.Join(frames, nil)
	}
	for b := bytes.Join(frames, nil); len(b) > 0; {
		flags, size, h := wire.ConsumeFrameHeader(b)
		if h <= 0 || size > uint64(len(b)-h) {
			return append(out, b...)
		}
		body := b[h : h+int(size)]
		b = b[h+int(size):]
		sealed, err := p.mech.Seal(nil, flags&(wire.FlagMore|wire.FlagCommand), body)
		if err != nil {
			p.w.Fatalf("raw peer: %v", err)
		}
		out = append(out, RawFrame(0, sealed)...)
	}
	return out
}

// Open returns the flags and the body of a received frame, decrypted by the
// mechanism of HandshakeWith if that encrypts.
func (p *Peer) Open(flags byte, body []byte) (byte, []byte) {
	p.w.Helper()
	if p.mech == nil || !p.mech.Seals() {
		return flags, body
	}
	flags, body, err := p.mech.Open(body)
	if err != nil {
		p.w.Fatalf("raw peer: %v", err)
	}
	return flags, body
}

// ClientPublic returns the public key of ClientSecret.
func ClientPublic() [32]byte { return curveKeys().client.Public() }

// ServerPublic returns the public key of ServerSecret.
func ServerPublic() [32]byte { return curveKeys().server.Public() }
