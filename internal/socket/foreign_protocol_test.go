package socket_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/zerobroker/zmq/internal/engine"
	"github.com/zerobroker/zmq/internal/msg"
	"github.com/zerobroker/zmq/internal/pattern"
	"github.com/zerobroker/zmq/internal/session"
	"github.com/zerobroker/zmq/internal/socket"
	st "github.com/zerobroker/zmq/internal/socket/sockettest"
	"github.com/zerobroker/zmq/internal/wire"
)

// foreign returns the first bytes that clients, port scanners and servers of
// other protocols send.
func foreign() map[string]string {
	m := map[string]string{
		"HTTP GET":           "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"HTTP HEAD":          "HEAD / HTTP/1.0\r\n\r\n",
		"HTTP POST":          "POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP PUT":           "PUT / HTTP/1.1\r\nHost: a\r\n\r\n",
		"HTTP OPTIONS":       "OPTIONS /api HTTP/1.1\r\nHost: localhost:5555\r\nOrigin: http://example.org\r\nAccess-Control-Request-Method: POST\r\nUser-Agent: Mozilla/5.0\r\n\r\n",
		"HTTP TRACE":         "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"HTTP CONNECT":       "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n",
		"HTTP DELETE":        "DELETE /x HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"HTTP PROPFIND":      "PROPFIND / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"HTTP/2 preface":     "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		"HTTP answer":        "HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\nContent-Length: 157\r\nConnection: close\r\n\r\n<html>\r\n<head>",
		"RTSP":               "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
		"SIP":                "OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm;branch=foo\r\nFrom: <sip:nm@nm>;tag=root\r\n\r\n",
		"SMTP EHLO":          "EHLO scanner\r\n",
		"SMTP HELP":          "HELP\r\n",
		"SMTP greeting":      "220 mail.example.org ESMTP Postfix (Debian/GNU)\r\n",
		"FTP greeting":       "220-Welcome to the FTP service of example.org.\r\n220 You will be disconnected.\r\n",
		"FTP USER":           "USER anonymous\r\n",
		"POP3 greeting":      "+OK POP3 ready\r\n",
		"IMAP greeting":      "* OK IMAP4rev1 ready\r\n",
		"SSH":                "SSH-2.0-OpenSSH_9.6\r\n",
		"memcached text":     "stats\r\n",
		"memcached version":  "version\r\n",
		"memcached get":      "get a\r\n",
		"memcached binary":   "\x80\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"memcached binary 0": "\x80\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00a",
		"Redis inline":       "PING\r\n",
		"Redis RESP":         "*1\r\n$4\r\nPING\r\n",
		"Redis error":        "-ERR Protocol error: unauthenticated multibulk length\r\n",
		"TLS 1.0 record":     "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("r", 32),
		"SSLv2":              "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10",
		"RDP":                "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00",
		"SMB 1":              "\x00\x00\x00\x45\xffSMB\x72\x00\x00\x00\x00\x08\x01\x40\x00\x00",
		"SMB 2":              "\x00\x00\x00\x66\xfeSMB\x40\x00\x00\x00\x00\x00",
		"NetBIOS session":    "\x81\x00\x00\x44 CKFDENECFDEFFCFGEFFCCACACACACACA\x00",
		"MySQL greeting":     "\x4a\x00\x00\x00\x0a8.0.36\x00\x08\x00\x00\x00aaaaaaaa\x00\xff\xff",
		"PostgreSQL":         "\x00\x00\x00\x29\x00\x03\x00\x00user\x00postgres\x00database\x00postgres\x00\x00",
		"PostgreSQL SSL":     "\x00\x00\x00\x08\x04\xd2\x16\x2f",
		"MongoDB":            "\x3a\x00\x00\x00\xa7\x41\x00\x00\x00\x00\x00\x00\xd4\x07\x00\x00\x00\x00\x00\x00admin.$cmd\x00",
		"MSSQL":              "\x12\x01\x00\x2f\x00\x00\x01\x00\x00\x00\x1a\x00\x06",
		"Oracle TNS":         "\x00\x5a\x00\x00\x01\x00\x00\x00\x01\x36\x01\x2c\x00\x00\x08\x00",
		"MQTT CONNECT":       "\x10\x1a\x00\x04MQTT\x04\x02\x00\x3c\x00\x0ecollector-0001",
		"AMQP 0-9-1":         "AMQP\x00\x00\x09\x01",
		"AMQP 1.0":           "AMQP\x03\x01\x00\x00",
		"Kafka ApiVersions":  "\x00\x00\x00\x1c\x00\x12\x00\x00\x00\x00\x00\x00\x00\x12console-producer",
		"Cassandra OPTIONS":  "\x04\x00\x00\x00\x05\x00\x00\x00\x00",
		"LDAP bind":          "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00",
		"SNMP":               "\x30\x26\x02\x01\x01\x04\x06public\xa0\x19",
		"DNS over TCP":       "\x00\x1e\x00\x06\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07version\x04bind\x00\x00\x10\x00\x03",
		"SOCKS 4":            "\x04\x01\x00\x50\x7f\x00\x00\x01root\x00",
		"SOCKS 5":            "\x05\x04\x00\x01\x02\x80\x05\x01\x00\x03",
		"Telnet":             "\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27",
		"X11":                "\x6c\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		"VNC":                "RFB 003.008\n",
		"Java RMI":           "JRMI\x00\x02\x4b",
		"BitTorrent":         "\x13BitTorrent protocol\x00\x00\x00\x00\x00\x00\x00\x00",
		"NATS":               "INFO {\"server_id\":\"x\"}\r\n",
		"STOMP":              "CONNECT\naccept-version:1.2\n\n\x00",
		"zeros":              strings.Repeat("\x00", 100),
		"ones":               strings.Repeat("\xff", 100),
		"new lines":          "\r\n\r\n",
		"spaces":             strings.Repeat(" ", 300),
		"nothing":            "",
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 20 {
		b := make([]byte, 1+rng.IntN(200))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		m[fmt.Sprint("random ", i)] = string(b)
	}
	return m
}

// foreignInOneWrite has input that is valid ZMTP 1.0 up to the end of an identity
// message, and invalid after it. It is refused if it arrives in one read.
var foreignInOneWrite = map[string]string{
	"DICOM association":         "\x01\x00\x00\x00\x00\xcd\x00\x01\x00\x00" + strings.Repeat("\x00", 200),
	"Modbus transaction 0x0100": "\x01\x00\x00\x00\x00\x06\x01\x03\x00\x00\x00\x01",
	"X11 with a cookie":         "\x6c\x00\x0b\x00\x00\x00\x12\x00\x10\x00\x00\x00MIT-MAGIC-COOKIE-1\x00\x00" + strings.Repeat("\x00", 200),
	"EtherNet/IP session":       "\x65\x00\x04\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 120),
	"EtherNet/IP identity":      "\x63\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 92),
}

// wantNoPeer checks that no foreign client or server became a peer and that no
// message was received from it.
func wantNoPeer(t *testing.T, what string, s *st.Socket) {
	t.Helper()
	if n := s.Stats().Peers; n != 0 {
		t.Errorf("%s: %d peers", what, n)
	}
	if ev := s.EventsOf(session.Ready, session.Disconnected); len(ev) != 0 {
		t.Errorf("%s: unexpected events: %+v", what, ev)
	}
	if st := s.Stats(); st.QueuedRecv != 0 {
		t.Errorf("%s: %d messages queued", what, st.QueuedRecv)
	}
	var m msg.Msg
	if !pattern.Types[s.Type()].Receives {
		return
	}
	if err := s.TryRecv(&m); err == nil {
		t.Errorf("%s: received %q", what, st.Frames(&m))
	}
}

// eachForeign calls f for every socket type that has a handshake, with every foreign
// input.
func eachForeign(t *testing.T, f func(t *testing.T, typ pattern.Type, name, bytes string)) {
	for typ, info := range pattern.Types {
		if info.Raw {
			continue
		}
		t.Run(info.Name, func(t *testing.T) {
			all := foreign()
			maps.Copy(all, foreignInOneWrite)
			for name, bytes := range all {
				f(t, typ, name, bytes)
			}
		})
	}
}

// TestForeignClientsFailHandshake: each foreign client connects to a bound
// socket of every type, and sends its bytes in one piece or one by one.
func TestForeignClientsFailHandshake(t *testing.T) {
	eachForeign(t, func(t *testing.T, typ pattern.Type, name, bytes string) {
		for _, chunk := range []int{0, 1} {
			if chunk == 1 && foreignInOneWrite[name] != "" {
				continue
			}
			st.Run(t, func(w *st.World) {
				s := w.Socket(typ)
				s.MustBind("mem://a")
				p := w.Dial("a")
				w.Net.Links()[0].Up().SetChunk(chunk)
				if bytes != "" {
					p.MustWrite([]byte(bytes))
				}
				w.Settle()
				wantNoPeer(t, name, s)
				p.SetReadDeadline(time.Now().Add(time.Minute))
				if d := p.WaitClosed(); d > 10*time.Second {
					t.Errorf("%s: closed after %v", name, d)
				}
				wantNoPeer(t, name, s)
				ends := s.EventsOf(session.HandshakeFailed)
				if len(ends) != 1 || ends[0].Reason == engine.CloseNone {
					t.Errorf("%s: failed handshakes %+v, want one with a reason", name, ends)
				}
			})
		}
	})
}

// TestForeignServersFailHandshake: sockets of every type connect to each
// foreign server. The event contains the bytes that the server sent.
func TestForeignServersFailHandshake(t *testing.T) {
	eachForeign(t, func(t *testing.T, typ pattern.Type, name, bytes string) {
		st.Run(t, func(w *st.World) {
			l := w.Listen("a")
			s := w.Socket(typ)
			s.MustConnect("mem://a")
			p := l.Accept()
			if bytes != "" {
				p.MustWrite([]byte(bytes))
			}
			p.SetReadDeadline(time.Now().Add(time.Minute))
			p.WaitClosed()
			wantNoPeer(t, name, s)
			ends := s.EventsOf(session.HandshakeFailed)
			if len(ends) != 1 || ends[0].Reason == engine.CloseNone {
				t.Fatalf("%s: failed handshakes %+v, want one with a reason", name, ends)
			}
			if strings.Contains(name, "greeting") || strings.HasPrefix(name, "HTTP") {
				want := fmt.Sprintf("peer does not speak ZMTP: it sent %q", bytes[:min(len(bytes), 32)])
				if !strings.Contains(ends[0].Err.Error(), want) {
					t.Errorf("%s: %v, want %s", name, ends[0].Err, want)
				}
			}
		})
	})
}

// TestMinVersionRefusesInputResemblingZMTP10: the first two bytes of a DICOM
// association are those of a ZMTP 1.0 peer without identity. If they arrive alone,
// only a socket that refuses ZMTP 1.0 can detect the difference.
func TestMinVersionRefusesInputResemblingZMTP10(t *testing.T) {
	for typ, info := range pattern.Types {
		if info.Raw {
			continue
		}
		for _, chunk := range []int{0, 1} {
			st.Run(t, func(w *st.World) {
				s := w.Socket(typ, func(o *socket.Options) { o.MinVersion = wire.V2 })
				s.MustBind("mem://a")
				p := w.Dial("a")
				w.Net.Links()[0].Up().SetChunk(chunk)
				p.MustWrite([]byte("\x01\x00\x00\x00\x00\xcd\x00\x01\x00\x00"))
				if d := p.WaitClosed(); d != 0 {
					t.Errorf("%s: closed after %v", info.Name, d)
				}
				wantNoPeer(t, info.Name, s)
				s.WantCloseReasons(map[engine.CloseReason]uint64{engine.CloseVersion: 1})
				if ends := s.EventsOf(session.HandshakeFailed); len(ends) != 1 || errors.Unwrap(ends[0].Err) == nil {
					t.Errorf("%s: failed handshakes %+v", info.Name, ends)
				}
			})
		}
	}
}
